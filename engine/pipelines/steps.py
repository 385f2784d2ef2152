"""What a compiled pipeline is made of."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.pipelines.budget import Meter
from engine.pipelines.page import Page


@dataclass(slots=True)
class Run:
    """What the steps of one run share: the time that `now()` means, the costs so far, what was made null and why."""

    now: datetime
    meter: Meter = field(default_factory=lambda: Meter(None))
    lineage: bool = False
    warnings: Counter[str] = field(default_factory=Counter)


class Step(Protocol):
    """One part of a compiled pipeline: rows in, rows out. Columns are told apart by slots, which name them uniquely
    however the query renames and hides them."""

    @property
    def row_wise(self) -> bool:
        """Whether what becomes of a row depends on no other row."""

    def settled(self, after: frozenset[str]) -> "tuple[Step | None, frozenset[str]]":
        """The step when only these columns are used after it (None: it can be left out), and those used before it."""

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        """The rows as they leave the step."""
