"""Fixtures of the overview's tests."""

from pathlib import Path

import pytest

from tests.overview.world import Soc


@pytest.fixture
def soc(db: None, tmp_path: Path) -> Soc:
    """A SOC without an alert yet."""
    return Soc(tmp_path)
