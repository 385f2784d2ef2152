"""Which groups of a pipeline alert at the end of a window: those that no alert has counted yet, or that were reached
again.

A group alerts when its row comes out of a window. What went into an alert counts no more: the group alerts again only
when its row comes out of those events that no alert has counted, and at the earliest an interval after its last alert,
as counts do (alerts/joins/counts.py). So windows that overlap do not repeat what was told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.pipelines.kept import Row
from alerts.pipelines.values import packed
from engine.pipelines.types import Value
from rules.candidates import name_of
from rules.marks import Span

Run = Callable[[Sequence[int]], Iterable[Row]]
"""The rows of the window's pipeline over some of its events."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row that may alert, under the name of its group; `events` are those that its alert would count."""

    name: bytes
    row: Row

    @property
    def events(self) -> tuple[int, ...]:
        return self.row.events


def name_of_group(key: Iterable[Value]) -> bytes:
    """The name of a group, by its values of BY; nulls and types tell apart.

    Half of a key's hash, as marks keep it. (Rows of single events are named by their JSON, in rows.py: what an alert
    keeps of them says as much.)
    """
    return name_of(tuple(_text(value) for value in key))


def _text(value: Value) -> str:
    try:
        return packed([value])
    except TypeError:  # a text that is no Unicode, which only a query can make
        return repr(value)


def groups_of(rows: Iterable[Row]) -> dict[bytes, Row]:
    """The rows of a run by group; of several of one group the first."""
    found: dict[bytes, Row] = {}
    for row in rows:
        found.setdefault(name_of_group(row.key), row)
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What a window comes to: the groups that alert, and when others may that an alert keeps quiet."""

    alerts: list[Group]
    quiet_until: set[datetime]


def judge(
    rows: Iterable[Row],
    run: Run,
    *,
    times: Sequence[datetime],
    spans: Mapping[bytes, Sequence[Span]],
    end: datetime,
    interval: timedelta,
    check: Callable[[], None] = lambda: None,
) -> Judged:
    """The groups that alert at the end of a window whose rows these are. `spans`: what their alerts have counted.

    Runs the pipeline once more where groups have alerts, or as often as what counts for one counts no more for another.
    `check` is called before each run, and may raise.
    """
    judged, again = Judged([], set()), list[_Again]()
    for name, row in groups_of(rows).items():
        left = _uncounted(row.events, spans.get(name, ()), times)
        before = [span.alerted_at for span in spans.get(name, ()) if span.alerted_at <= end]
        if left and before and max(before) + interval > end:
            judged.quiet_until.add(max(before) + interval)
        elif len(left) == len(row.events):
            judged.alerts.append(Group(name, row))
        elif left:
            again.append(_Again(name, frozenset(left), frozenset(row.events).difference(left)))
    for names, events in _apart(again, check):
        check()
        found = groups_of(run(sorted(events)))
        judged.alerts.extend(Group(name, found[name]) for name in names if name in found)
    return judged


@dataclass(frozen=True, slots=True)
class _Again:
    """A group to be run again, over what is left of it."""

    name: bytes
    left: frozenset[int]
    counted: frozenset[int]


def _uncounted(events: Iterable[int], spans: Sequence[Span], times: Sequence[datetime]) -> list[int]:
    return [one for one in events if not any(span.first_at <= times[one] <= span.last_at for span in spans)]


def _apart(groups: Iterable[_Again], check: Callable[[], None]) -> Iterable[tuple[list[bytes], set[int]]]:
    """The groups, so that none is run together with events that it has counted before."""
    rounds: list[tuple[list[bytes], set[int], set[int]]] = []
    for one in groups:
        check()
        fits = (some for some in rounds if some[1].isdisjoint(one.counted) and some[2].isdisjoint(one.left))
        place = next(fits, None)
        if place is None:
            place = ([], set(), set())
            rounds.append(place)
        place[0].append(one.name)
        place[1].update(one.left)
        place[2].update(one.counted)
    return [(names, left) for names, left, _ in rounds]
