"""ES|QL over stored events: the database narrows down by columns, the pipeline decides.

A query's leading filters take out whole rows in the database (engine/prefilter.py) and, where they still leave much,
events before they are read in columns; the pipeline asks its filters again of whatever is left. Blocks stream through,
and of their documents only the fields are read that the query names. Whatever a query may cost has a bound: seconds,
values held, rows, and how many such queries run at once (events/turns.py).
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from time import monotonic
from typing import NamedTuple

from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import Limit, Query, Sort, Stats
from engine.matcher import Expression, Matcher
from engine.pipelines import EVENTS, Budget, BudgetExceeded, CompiledQuery, Page, ResultColumn, compile_query
from engine.pipelines.leading import leading_tree
from engine.pipelines.lines import LineDocument, LineReader
from engine.pipelines.page import PAGE_SIZE
from engine.pipelines.providing import tables_for
from engine.pipelines.schema import METADATA
from engine.pipelines.types import Column, Multivalue, Value
from engine.tree import MatchAll, Tree
from events.errors import TooDear
from events.overlaying import asked_among, matters
from events.resident import within
from events.searching import Question, Window
from events.stretches import Events, OutOfTime, Stretch, parts, whole
from events.turns import turn
from events.watching import Watch, nobody

CELLS = 4_000_000
"""Values that one query may hold at once, some 400 MB."""
BYTES = 700 * 1024 * 1024
"""How much a process may grow while it works on one query: a value may also be a text of a megabyte."""
_GRACE_SECONDS = 3.0
"""How much longer a query may work on what it has read, where its source ends when the time is up."""
_FIRST = 4_000
_HELD_BYTES = 64 * 1024 * 1024
_WORTH = 0.7
"""Events are sieved before they are read in columns as long as at most so many of them pass."""
_LEADING = "leading"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RowEvent(NamedTuple):
    """The event that a row is."""

    uid: bytes
    time: datetime

    @property
    def day(self) -> date:
        """The day under which it is stored."""
        return self.time.date()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that can be run for its first `limit` rows."""

    query: Query
    compiled: CompiledQuery
    limit: int
    multivalue: Multivalue

    @property
    def streams(self) -> bool:
        """Whether rows are ready before all events are read."""
        return not any(isinstance(command, Sort | Stats) for command in self.query.commands)


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer: the first rows. `events` has each row's event, where rows are events.

    `more`: there are further rows. `stopped`: the time was up, and only the newest events were looked at.
    `examined`: how many events were read.
    """

    columns: tuple[ResultColumn, ...]
    rows: list[tuple[Value, ...]]
    events: list[RowEvent]
    more: bool
    stopped: bool
    examined: int
    seconds: float
    warnings: Counter[str]


def prepare(text: str, *, limit: int, multivalue: Multivalue = Multivalue.STRICT) -> Prepared:
    """The query of a text, made ready. Raises: LanguageError with the place of what cannot be read or run."""
    query = parse_esql(text)
    bounded = replace(query, commands=(*query.commands, Limit(limit + 1)))  # one more tells that there are more
    compiled = compile_query(bounded, EVENTS, multivalue=multivalue, tables=tables_for(query))
    return Prepared(query, compiled, limit, multivalue)


def run(
    prepared: Prepared,
    *,
    window: Window,
    team_ids: Sequence[int],
    now: datetime,
    budget_seconds: float = 10,
    cells: int = CELLS,
    watch: Watch = nobody,
) -> Rows:
    """The first rows of a query over stored events; `now` is what `now()` means. Rows that are events come newest
    first, unless it sorts.

    A query whose rows stream gives those that it found when the time is up. One that needs all events first has no
    answer then. Raises: TooDear, Busy; Cancelled by its watch.
    """
    streams = prepared.streams
    started = monotonic()
    with turn():
        source = _Source(prepared, window, team_ids, monotonic() + budget_seconds, watch)
        seconds = budget_seconds + (_GRACE_SECONDS if streams else 0)
        budget = Budget(seconds=seconds, cells=cells, check=_check(source))
        lineage = not prepared.compiled.aggregating
        try:
            result = prepared.compiled.run(source, now=now, budget=budget, lineage=lineage)
        except BudgetExceeded as error:
            raise TooDear(str(error)) from error
        except OutOfTime:
            raise TooDear(f"the query took longer than {budget_seconds:g} seconds") from None
    seconds = monotonic() - started
    events = [source.event(origins[0]) for origins in result.origins if origins]
    rows = Rows(result.columns, result.rows, events, False, source.stopped, source.examined, seconds, result.warnings)
    return _first(rows, prepared.limit)


def _check(source: "_Source") -> Callable[[], None]:
    """What is looked at besides the time: memory, and whether anybody still wants the answer."""
    room = within(BYTES)

    def check() -> None:
        room()
        source.watch(source.examined, None)

    return check


def _first(rows: Rows, limit: int) -> Rows:
    return replace(rows, rows=rows.rows[:limit], events=rows.events[:limit], more=len(rows.rows) > limit)


@dataclass
class _Source:
    """The pages of a query's events. Afterwards it knows how many were read, and which they were."""

    prepared: Prepared
    window: Window
    team_ids: Sequence[int]
    deadline: float
    watch: Watch = nobody
    examined: int = 0
    stopped: bool = False
    _starts: list[int] = field(default_factory=list)
    _traces: list[tuple[bytes, "array[int]"]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Page]:
        tree, indices = leading_tree(self.prepared.query, multivalue=self.prepared.multivalue)
        question = Question(tree, self.window, self.team_ids, indices)
        reading = _Reading(self.prepared.compiled, tree)
        number = 0
        try:
            for events in (
                self._newest_first(question, reading) if self.prepared.streams else self._all(question, reading)
            ):
                self._note(number, events)
                number += len(events.lines)
                yield reading.page(events)
        except OutOfTime:
            if not self.prepared.streams:
                raise
            self.stopped = True

    def event(self, number: int) -> RowEvent:
        """The event behind a row of the source."""
        place = bisect_right(self._starts, number) - 1
        uids, ticks = self._traces[place]
        row = number - self._starts[place]
        return RowEvent(uids[row * 16 : row * 16 + 16], _EPOCH + timedelta(microseconds=ticks[row]))

    def _all(self, question: Question, reading: "_Reading") -> Iterator[Events]:
        """Block by block, in no order that anybody is promised."""
        return self._sieved(whole(question, self._seconds_left), reading)

    def _newest_first(self, question: Question, reading: "_Reading") -> Iterator[Events]:
        """Part by part, each put in order before it goes on (in pieces, where its documents are very large)."""
        for part in parts(question, self._seconds_left, _FIRST):
            waiting: list[Events] = []
            size = 0
            for events in self._sieved(part, reading):
                waiting.append(events)
                size += sum(map(len, events.lines))
                if size > _HELD_BYTES:
                    yield from _in_order(waiting)
                    waiting, size = [], 0
            yield from _in_order(waiting)

    def _sieved(self, found: Iterator[Stretch], reading: "_Reading") -> Iterator[Events]:
        for stretch in found:
            self.examined += len(stretch.places)
            if (events := reading.sieved(stretch)).lines:
                yield events

    def _note(self, number: int, events: Events) -> None:
        if not self.prepared.compiled.aggregating:
            self._starts.append(number)
            self._traces.append((b"".join(events.uids), array("q", events.ticks)))

    def _seconds_left(self) -> float:
        self.watch(self.examined, None)
        return self.deadline - monotonic()


