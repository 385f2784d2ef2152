"""What is kept of a team's events, by column, and the runs of a pipeline over windows of it."""

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.costs import MOST_CELLS, Allowance, budget
from alerts.joins.work import Work, ref_of
from alerts.pipelines.passing import key_of, metadata_of
from alerts.pipelines.values import Columns
from engine.joining import Candidate
from engine.pipelines.budget import BudgetExceeded
from engine.pipelines.compiled import CompiledQuery
from engine.pipelines.page import Page
from engine.pipelines.result import Result
from engine.pipelines.schema import METADATA, ResultColumn
from engine.pipelines.types import Column, Value
from engine.portions import portions
from events.store import EventRef
from rules.candidates import Head

MOST_KEPT = 200_000
MOST_WEIGHT = 128 * 1024 * 1024
"""So many events are looked at together, and so many bytes of different texts and of several values in them."""
REPEATED = 4
"""So much less is held than is stored, at a guess: many events say the same."""
PAGE = 5_000
TOGETHER = 256
COLLECT_EVERY = 50_000


class TooMuch(BudgetExceeded):
    """More lies around some events than may be looked at together; fewer of them may do."""


class KeptOtherwise(Exception):  # noqa: N818 - it names a finding
    """Other columns were kept of events than the query asks for today: by another version of this program."""


def most_at_once(query: CompiledQuery) -> int:
    """How many events may be looked at together."""
    return min(MOST_KEPT, MOST_CELLS // max(len(query.fields), 1))


class Row(NamedTuple):
    """A row of a run: its values and those of its group, and the numbers of the events that went into it."""

    values: tuple[Value, ...]
    key: tuple[Value, ...]
    events: tuple[int, ...]


class Kept:
    """The events of one team that a settling looks at, in order; a number is an event's place among them.

    All within the window before and after the times that it was loaded for: up to `until`.
    """

    def __init__(
        self, query: CompiledQuery, some: Iterable[Candidate], *, until: datetime, allowance: Allowance
    ) -> None:
        """Costs some microseconds an event and column. Of an event that comes twice the first counts.

        Raises: TooMuch.
        """
        self.query = query
        self.until = until
        self._allowance = allowance
        self._since_collected = 0
        self._columns = Columns(query.fields)
        found = self._read(some)
        order = sorted(range(len(found)), key=lambda place: found[place].order)
        self._columns.put(order)
        self.candidates = [found[place] for place in order]
        self.times = [one.at for one in self.candidates]
        for name in METADATA.keys() & self._columns.by_name.keys() - {"_source"}:
            self._columns.by_name[name] = [metadata_of(ref_of(one)).get(name) for one in self.candidates]

    def _read(self, some: Iterable[Candidate]) -> list[Candidate]:
        """The events once each, without the texts that are columns now: a few at a time, since texts can be long."""
        most, found = most_at_once(self.query), dict[object, Candidate]()
        for part in portions(some, TOGETHER):
            fresh = {one.ref: one for one in reversed(part) if one.ref not in found}
            self._columns.add(one.value[0] for one in fresh.values())
            found.update((ref, one._replace(value=())) for ref, one in fresh.items())
            if len(found) > most:
                raise TooMuch(f"more than {most:,} events lie within its look-back")
            if self._columns.weight > MOST_WEIGHT:
                size = f"{MOST_WEIGHT >> 20:,} megabytes"
                raise TooMuch(f"what it asks of the events within its look-back takes over {size}")
        return list(found.values())

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the events from `start` to `end`, both included."""
        return range(bisect_left(self.times, start), bisect_right(self.times, end))

    def ref(self, number: int) -> EventRef:
        """The event of a number."""
        return ref_of(self.candidates[number])

    def run(self, numbers: Sequence[int], *, now: datetime) -> tuple[Sequence[ResultColumn], list[Row]]:
        """The rows that the pipeline makes of these events.

        Raises: BudgetExceeded, TooCostly.
        """
        self._collect(len(numbers))
        result = self._result(numbers, now)
        keys: Iterable[tuple[Value, ...]] = result.keys or [()] * len(result.rows)
        rows = zip(result.rows, keys, result.origins, strict=True)
        return result.columns, [Row(values, key, tuple(sorted(origins))) for values, key, origins in rows if origins]

    def _result(self, numbers: Sequence[int], now: datetime) -> Result:
        # Not of rows: one event with thousands of values would set the rule aside. How many are told is bounded.
        allowed = budget(seconds=max(self._allowance.left, 0))
        try:
            return self.query.run(self._pages(numbers), now=now, budget=allowed, lineage=True)
        except BudgetExceeded:
            self._allowance.check()
            raise

    def _collect(self, events: int) -> None:
        """Runs leave cycles, and nothing else collects while a rule is being settled (engine/collecting.py)."""
        self._since_collected += events
        if self._since_collected > COLLECT_EVERY:
            self._since_collected = 0
            gc.collect(0)

    def _pages(self, numbers: Sequence[int]) -> Iterator[Page]:
        for start in range(0, len(numbers), PAGE):
            some = numbers[start : start + PAGE]
            columns = {name: _some(column, some) for name, column in self._columns.by_name.items()}
            yield Page(len(some), columns, None, list(some))


def _some(column: Column, numbers: Sequence[int]) -> Column:
    if isinstance(numbers, range):
        return column[numbers.start : numbers.stop]
    return [column[number] for number in numbers]


def readable(some: Iterable[Candidate], query: CompiledQuery) -> Iterator[Candidate]:
    """The candidates, as long as they hold the columns that the query asks for. Raises: KeptOtherwise."""
    key = key_of(query)
    for one in some:
        if one.key != key:
            raise KeptOtherwise
        yield one


def load(work: Work, query: CompiledQuery, team_id: int, new: Sequence[Candidate], around: Sequence[datetime]) -> Kept:
    """All that is kept of a team's events within a look-back of these times, the new ones among them.

    Raises: TooMuch.
    """
    start, end = _stretch(work, around)
    known = readable(work.known(work.others(team_id, start, end), start=start, end=end, keys=None), query)
    return Kept(query, (one for some in (new, known) for one in some), until=end, allowance=work.allowance)


def fits(work: Work, query: CompiledQuery, team_id: int, new: int, around: Sequence[datetime]) -> bool:
    """Whether so much is probably not too much, by what is known of blocks without reading them."""
    start, end = _stretch(work, around)
    shares = [(head, _share(head, start, end)) for head in work.others(team_id, start, end)]
    count = new + sum(head.count * share for head, share in shares)
    weight = sum(head.size * share for head, share in shares)
    return count <= most_at_once(query) and weight <= REPEATED * MOST_WEIGHT


def _stretch(work: Work, around: Sequence[datetime]) -> tuple[datetime, datetime]:
    return min(around) - work.window, max(around) + work.window


def _share(head: Head, start: datetime, end: datetime) -> float:
    """About how much of a block lies between: its events are taken to be spread evenly."""
    length = head.last_at - head.first_at
    return (min(head.last_at, end) - max(head.first_at, start)) / length if length > timedelta() else 1.0
