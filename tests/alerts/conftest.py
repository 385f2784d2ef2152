"""Fixtures of the alert tests."""

import pytest

from tests.alerts.world import People, people


@pytest.fixture
def cast(db: None) -> People:
    """The people of the tests."""
    return people()
