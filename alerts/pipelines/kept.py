"""What is kept of a team's events, by column, and the runs of a pipeline over windows of it."""

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import thread_time

from alerts.costs import SECONDS
from alerts.joins.work import Work, ref_of
from alerts.pipelines.passing import MOST_BYTES, metadata_of
from alerts.pipelines.values import unpacked
from engine.joining import Candidate
from engine.pipelines.budget import Budget, BudgetExceeded
from engine.pipelines.compiled import CompiledQuery
from engine.pipelines.page import Page
from engine.pipelines.schema import METADATA, ResultColumn
from engine.pipelines.types import Column, Value
from events.resident import within

MOST_KEPT = 200_000
MOST_CELLS = 2_500_000
"""So many events and values one window may hold."""
PAGE = 5_000
COLLECT_EVERY = 50_000


def most_at_once(query: CompiledQuery) -> int:
    """How many events may be looked at together."""
    return min(MOST_KEPT, MOST_CELLS // max(len(query.fields), 1))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a run: its values and those of its group, and the numbers of the events that went into it."""

    values: tuple[Value, ...]
    key: tuple[Value, ...]
    events: tuple[int, ...]


class Kept:
    """The events of one team that a settling looks at, in order; a number is an event's place among them."""

    def __init__(self, query: CompiledQuery, candidates: Sequence[Candidate]) -> None:
        """Costs some microseconds an event and column.

        Raises: BudgetExceeded.
        """
        most = most_at_once(query)
        if len(candidates) > most:
            raise BudgetExceeded(f"there are {len(candidates):,} events together, more than {most:,}")
        self.query = query
        self._since_collected = 0
        self.candidates = candidates
        self.times = [one.at for one in candidates]
        columns = unpacked((one.value[0] for one in candidates), len(query.fields))
        self._columns: dict[str, Column] = dict(zip(query.fields, columns, strict=True))
        for name in METADATA.keys() & self._columns.keys() - {"_source"}:
            self._columns[name] = [metadata_of(ref_of(one)).get(name) for one in candidates]

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the events from `start` to `end`, both included."""
        return range(bisect_left(self.times, start), bisect_right(self.times, end))

    def run(self, numbers: Sequence[int], *, now: datetime) -> tuple[Sequence[ResultColumn], list[Row]]:
        """The rows that the pipeline makes of these events.

        Raises: BudgetExceeded.
        """
        self._collect(len(numbers))
        # Not of rows: one event with thousands of values would set the rule aside. How many are told is bounded.
        budget = Budget(SECONDS, MOST_CELLS, None, thread_time, within(MOST_BYTES))
        result = self.query.run(self._pages(numbers), now=now, budget=budget, lineage=True)
        keys: Iterable[tuple[Value, ...]] = result.keys or [()] * len(result.rows)
        rows = zip(result.rows, keys, result.origins, strict=True)
        return result.columns, [Row(values, key, tuple(sorted(origins))) for values, key, origins in rows if origins]

    def _collect(self, events: int) -> None:
        """Runs leave cycles, and nothing else collects while a rule is being settled (engine/collecting.py)."""
        self._since_collected += events
        if self._since_collected > COLLECT_EVERY:
            self._since_collected = 0
            gc.collect(0)

    def _pages(self, numbers: Sequence[int]) -> Iterator[Page]:
        for start in range(0, len(numbers), PAGE):
            some = numbers[start : start + PAGE]
            yield Page(len(some), {name: self._some(name, some) for name in self._columns}, None, list(some))

    def _some(self, name: str, numbers: Sequence[int]) -> Column:
        column = self._columns[name]
        if isinstance(numbers, range):
            return column[numbers.start : numbers.stop]
        return [column[number] for number in numbers]


def load(work: Work, query: CompiledQuery, team_id: int, new: Sequence[Candidate], around: Sequence[datetime]) -> Kept:
    """All that is kept of a team's events within a look-back of these times, the new ones among them.

    Raises: BudgetExceeded.
    """
    start, end = min(around) - work.window, max(around) + work.window
    fresh = {head.id for head in work.fresh}
    others = [head for head in work.heads(team_id=team_id, start=start, end=end) if head.id not in fresh]
    known = {one.ref: one for one in work.known(others, start=start, end=end, keys=None)}
    known |= {one.ref: one for one in new}
    return Kept(query, sorted(known.values(), key=lambda one: one.order))
