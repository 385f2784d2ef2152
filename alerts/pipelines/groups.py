"""Which groups of a pipeline alert at the end of a window: those that no alert has counted yet, or that were reached
again.

A group alerts when its row comes out of a window. What went into an alert counts no more: the group alerts again only
when its row comes out of those events that no alert has counted, and at the earliest an interval after its last alert,
as counts do (alerts/joins/counts.py). So windows that overlap do not repeat what was told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """The name of a group, by its values of BY; nulls and types tell apart."""
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
) -> Judged:
    """The groups that alert at the end of a window whose rows these are. `spans`: what their alerts have counted.

    Runs the pipeline once more where groups have alerts, once for each event that several of them share.
    """
    judged, again = Judged([], set()), list[tuple[bytes, list[int]]]()
    for name, row in groups_of(rows).items():
        left = _uncounted(row.events, spans.get(name, ()), times)
        before = [span.alerted_at for span in spans.get(name, ()) if span.alerted_at <= end]
        if left and before and max(before) + interval > end:
            judged.quiet_until.add(max(before) + interval)
        elif len(left) == len(row.events):
            judged.alerts.append(Group(name, row))
        elif left:
            again.append((name, left))
    for some in _apart(again):
        found = groups_of(run(sorted(number for _, left in some for number in left)))
        judged.alerts.extend(Group(name, found[name]) for name, _ in some if name in found)
    return judged


def _uncounted(events: Iterable[int], spans: Sequence[Span], times: Sequence[datetime]) -> list[int]:
    return [one for one in events if not any(span.first_at <= times[one] <= span.last_at for span in spans)]


def _apart(groups: Iterable[tuple[bytes, list[int]]]) -> Iterator[list[tuple[bytes, list[int]]]]:
    """The groups, so that no two that share an event are run together."""
    rounds: list[tuple[set[int], list[tuple[bytes, list[int]]]]] = []
    for name, left in groups:
        place = next((one for one in rounds if one[0].isdisjoint(left)), None)
        if place is None:
            place = (set(), [])
            rounds.append(place)
        place[0].update(left)
        place[1].append((name, left))
    return (some for _, some in rounds)
