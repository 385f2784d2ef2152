"""Fixtures of the case tests: the people, and a rule with a guide whose alerts they work on."""

import pytest

from tests.cases_app import world
from tests.people import people

__all__ = ["people", "rule"]


@pytest.fixture
def rule(db: None, tmp_path):
    """The rule that the tests' events set off."""
    world.load(tmp_path)
    return tmp_path
