"""ENRICH: columns of a table beside those of the rows, each row once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.pipelines.budget import weight_of
from engine.pipelines.commands.rows import Settled
from engine.pipelines.computed import Computed, reads_of
from engine.pipelines.page import Page
from engine.pipelines.parts import parted
from engine.pipelines.steps import Run
from engine.pipelines.tables import Index, settled
from engine.pipelines.types import Column, One, Type, Value


@dataclass(frozen=True, slots=True)
class Enriching:
    """Every row with what the table's rows say that have its key, or one of its several values as key.

    columns: of the table, by the slots that they are put into. What several rows say comes as several values; where no
    row is found there is null.
    """

    key: Computed
    index: Index
    columns: Mapping[str, Column]
    kinds: Mapping[str, Type]
    row_wise: bool = True

    def settled(self, after: frozenset[str]) -> Settled:
        used = {slot: column for slot, column in self.columns.items() if slot in after}
        if not used:
            return None, after
        return replace(self, columns=used), (after - self.columns.keys()) | reads_of((self.key,))

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        for page, keyed in parted(pages, run, self._keyed):
            run.meter.check_time()
            yield from self._page(page, keyed[0]).parts()

    def _keyed(self, page: Page, run: Run) -> list[Column]:
        return [self.key.column(page, run)]

    def _page(self, page: Page, keys: Column) -> Page:
        found: dict[Value, Sequence[Value]] = {key: self._said(key) for key in set(keys)}
        columns: dict[str, Column] = {slot: [found[key][at] for key in keys] for at, slot in enumerate(self.columns)}
        weight = page.weight + sum(map(weight_of, columns.values()))
        return replace(page, columns={**page.columns, **columns}, weight=weight)

    def _said(self, key: Value) -> list[Value]:
        """What the table's rows of this key say, column by column."""
        several = key if isinstance(key, tuple) else () if key is None else (key,)
        rows = dict.fromkeys(row for one in several for row in self.index.get((one,)) or ())
        return [self._together([column[row] for row in rows], slot) for slot, column in self.columns.items()]

    def _together(self, values: Sequence[Value], slot: str) -> Value:
        flat: list[One] = []
        for value in values:
            flat += value if isinstance(value, tuple) else () if value is None else (value,)
        return settled(flat, self.kinds[slot])
