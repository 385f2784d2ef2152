"""Stretches of time that figures are about: all of them asked of the database at once, each by its own index range."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """(start, end]: what happened at `end` is in, as it is in the state of that instant."""

    start: datetime
    end: datetime


WINDOWS = "unnest(%(numbers)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w(number, start, until)"
"""The windows as a table, in a statement; its parameters are those of `values`."""


def windows_between(edges: Sequence[datetime]) -> list[Window]:
    """The stretches between the edges."""
    return [Window(start, end) for start, end in pairwise(edges)]


def values(windows: Sequence[Window]) -> dict[str, Any]:
    """The parameters for WINDOWS, which are numbered from 0."""
    return {
        "numbers": list(range(len(windows))),
        "starts": [window.start for window in windows],
        "ends": [window.end for window in windows],
    }
