"""SORT, which holds its rows; with a LIMIT behind it, only so many."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.pipelines.aggregates.rows import order_of
from engine.pipelines.budget import weight_of
from engine.pipelines.commands.rows import Settled
from engine.pipelines.commands.stats import in_pages
from engine.pipelines.computed import Computed, reads_of
from engine.pipelines.page import Page, joined
from engine.pipelines.parts import parted
from engine.pipelines.steps import Run
from engine.pipelines.types import Column, Value

_LEAST_HELD = 2_000


@dataclass(frozen=True, slots=True)
class Order:
    """One key of SORT. Of a field with several values the least counts, when descending the largest."""

    value: Computed
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Arrange:
    """SORT: rows in order; those that are equal stay as they were. `most`: what comes after so many rows is not used.

    `held` are the columns that later steps use.
    """

    orders: tuple[Order, ...]
    most: int | None = None
    held: frozenset[str] = frozenset()
    row_wise: bool = False

    def settled(self, after: frozenset[str]) -> Settled:
        return replace(self, held=after), after | reads_of(order.value for order in self.orders)

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        held: list[Page] = []
        size = 0
        for page, kept in parted(pages, run, self._kept):
            run.meter.check_time()
            held.append(kept)
            size += page.size
            if self.most is not None and size > max(2 * self.most, self.most + _LEAST_HELD):
                held = [self._sorted(held)]
                size = held[0].size
            run.meter.hold(self, size * (len(self.held) + len(self.orders)), sum(page.weight for page in held))
        if held:
            yield from in_pages(self._sorted(held))
        run.meter.hold(self, 0)

    def _kept(self, page: Page, run: Run) -> Page:
        """The columns that are used later, and what the rows are sorted by."""
        columns = {name: page.columns[name] for name in self.held}
        keys = {_key(number): order.value.column(page, run) for number, order in enumerate(self.orders)}
        columns |= keys
        return replace(page, columns=columns, weight=sum(map(weight_of, columns.values())))

    def _sorted(self, held: Sequence[Page]) -> Page:
        page = joined(held)
        rows = list(range(page.size))
        # From the last key to the first: sorting is stable.
        for number, order in reversed(list(enumerate(self.orders))):
            rows = _arranged(rows, page.columns[_key(number)], order)
        return page.take(rows if self.most is None else rows[: self.most])


def _key(number: int) -> str:
    return f"\0key {number}"


def _arranged(rows: Sequence[int], column: Column, order: Order) -> list[int]:
    nulls = [row for row in rows if column[row] is None]
    present = [row for row in rows if column[row] is not None] if nulls else list(rows)
    key = order_of(order.value.type)
    by: list[Any] = column if key is None else [_keyed(value, key) for value in column]
    if tuple in set(map(type, column)):
        choose = max if order.descending else min
        by = [choose(mark) if isinstance(value, tuple) else mark for value, mark in zip(column, by, strict=True)]
    present.sort(key=by.__getitem__, reverse=order.descending)
    return [*nulls, *present] if order.nulls_first else [*present, *nulls]


def _keyed(value: Value, key: Callable[[Any], Any]) -> Any:
    if isinstance(value, tuple):
        return list(map(key, value))
    return None if value is None else key(value)
