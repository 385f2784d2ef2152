"""Numbers over the events that match: how many, when, and with which values of a field.

Exact up to a cap and within a budget; beyond either the answer says so instead of pretending.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.tree import Tree, text_of
from events.overlaying import matters
from events.searching import By, Pass, Question, Window, fetch
from events.stored import StoredEvent

CAP = 10_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are; `capped`: at least that many; `stopped`: the budget was used up at that many; `unknown`: what
    would be counted is not noted yet, and no time spent on it changes that."""

    number: int
    capped: bool
    stopped: bool
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bar of a histogram: a half-open stretch of time and its events."""

    start: datetime
    end: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Events over time. When capped or stopped, only the newest were counted."""

    buckets: list[Bucket]
    total: Counted


@dataclass(frozen=True, slots=True)
class Terms:
    """The most frequent values of a field among the events that match, and how many lack it."""

    values: list[tuple[str, int]]
    missing: int
    total: Counted


def count(
    *,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = (),
    cap: int = CAP,
    budget_seconds: float = 10,
    by: By = "time",
) -> Counted:
    """How many events match, up to the cap."""
    question = Question(tree, window, team_ids, indices, by)
    if question.takes_all and question.indices_are_exact:
        where, values = question.where()
        statement = f"SELECT count(*) FROM (SELECT 1 FROM event WHERE {where} LIMIT {int(cap) + 1}) AS found"  # noqa: S608
        rows = fetch(statement, values, budget_seconds)
        return Counted(min(rows[0][0], cap), rows[0][0] > cap, False) if rows else Counted(0, False, True)
    return _Tally(question, cap, budget_seconds, as_written=not matters(tree)).finish()


def count_with_newest(
    *,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = (),
    newest: int,
    cap: int = CAP,
    budget_seconds: float = 10,
) -> tuple[Counted, list[StoredEvent]]:
    """The same, and the newest of them, in one walk."""
    tally, found = _Tally(Question(tree, window, team_ids, indices), cap, budget_seconds), list[StoredEvent]()
    for event in tally:
        if len(found) < newest:
            found.append(event)
    return tally.result(), found


def histogram(
    *,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = (),
    bars: int = 60,
    cap: int = CAP,
    budget_seconds: float = 10,
) -> Histogram:
    """How the events that match lie over the window, in bars of equal width by `@timestamp`."""
    question = Question(tree, window, team_ids, indices)
    width = max((window.end - window.start) / bars, timedelta(microseconds=1))
    if question.takes_all and question.indices_are_exact:
        counts, total = _counted_by_database(question, width, budget_seconds)
    else:
        tally = _Tally(question, cap, budget_seconds, as_written=not matters(tree))
        counts = Counter(int((event.time - window.start) / width) for event in tally)
        total = tally.result()
    return Histogram(_buckets(window, width, bars, counts), total)


def histogram_of(times: Sequence[datetime], *, window: Window, bars: int = 60, capped: bool = False) -> Histogram:
    """The same of moments that are known already; those outside the window are left out."""
    width = max((window.end - window.start) / bars, timedelta(microseconds=1))
    within = [one for one in times if window.start <= one < window.end]
    counts = Counter(min(int((one - window.start) / width), bars - 1) for one in within)
    return Histogram(_buckets(window, width, bars, counts), Counted(len(within), capped, False))


def _buckets(window: Window, width: timedelta, bars: int, counts: Counter[int]) -> list[Bucket]:
    edges = [window.start + width * place for place in range(bars + 1)]
    return [Bucket(edges[place], edges[place + 1], counts[place]) for place in range(bars)]


def terms(
    *,
    field: str,
    tree: Tree,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = (),
    top: int = 10,
    cap: int = CAP,
    budget_seconds: float = 10,
) -> Terms:
    """The most frequent values of a field; an event counts once for each of its values."""
    tally = _Tally(Question(tree, window, team_ids, indices), cap, budget_seconds)
    found: Counter[str] = Counter()
    missing = 0
    for event in tally:
        values = {text_of(value) for value in event.document().values(field)}
        found.update(values)
        missing += not values
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Terms(ranked[:top], missing, tally.result())


class _Tally:
    """A walk over the events that match that stops at the cap."""

    def __init__(self, question: Question, cap: int, budget_seconds: float, *, as_written: bool = False) -> None:
        self._walk = Pass(question, budget_seconds=budget_seconds, first_rows=2_000, as_written=as_written)
        self._cap = cap
        self._number = 0
        self._capped = False

    def __iter__(self) -> Iterator[StoredEvent]:
        for event in self._walk:
            if self._number == self._cap:
                self._capped = True
                return
            self._number += 1
            yield event

    def finish(self) -> Counted:
        """Walk to the end and say how many."""
        for _ in self:
            pass
        return self.result()

    def result(self) -> Counted:
        return Counted(self._number, self._capped, self._walk.stopped)


def _counted_by_database(question: Question, width: timedelta, seconds: float) -> tuple[Counter[int], Counted]:
    where, values = question.where()
    statement = (
        "SELECT floor(extract(epoch FROM time - %s::timestamptz) / %s)::int, count(*) "  # noqa: S608
        f"FROM event WHERE {where} GROUP BY 1"
    )
    rows = fetch(statement, [question.window.start, width.total_seconds(), *values], seconds)
    counts = Counter(dict(rows or []))
    return counts, Counted(counts.total(), False, rows is None)
