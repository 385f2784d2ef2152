"""A query compiled to steps, and how it runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from engine.document import Document
from engine.interpret import matches
from engine.languages.esql.nodes import Query
from engine.pipelines.budget import Budget, BudgetExceeded, Meter, weight_of
from engine.pipelines.page import Page
from engine.pipelines.reading import column_type, reader
from engine.pipelines.result import Result
from engine.pipelines.schema import Rest, ResultColumn
from engine.pipelines.steps import Run, Step
from engine.pipelines.types import Column, Value
from engine.tree import Tree


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the result and the slot that its values are in."""

    slot: str
    column: ResultColumn


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A pipeline ready to run, as often as wanted.

    fields: the columns that it needs of its source, sorted; those that begin with HIDDEN are what it asks of the
        event itself (`hidden` has the questions). whole: it shows fields of events that it does not name, so that its
        pages must have the documents.
    columns: those of the result, in order, with their types; `rests` what else of an event is shown.
    aggregating: its rows are groups, told apart by the columns `by` of its last STATS; else rows of the source.
    at_once: every command looks at one row at a time.
    """

    query: Query
    fields: tuple[str, ...]
    whole: bool
    shown: tuple[Shown | Rest, ...]
    aggregating: bool
    at_once: bool
    by: tuple[str, ...]
    key_slots: tuple[str, ...]
    hidden: Mapping[str, Tree]
    steps: tuple[Step, ...]

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        return tuple(shown.column for shown in self.shown if isinstance(shown, Shown))

    @property
    def rests(self) -> tuple[Rest, ...]:
        return tuple(shown for shown in self.shown if isinstance(shown, Rest))

    def run(
        self, pages: Iterable[Page], *, now: datetime, budget: Budget | None = None, lineage: bool = False
    ) -> Result:
        """The rows that the pipeline makes of these pages (`pages_of`); `now` is what `now()` means.

        Rows are read as they are needed: LIMIT stops the reading. Only SORT, STATS and INLINE STATS hold anything.
        Raises: BudgetExceeded, also when there is no more memory to be had.
        """
        # Said outside of the handler: an error that leads to the other one would keep all that was held.
        with suppress(MemoryError):
            return self._run(pages, Run(now, Meter(budget), lineage))
        raise BudgetExceeded("the query needs more memory than there is; narrow it with WHERE, KEEP or LIMIT")

    def _run(self, pages: Iterable[Page], run: Run) -> Result:
        stream = self._source(pages, run)
        for step in self.steps:
            stream = step.flow(stream, run)
        return _gathered(self, stream, run)

    def _source(self, pages: Iterable[Page], run: Run) -> Iterator[Page]:
        """Pages with the columns that are needed and nothing more."""
        number = 0
        for page in pages:
            run.meter.check_time()
            columns = {name: self._column(name, page) for name in self.fields}
            origins = page.origins
            if run.lineage and origins is None:
                origins = list(range(number, number + page.size))
            number += page.size
            documents = page.documents if self.whole else None
            yield from Page(page.size, columns, documents, origins if run.lineage else None, page.weight).parts()

    def _column(self, name: str, page: Page) -> Column:
        if name in page.columns:
            return page.columns[name]
        if page.documents is None:
            return [None] * page.size
        if name in self.hidden:
            return [matches(self.hidden[name], document) for document in page.documents]
        return list(map(reader(name), page.documents))


def _gathered(compiled: CompiledQuery, stream: Iterator[Page], run: Run) -> Result:
    result = Result(compiled.columns, warnings=run.warnings)
    slots = [shown.slot for shown in compiled.shown if isinstance(shown, Shown)]
    beside: list[dict[str, Value]] = []
    weight = 0
    for page in stream:
        run.meter.check_time()
        columns = [page.columns[slot] for slot in slots]
        result.rows.extend(zip(*columns, strict=True) if columns else [()] * page.size)
        run.meter.check_rows(len(result.rows))
        if compiled.aggregating:
            keys = [page.columns[slot] for slot in compiled.key_slots]
            result.keys.extend(zip(*keys, strict=True) if keys else [()] * page.size)
        weight += sum(map(weight_of, columns))
        if compiled.whole:
            more = list(_beside(page, compiled.rests))
            weight += sum(weight_of(list(row.values())) for row in more)
            beside += more
        if run.lineage:
            result.origins.extend((origin,) if isinstance(origin, int) else origin for origin in page.origins or ())
        cells = len(result.rows) * (len(columns) + len(compiled.key_slots)) + sum(map(len, beside))
        run.meter.hold(result, cells, weight)
    return _widened(result, compiled.shown, beside) if compiled.whole else result


def _beside(page: Page, rests: Sequence[Rest]) -> Iterator[dict[str, Value]]:
    """For each row the fields of its event that the query shows without naming them; none where there is no event."""
    if page.documents is None:
        yield from ({} for _ in range(page.size))
        return
    readers: dict[str, Callable[[Document], Value] | None] = {}
    for document in page.documents:
        for name in document.field_names():
            if name not in readers:
                readers[name] = reader(name) if any(rest.has(name) for rest in rests) else None
        yield {name: read(document) for name in document.field_names() if (read := readers[name])}


def _widened(result: Result, shown: Sequence[Shown | Rest], beside: Sequence[Mapping[str, Value]]) -> Result:
    """The result with the fields that its rows' events have beside those named, sorted in their place."""
    names = sorted({name for row in beside for name in row})
    places: list[int | str] = []
    columns: list[ResultColumn] = []
    number = 0
    for each in shown:
        if isinstance(each, Rest):
            found = [name for name in names if each.has(name)]
            places += found
            columns += [ResultColumn(name, column_type(name)) for name in found]
        else:
            places.append(number)
            columns.append(each.column)
            number += 1
    rows = [
        tuple(row[place] if isinstance(place, int) else rest.get(place) for place in places)
        for row, rest in zip(result.rows, beside, strict=True)
    ]
    return replace(result, columns=tuple(columns), rows=rows)
