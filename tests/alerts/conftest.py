"""Fixtures of the alert tests: the rule set and the known days belong to the process, so each test begins without."""

from collections.abc import Iterator

import pytest

from events.partitions import forget_days
from rules.ruleset import forget
from tests.alerts.world import People, people


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    forget_days()
    yield
    forget()
    forget_days()


@pytest.fixture
def cast(db: None) -> People:
    """The people of the tests."""
    return people()
