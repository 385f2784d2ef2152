"""STATS and INLINE STATS: what is gathered of the rows of each group."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

from engine.pipelines.aggregates import Accumulator
from engine.pipelines.budget import weight_of
from engine.pipelines.commands.grouping import Groups, one_of_each
from engine.pipelines.commands.rows import Settled
from engine.pipelines.computed import Computed, reads_of
from engine.pipelines.page import PAGE_SIZE, Origin, Page
from engine.pipelines.parts import parted
from engine.pipelines.steps import Run
from engine.pipelines.types import Column


@dataclass(frozen=True, slots=True)
class Gathered:
    """One aggregate: the slot of its answer, the columns that it takes, and of which rows (WHERE)."""

    slot: str
    start: Callable[[], Accumulator]
    columns: tuple[Computed, ...]
    where: Computed | None = None

    @property
    def reads(self) -> frozenset[str]:
        return reads_of(self.columns) | (self.where.reads if self.where else frozenset())


@dataclass(frozen=True, slots=True)
class Key:
    """One expression of BY, and the slot of its value."""

    slot: str
    value: Computed


Taken = tuple[list[Column], list[bool] | None]
"""The columns that an aggregate takes, and which of their rows."""


class Worked(NamedTuple):
    """What was worked out of a page: the keys, and for each aggregate what it takes."""

    keys: list[Column]
    arguments: list[Taken]


class Gathering:
    """The groups and their aggregates while rows come in."""

    def __init__(self, keys: Sequence[Key], aggregates: Sequence[Gathered], run: Run) -> None:
        self._keys = keys
        self._aggregates = aggregates
        self._accumulators = [aggregate.start() for aggregate in aggregates]
        self.groups = Groups(len(keys))
        self._origins: list[list[int]] = []
        self._traced = 0
        self._cells_of = [0] * len(aggregates)
        self._weight = 0
        self._run = run

    def worked(self, page: Page, run: Run) -> Worked:
        """The columns that the groups and their aggregates take of a page."""
        keyed = [key.value.column(page, run) for key in self._keys]
        return Worked(keyed, [self._taken(aggregate, page, run) for aggregate in self._aggregates])

    def _taken(self, aggregate: Gathered, page: Page, run: Run) -> Taken:
        chosen = [value is True for value in aggregate.where.column(page, run)] if aggregate.where else None
        return [part.column(page, run) for part in aggregate.columns], chosen

    def add(self, page: Page, worked: Worked) -> tuple[Sequence[int] | None, Sequence[int]]:
        """Take in the rows of a page, of which the columns are worked out; answers as `Groups.of`.

        Raises: BudgetExceeded.
        """
        known = len(self.groups)
        rows, groups = self.groups.of(worked.keys, page.size, self._check)
        if len(self.groups) > known:
            self._weight += _weight_of_some(worked.keys, len(self.groups) - known)
        for number, (columns, chosen) in enumerate(worked.arguments):
            _gather(self._accumulators[number], columns, chosen, rows, groups)
            cells = self._accumulators[number].cells
            if cells > self._cells_of[number]:
                self._weight += _weight_of_some(columns, cells - self._cells_of[number])
            self._cells_of[number] = cells
        if self._run.lineage:
            self._trace(page, rows, groups)
        self._run.meter.hold(self, self._cells(), self._weight)
        return rows, groups

    def _check(self, rows: int) -> None:
        self._run.meter.check_time()
        self._run.meter.hold(self, self._cells() + rows, self._weight)

    def _trace(self, page: Page, rows: Sequence[int] | None, groups: Sequence[int]) -> None:
        self._origins.extend([] for _ in range(len(self.groups) - len(self._origins)))
        origins = page.origins or []
        for row, group in zip(range(page.size) if rows is None else rows, groups, strict=True):
            origin = origins[row]
            numbers = (origin,) if isinstance(origin, int) else origin
            self._origins[group].extend(numbers)
            self._traced += len(numbers)

    def _cells(self) -> int:
        return sum(self._cells_of) + self._traced + len(self.groups) * max(len(self._keys), 1)

    def answers(self) -> dict[str, Column]:
        """The answer of every aggregate for each group."""
        count = len(self.groups)
        found = {
            aggregate.slot: accumulator.result(count)
            for aggregate, accumulator in zip(self._aggregates, self._accumulators, strict=True)
        }
        if too_large := sum(getattr(accumulator, "too_large", 0) for accumulator in self._accumulators):
            self._run.warnings["STATS: null for a sum that is too large"] += too_large
        if unread := sum(getattr(accumulator, "unread", 0) for accumulator in self._accumulators):
            self._run.warnings["STATS: left out, because it is no number"] += unread
        return found

    def keys(self) -> dict[str, Column]:
        """The keys of each group."""
        return {key.slot: column for key, column in zip(self._keys, self.groups.columns(), strict=True)}

    def origins(self) -> list[Origin] | None:
        """The source's rows behind each group."""
        if not self._run.lineage:
            return None
        self._origins.extend([] for _ in range(len(self.groups) - len(self._origins)))
        return [tuple(sorted(set(numbers))) for numbers in self._origins]


