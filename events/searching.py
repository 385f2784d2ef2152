"""Questions about stored events: the database narrows down by columns, the evaluator decides.

Newest first for people, in pages with a key and within a budget of seconds; oldest first and without a budget for
look-backs and histories. An answer that ran out of its budget says so and where to go on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Literal, NamedTuple

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from engine.indices import index_matches
from engine.matcher import Expression, Matcher
from engine.prefilter import prefilter
from engine.tree import MatchAll, Tree, fields_of
from events.documents import ROW, BlockShelf, read_documents, slices
from events.narrowing import condition_of, index_condition
from events.overlaying import OF_ALERTS, today
from events.stored import StoredEvent
from events.watching import Watch, nobody

By = Literal["time", "ingested"]
ORDINARY = ("*",)
"""Every index but those whose names begin with a dot: what agents send, without our own alerts among it."""
_OF_ALERTS = ("kibana", "signal.")
_MOST_ROWS = 4_000
_JUDGED_AT_ONCE = 200
_LEAST_SECONDS = 0.05  # of a statement that is begun
_HURRY, _JUDGED_IN_A_HURRY, _ROWS_IN_A_HURRY = 1.0, 8, 400
"""With less than a second there is no time for rows and blocks that may not be needed: those of so few events are read,
each perhaps in a block of its own, which takes two milliseconds; by so much a budget is overrun at the most."""
_INDEX, _UID, _AT = 5, 6, 7  # after ROW


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open stretch of time, aware UTC. `known`: what came in after that moment is not in it, so that several
    questions about it agree."""

    start: datetime
    end: datetime
    known: datetime | None = None


class SearchKey(NamedTuple):
    """Where a page of an answer ended: the next begins after it."""

    at: datetime
    uid: bytes


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some events that match, newest first. `stopped`: the budget was used up before the page was full."""

    events: list[StoredEvent]
    next: SearchKey | None
    examined: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the store. Without indices, of every index."""

    tree: Tree
    window: Window
    team_ids: Sequence[int]
    indices: Sequence[str] = ()
    by: By = "time"

    @property
    def takes_all(self) -> bool:
        """Whether no document need be read to know what matches."""
        return isinstance(self.tree, MatchAll)

    @property
    def indices_are_exact(self) -> bool:
        """Whether the conditions say all there is to say about indices."""
        return not self.indices or tuple(self.indices) == ORDINARY

    def where(self) -> tuple[str, list[Any]]:
        """The conditions that narrow rows down."""
        column = _column(self.by)
        parts: list[str] = [f"{column} >= %s", f"{column} < %s", "team_id = ANY(%s)"]
        values: list[Any] = [self.window.start, self.window.end, list(self.team_ids)]
        if self.by == "time":  # the day is that of the time: other days' tables are not even opened
            parts.append("day BETWEEN %s AND %s")
            values += [self.window.start.date(), self.window.end.date()]
        if self.window.known is not None:
            parts.append("ingested <= %s")
            values.append(self.window.known)
        for text, more in (condition_of(prefilter(self.tree)), index_condition(self.indices)):
            parts.append(text)
            values += more
        return " AND ".join(parts), values


