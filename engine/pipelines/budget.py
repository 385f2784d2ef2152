"""What a run of a pipeline may cost, and the stop when it would cost more.

Texts can grow a thousandfold, so a page of a thousand rows says little about what work on it costs. Therefore a page
that gets heavy goes on in parts (engine/pipelines/parts.py), and what is made of it is weighed as it is made.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NoReturn

from engine.errors import EngineError
from engine.pipelines.types import Column, Value


class BudgetExceeded(EngineError):  # noqa: N818 - says what happened
    """A run that was stopped because it cost too much; the message says which bound, in words safe to show."""


class PageTooHeavy(BudgetExceeded):
    """What an expression makes of a page is too large to be made at once; half of the rows may do."""


PART = 16 * 1024 * 1024
"""Bytes of texts and of several values beyond which a page goes on in parts."""
_MOST_OF_ROW = 128 * 1024 * 1024
_ONE_OF_SEVERAL = 64
_CELL = 100
_LOOK_EVERY = 0.02
_FIRST_ROWS = 128
_SLOW = 0.1
_SHORT = frozenset({str, type(None)})


def weight_of(column: Sequence[Value]) -> int:
    """About how many bytes the texts and the several values of a column take; numbers and dates weigh nothing.

    Costs some 40 ns a value. What several rows share is counted for each, as work on it is done for each.
    """
    kinds = set(map(type, column))
    if kinds <= _SHORT:
        texts: Iterable[Any] = filter(None, column)
        return sum(map(len, texts))
    return sum(map(_weight, column)) if str in kinds or tuple in kinds else 0


def _weight(value: Value) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, tuple):
        return _ONE_OF_SEVERAL * len(value) + sum(len(one) for one in value if isinstance(one, str))
    return 0


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of one run: seconds of time, values held at once, rows of the result. None is no bound.

    A held value costs some 100 bytes; a long text counts as one for each 100 bytes. `clock` is a stopwatch in seconds,
    never the time of day. `check` is called whenever the time is looked at, and may raise BudgetExceeded for bounds of
    the caller's own, such as memory.
    """

    seconds: float | None = None
    cells: int | None = None
    rows: int | None = None
    clock: Callable[[], float] = monotonic
    check: Callable[[], None] | None = None


class Meter:
    """A run's costs so far beside its budget. Every step that holds values says so, and takes back what it lets go."""

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget or Budget()
        self._started = self._budget.clock()
        self._held: dict[int, int] = {}
        self._looked = self._started
        self._since = self._started
        self._paces: dict[int, int] = {}
        self.made = 0

    def check_time(self) -> None:
        """Called for every page and now and then in between.

        Raises: BudgetExceeded.
        """
        limit, now = self._budget.seconds, self._budget.clock()
        self._looked = now
        if limit is not None and now - self._started > limit:
            raise BudgetExceeded(
                f"the query took longer than {limit:g} seconds; narrow it with WHERE or a shorter time"
            )

        if self._budget.check is not None:
            self._budget.check()

    def pace(self, work: object) -> int:
        """How many rows a work may be given at once, so that the bounds are looked at often enough.

        Few at first and more as it turns out to be quick. Raises: BudgetExceeded.
        """
        self._since = self._budget.clock()
        if self._since - self._looked > _LOOK_EVERY:
            self.check_time()
        return self._paces.get(id(work), _FIRST_ROWS)

    def worked(self, work: object, rows: int) -> None:
        """Called when a work is done with so many rows."""
        took = self._budget.clock() - self._since
        if took > _SLOW:
            self._paces[id(work)] = max(1, int(rows * _SLOW / took))
        elif took < _SLOW / 10 and rows >= self._paces.get(id(work), _FIRST_ROWS):
            self._paces[id(work)] = rows * 8

    def begin(self, size: int, weight: int) -> None:
        """Called before expressions are worked out for so many rows that weigh so much.

        Raises: BudgetExceeded for a single row that is too large.
        """
        self.made = 0
        if size == 1 and weight > _MOST_OF_ROW:
            self._refuse_row()

    def weigh(self, column: Column) -> None:
        """Called with what an expression gave for a page, whose rows are the column's.

        Raises: PageTooHeavy when fewer rows may do; BudgetExceeded.
        """
        self.made += weight_of(column)
        if self.made <= PART:
            return
        self.check_time()
        if len(column) > 1:
            raise PageTooHeavy("a page of the query's rows is too large")
        if self.made > _MOST_OF_ROW:
            self._refuse_row()

    def _refuse_row(self) -> NoReturn:
        raise BudgetExceeded(f"a row of the query would take more than {_MOST_OF_ROW >> 20} megabytes")

    def hold(self, holder: object, cells: int, weight: int = 0) -> None:
        """Say how many values a step holds now, and how many bytes their texts take (`weight_of`).

        Raises: BudgetExceeded.
        """
        self._held[id(holder)] = cells + weight // _CELL
        limit = self._budget.cells
        if limit is not None and sum(self._held.values()) > limit:
            raise BudgetExceeded(
                f"the query would hold more than {limit:,} values at once; narrow it with WHERE, KEEP or LIMIT"
            )

    def check_rows(self, rows: int) -> None:
        """Called as the result grows.

        Raises: BudgetExceeded.
        """
        limit = self._budget.rows
        if limit is not None and rows > limit:
            raise BudgetExceeded(f"the result has more than {limit:,} rows; add LIMIT or narrow it with WHERE")
