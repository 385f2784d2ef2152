"""What a run of a pipeline may cost, and the stop when it would cost more."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from engine.errors import EngineError
from engine.pipelines.types import Column


class BudgetExceeded(EngineError):  # noqa: N818 - says what happened
    """A run that was stopped because it cost too much; the message says which bound, in words safe to show."""


_HEAVY = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds of one run: seconds of time, values held at once, rows of the result. None is no bound.

    A held value costs some 100 bytes. `clock` is a stopwatch in seconds, never the time of day. `check` is called
    whenever the time is looked at, and may raise BudgetExceeded for bounds of the caller's own, such as memory.
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

    def check_time(self) -> None:
        """Called for every page and now and then in between.

        Raises: BudgetExceeded.
        """
        limit = self._budget.seconds
        if limit is not None and self._budget.clock() - self._started > limit:
            raise BudgetExceeded(
                f"the query took longer than {limit:g} seconds; narrow it with WHERE or a shorter time"
            )

        if self._budget.check is not None:
            self._budget.check()

    def weigh(self, column: Column) -> None:
        """Called with what an expression gave for a page. Texts can grow a thousandfold, so a heavy column is a moment
        to look at the bounds, even in the middle of a page.

        Raises: BudgetExceeded.
        """
        if sum(len(value) for value in column if value.__class__ is str or value.__class__ is tuple) > _HEAVY:
            self.check_time()

    def hold(self, holder: object, cells: int) -> None:
        """Say how many values a step holds now.

        Raises: BudgetExceeded.
        """
        self._held[id(holder)] = cells
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
