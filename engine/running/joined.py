"""Candidates of events in memory: keyed by line, in order of time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from engine.joining import Candidate, candidates_of
from engine.plan import Joining, Sample
from engine.running.events import Event
from engine.running.moments import Moment
from engine.tree import Scalar

Place = tuple[object, ...]

_AFTER_ALL = datetime.max.replace(tzinfo=UTC)
NEVER = Moment(int(_AFTER_ALL.timestamp()) * 10**9, _AFTER_ALL)
"""Where events without a time stand: after all others."""


def place_of(event: Event, moment: Moment, tiebreaker: str | None) -> Place:
    """An event's place in time: its timestamp as finely as it is given, the tiebreaker (events without one last),
    then its line."""
    value = next(iter(event.document.values(tiebreaker)), None) if tiebreaker else None
    return (moment.nanos, *_sortable(value), event.line)


def _sortable(value: Scalar | None) -> tuple[int, Scalar]:
    if value is None:
        return (2, 0)
    return (1, value) if isinstance(value, str) else (0, value)


def candidates_in(
    plan: Joining, part: str, events: Iterable[Event], fields: Sequence[str], tiebreaker: str | None
) -> list[Candidate]:
    """The candidates of the events that a part let in. An event without a time takes part in samples only, which ask
    for none."""
    found: list[Candidate] = []
    for event in events:
        moment = event.moment(*fields) or (NEVER if isinstance(plan, Sample) else None)
        if moment is not None:
            order = place_of(event, moment, tiebreaker)
            found += candidates_of(plan, part, event.document, at=moment.at, order=order, ref=event.line)
    return found
