"""Fixtures of the API's tests."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.api.world import Site, build
from tests.kept import laid_once


@pytest.fixture(scope="module")
def _laid(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], Site]]:
    with laid_once(build, django_db_blocker) as copy:
        yield copy


@pytest.fixture
def site(_laid: Callable[[], Site], db: None) -> Site:
    """One of everything."""
    return _laid()
