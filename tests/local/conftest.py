"""Homes of their own for tests that start, kill and break servers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder for the data, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wbh-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
