"""Fixtures of the API's tests."""

import pytest

from tests.api.world import Site, build


@pytest.fixture
def site(db: None) -> Site:
    """One of everything."""
    return build()
