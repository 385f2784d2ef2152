"""LOOKUP JOIN: columns of a table beside those of the rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.pipelines.budget import weight_of
from engine.pipelines.commands.rows import LARGEST_PAGE, Settled
from engine.pipelines.computed import Computed, reads_of
from engine.pipelines.page import Page
from engine.pipelines.parts import parted
from engine.pipelines.steps import Run
from engine.pipelines.tables import Index
from engine.pipelines.types import Column, Value


def index_of(columns: Sequence[Column]) -> Mapping[tuple[Value, ...], Sequence[int]]:
    """The rows of a table by their keys. A row is found by each of several values, and never by null."""
    rows: dict[tuple[Value, ...], list[int]] = defaultdict(list)
    for row, values in enumerate(zip(*columns, strict=True)):
        for key in _combinations(values):
            rows[key].append(row)
    return dict(rows)


def _combinations(values: Sequence[Value]) -> list[tuple[Value, ...]]:
    keys: list[tuple[Value, ...]] = [()]
    for value in values:
        several: Sequence[Value] = value if isinstance(value, tuple) else () if value is None else (value,)
        keys = [(*key, one) for key in keys for one in several]
    return keys


@dataclass(frozen=True, slots=True)
class Lookup:
    """Every row with each of the table's rows that has its keys; one that finds none has nulls there.

    columns: of the table, by the slots that they are put into. A row with null or several values in a key finds none.
    """

    keys: tuple[Computed, ...]
    index: Index
    columns: Mapping[str, Column]
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        used = {slot: column for slot, column in self.columns.items() if slot in after}
        return replace(self, columns=used), (after - self.columns.keys()) | reads_of(self.keys)

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, keyed in parted(pages, run, self._keyed):
            for joined in self._joined(page, keyed, run):
                yield from joined.parts()

    def _keyed(self, page: Page, run: Run) -> list[Column]:
        return [key.column(page, run) for key in self.keys]

    def _joined(self, page: Page, keyed: Sequence[Column], run: Run) -> Iterator[Page]:
        rows: list[int] = []
        found: list[int | None] = []
        for row, key in enumerate(zip(*keyed, strict=True)):
            matching = self._matching(key, run)
            rows.extend([row] * len(matching))
            found.extend(matching)
            if len(rows) >= LARGEST_PAGE:
                run.meter.check_time()
                yield self._page(page, rows, found)
                rows, found = [], []
        if rows:
            yield self._page(page, rows, found)

    def _matching(self, key: tuple[Value, ...], run: Run) -> Sequence[int | None]:
        if any(isinstance(value, tuple) for value in key):
            run.warnings["LOOKUP JOIN: nothing is found for a field with several values"] += 1
            return (None,)
        return self.index.get(key) or (None,)

    def _page(self, page: Page, rows: Sequence[int], found: Sequence[int | None]) -> Page:
        taken = page.take(rows)
        columns = {
            slot: [None if row is None else column[row] for row in found] for slot, column in self.columns.items()
        }
        weight = taken.weight + sum(map(weight_of, columns.values()))
        return replace(taken, columns={**taken.columns, **columns}, weight=weight)