def _in_order(waiting: Sequence[Events]) -> Iterator[Events]:
    """The same events by time, the newest first, a page at a time."""
    together = (
        Events(*(list(chain.from_iterable(values)) for values in zip(*waiting, strict=True))) if waiting else None
    )
    if together is None:
        return
    order = sorted(range(len(together.lines)), key=together.ticks.__getitem__, reverse=True)
    for start in range(0, len(order), PAGE_SIZE):
        yield together.at(order[start : start + PAGE_SIZE])


class _Reading:
    """Makes pages of events: sieves them by the leading filter, asks the event what is asked of it, reads columns."""

    def __init__(self, compiled: CompiledQuery, leading: Tree) -> None:
        names = [name for name in compiled.fields if name not in compiled.hidden]
        self._lines = LineReader([name for name in names if name not in METADATA])
        self._special = [name for name in names if name in METADATA]
        self._of_today = compiled.whole or asked_among(names) or any(map(matters, [*compiled.hidden.values(), leading]))
        self._of_today = self._of_today or "_source" in names
        self._named = bool(self._special) or not compiled.aggregating or self._of_today
        self._with_documents = compiled.whole
        self._hidden = list(compiled.hidden)
        self._questions = _matcher(compiled.hidden)
        self._sieve = None if isinstance(leading, MatchAll) else _matcher({_LEADING: leading})
        self._met = self._passed = 0

    def sieved(self, stretch: Stretch) -> Events:
        """The events that the leading filter lets in, as long as it keeps enough out to be worth asking."""
        events = stretch.events(named=self._named)
        if self._of_today:
            events = events.today(stretch.team_id)
        if self._sieve is None:
            return events
        rows = _rows(self._sieve, events.lines).get(_LEADING, [])
        self._met += len(events.lines)
        self._passed += len(rows)
        if self._passed > self._met * _WORTH:
            self._sieve = None
        return events if len(rows) == len(events.lines) else events.at(rows)

    def page(self, events: Events) -> Page:
        """The columns of some events."""
        size = len(events.lines)
        columns = self._lines.columns(events.lines)
        columns |= {name: _metadata(name, events) for name in self._special}
        hits = _rows(self._questions, events.lines) if self._questions else {}
        for name in self._hidden:
            met = set(hits.get(name, []))
            columns[name] = [row in met for row in range(size)]
        documents = list(map(LineDocument, events.lines)) if self._with_documents else None
        return Page(size, columns, documents, weight=sum(map(len, events.lines)))


def _matcher(trees: Mapping[str, Tree]) -> Matcher | None:
    return Matcher([Expression(name, tree) for name, tree in trees.items()]) if trees else None


def _rows(matcher: Matcher, lines: Sequence[bytes]) -> dict[str, list[int]]:
    return matcher.rows([("", line) for line in lines], normalised=True)


def _metadata(name: str, events: Events) -> Column:
    match name:
        case "_id":
            return [uid.hex() for uid in events.uids]
        case "_index":
            return list(events.indices)
        case "_source":
            return [line.decode() for line in events.lines]
    return [1 if name == "_version" else None] * len(events.lines)
