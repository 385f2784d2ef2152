"""Fixtures of the overview's tests."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from tests.kept import laid_once
from tests.overview.world import Soc


@pytest.fixture(scope="module")
def _laid(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Soc]]:
    with laid_once(lambda: Soc(tmp_path_factory.mktemp("rules")), django_db_blocker) as copy:
        yield copy


@pytest.fixture
def soc(_laid: Callable[[], Soc], db: None) -> Soc:
    """A SOC without an alert yet."""
    return _laid()


@pytest.fixture
def now() -> datetime:
    """The real one, since pages look at the clock."""
    return timezone.now()