@dataclass
class Pass:
    """One walk over the events that match, in order. Afterwards it knows how far it came.

    `as_written`: alerts among them are judged and given as they were raised, as rules have it. `watch` is told of each
    event that was looked at, and may end the walk.
    """

    question: Question
    newest_first: bool = True
    key: SearchKey | None = None
    budget_seconds: float | None = None
    first_rows: int = 500
    as_written: bool = False
    watch: Watch = nobody
    examined: int = 0
    stopped: bool = False
    _deadline: float | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[StoredEvent]:
        if self.budget_seconds is not None:
            self._deadline = monotonic() + self.budget_seconds
        shelf, matcher, size = BlockShelf(), _matcher(self.question.tree), self.first_rows
        if self._in_a_hurry:
            size = min(size, _ROWS_IN_A_HURRY)
        while rows := self._rows(size):
            for some in slices(rows, self._at_once):
                yield from self._judged(some, matcher, shelf)
                if self.stopped:
                    return
            if len(rows) < size:
                return
            size = min(size * 4, _MOST_ROWS)

    @property
    def _in_a_hurry(self) -> bool:
        return self.budget_seconds is not None and self.budget_seconds < _HURRY

    @property
    def _at_once(self) -> int:
        return _JUDGED_IN_A_HURRY if self._in_a_hurry else _JUDGED_AT_ONCE

    def _judged(
        self, rows: Sequence[tuple[Any, ...]], matcher: Matcher | None, shelf: BlockShelf
    ) -> Iterator[StoredEvent]:
        """The events of some rows that match; `key` follows, so that whoever stops knows where."""
        wanted = [row for row in rows if index_matches(self.question.indices, row[_INDEX])]
        for row, event in zip(wanted, self._read(wanted, shelf), strict=True):
            self.examined += 1
            self.watch(self.examined, row[_AT] if self.newest_first else None)
            if matcher is None or any(matcher.match([(event.index, event.raw)], normalised=True)):
                self.key = SearchKey(row[_AT], bytes(row[_UID]))
                yield event
            if self._is_late():  # asked after each event, since one alone may take long
                self.key, self.stopped = SearchKey(row[_AT], bytes(row[_UID])), True
                return
        self.key = SearchKey(rows[-1][_AT], bytes(rows[-1][_UID]))

    def _read(self, rows: Sequence[tuple[Any, ...]], shelf: BlockShelf) -> Iterable[StoredEvent]:
        """The events of rows, one after the other; with alerts among them all at once, to ask only once what they are
        today."""
        events = read_documents(rows, shelf)
        with_alerts = not self.as_written and any(row[_INDEX].startswith(OF_ALERTS) for row in rows)
        return today(events) if with_alerts else events

    def _rows(self, size: int) -> list[tuple[Any, ...]]:
        where, values = self.question.where()
        column, sign, order = _column(self.question.by), *(("<", "DESC") if self.newest_first else (">", "ASC"))
        if self.key is not None:
            where += f" AND {column} {sign}= %s AND ({column}, uid) {sign} (%s, %s)"
            values += [self.key.at, self.key.at, self.key.uid]
        statement = (
            f"SELECT {ROW}, index, uid, {column} FROM event WHERE {where} "  # noqa: S608  (names of ours only)
            f"ORDER BY {column} {order}, uid {order} LIMIT {int(size)}"
        )
        rows = fetch(statement, values, self._seconds_left())
        self.stopped = self.stopped or rows is None
        return rows or []

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - monotonic(), _LEAST_SECONDS)

    def _is_late(self) -> bool:
        return self._deadline is not None and monotonic() > self._deadline


def indices_asked(tree: Tree) -> tuple[str, ...]:
    """The indices that somebody who names none means: all of agents, and ours where he asks for fields of alerts."""
    return () if any(name.startswith(_OF_ALERTS) for name in fields_of(tree)) else ORDINARY


def search(
    *,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = (),
    limit: int,
    before: SearchKey | None = None,
    budget_seconds: float = 10,
    by: By = "time",
) -> SearchPage:
    """A page of events that match, newest first, going on after the key of the page before."""
    question = Question(tree, window, team_ids, indices, by)
    walk = Pass(question, key=before, budget_seconds=budget_seconds, first_rows=limit + 1)
    events: list[StoredEvent] = []
    last: SearchKey | None = None
    for event in walk:
        if len(events) == limit:
            return SearchPage(events, last, walk.examined, False)
        events.append(event)
        last = walk.key
    return SearchPage(events, walk.key if walk.stopped else None, walk.examined, walk.stopped)


def scan(
    *, tree: Tree, window: Window, team_ids: Sequence[int], indices: Sequence[str] = (), by: By = "ingested"
) -> Iterator[StoredEvent]:
    """Every event that matches, oldest first, as a stream of bounded memory; alerts as they were written."""
    return iter(Pass(Question(tree, window, team_ids, indices, by), newest_first=False, as_written=True))


def fetch(
    statement: str, values: Sequence[Any] | Mapping[str, Any], seconds: float | None
) -> list[tuple[Any, ...]] | None:
    """The rows of a statement, or None when it takes longer than it may."""
    if seconds is None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            setting = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"
            cursor.execute(setting, [str(int(seconds * 1000))])
            usual = cursor.fetchone()[0]
            cursor.execute(statement, values)
            rows = list(cursor.fetchall())
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [usual])
            return rows
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def _matcher(tree: Tree) -> Matcher | None:
    return None if isinstance(tree, MatchAll) else Matcher([Expression("search", tree)])


def _column(by: By) -> str:
    return "ingested" if by == "ingested" else "time"