def _gather(
    accumulator: Accumulator,
    columns: Sequence[Column],
    chosen: Sequence[bool] | None,
    rows: Sequence[int] | None,
    groups: Sequence[int],
) -> None:
    if rows is not None:
        columns = [[column[row] for row in rows] for column in columns]
    if chosen is not None:
        chosen = chosen if rows is None else [chosen[row] for row in rows]
        groups = list(compress(groups, chosen))
        columns = [list(compress(column, chosen)) for column in columns]
    accumulator.add(groups, columns)


def _weight_of_some(columns: Sequence[Column], number: int) -> int:
    """About how many bytes so many values newly held of these columns take."""
    return sum(weight_of(column) * min(number, len(column)) // max(len(column), 1) for column in columns)


@dataclass(frozen=True, slots=True)
class Group:
    """STATS: a row for each group; without BY one row, also of nothing."""

    keys: tuple[Key, ...]
    aggregates: tuple[Gathered, ...]
    row_wise: bool = False

    def settled(self, after: frozenset[str]) -> Settled:
        used = tuple(aggregate for aggregate in self.aggregates if aggregate.slot in after)
        return replace(self, aggregates=used), _reads(self.keys, used)

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        gathering = Gathering(self.keys, self.aggregates, run)
        for page, worked in parted(pages, run, gathering.worked):
            run.meter.check_time()
            gathering.add(page, worked)
        count = len(gathering.groups)
        whole = Page(count, {**gathering.answers(), **gathering.keys()}, None, gathering.origins())
        yield from in_pages(whole)


@dataclass(frozen=True, slots=True)
class Annotate:
    """INLINE STATS: every row stays and is told what its group has. `held` are the columns that later steps use.

    A row with several values in a key counts for each of those groups, but is told of none: its answers are null.
    """

    keys: tuple[Key, ...]
    aggregates: tuple[Gathered, ...]
    held: frozenset[str] = frozenset()
    row_wise: bool = False

    def settled(self, after: frozenset[str]) -> Settled:
        used = tuple(aggregate for aggregate in self.aggregates if aggregate.slot in after)
        made = {key.slot for key in self.keys} | {aggregate.slot for aggregate in self.aggregates}
        held = after - made
        step = replace(self, aggregates=used, held=held)
        return step, held | _reads(self.keys, used)

    def flow(self, pages: Iterator[Page], run: Run) -> Iterator[Page]:
        gathering = Gathering(self.keys, self.aggregates, run)
        held: list[tuple[Page, Sequence[int | None]]] = []
        cells = weight = 0
        for page, worked in parted(pages, run, gathering.worked):
            run.meter.check_time()
            rows, groups = gathering.add(page, worked)
            columns = {name: page.columns[name] for name in self.held}
            columns.update(zip((key.slot for key in self.keys), worked.keys, strict=True))
            weight += sum(map(weight_of, columns.values()))
            held.append((replace(page, columns=columns), one_of_each(rows, groups, page.size)))
            cells += page.size * (len(columns) + 1)
            run.meter.hold(self, cells, weight)
        answers = gathering.answers()
        for page, numbers in held:
            columns = {slot: _of_rows(answer, numbers) for slot, answer in answers.items()}
            if None in numbers:
                run.warnings["INLINE STATS: null for a key with several values"] += numbers.count(None)
            run.meter.check_time()
            yield from replace(page, columns={**page.columns, **columns}).parts()
        run.meter.hold(self, 0)


def _of_rows(answer: Column, groups: Sequence[int | None]) -> Column:
    return [None if group is None else answer[group] for group in groups]


def _reads(keys: Sequence[Key], aggregates: Sequence[Gathered]) -> frozenset[str]:
    reads = reads_of(key.value for key in keys)
    return reads.union(*(aggregate.reads for aggregate in aggregates))


def in_pages(page: Page) -> Iterator[Page]:
    """One long page as several of the usual size, so that what follows works on little at a time."""
    for start in range(0, page.size, PAGE_SIZE):
        part = page.part(start, start + PAGE_SIZE)
        part.weight = sum(map(weight_of, part.columns.values()))
        yield from part.parts()
