"""What a request brought, by host, noted with its events: appended rows, so that no request waits for another.

Who sends what, how fast, and how much of it is refused is made of these notes by events/folding.py. A note costs some
tens of microseconds a request and a microsecond an event.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import ApiKey
from events.normalise import NormalisedEvent
from events.refused import Refused, host_of

MOST_HOSTS = 1_000
"""So many hosts of a request are told apart; a key with made-up ones must not cost more than the events themselves."""
_LONGEST_AGENT = 80
_MILLISECOND = timedelta(milliseconds=1)
_INTO = "INSERT INTO events_arrivalnote (at, team_id, key_id, host, agent, events, refused, reason, ahead_ms) "
_FEW = 8
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
_MANY = (
    _INTO + "SELECT %s, %s, %s, host, agent, events, refused, reason, ahead_ms "
    "FROM unnest(%s::text[], %s::text[], %s::integer[], %s::integer[], %s::text[], %s::bigint[]) "
    "AS notes (host, agent, events, refused, reason, ahead_ms)"
)


class Tally:
    """What came from one host."""

    __slots__ = ("agent", "events", "newest", "reason", "refused")

    def __init__(self) -> None:
        self.events = self.refused = 0
        self.newest: datetime | None = None
        self.agent: Any = None
        self.reason = ""

    def take(self, event: NormalisedEvent) -> None:
        """Count an event that is taken in."""
        self.events += 1
        if self.newest is None or event.time > self.newest:
            self.newest, self.agent = event.time, event.agent


Tallies = dict[str | None, Tally]


def tally(good: Iterable[NormalisedEvent], bad: Iterable[Refused]) -> Tallies:
    """Counts by host; "" for events that name none, None for the hosts beyond what is told apart."""
    tallies: Tallies = {}
    for event in good:
        host = event.columns.host_name or ""
        found = tallies.get(host)
        (found if found is not None else _room(tallies, host)).take(event)
    for refused in bad:
        host = host_of(refused.line)
        found = tallies.get(host)
        found = found if found is not None else _room(tallies, host)
        found.refused += 1
        found.reason = refused.error.reason
    return tallies


def _room(tallies: Tallies, host: str) -> Tally:
    return tallies.setdefault(host if len(tallies) < MOST_HOSTS else None, Tally())


def append(tallies: Tallies, *, key: ApiKey, at: datetime) -> None:
    """Note what came, in the transaction that stores it. One statement."""
    rows = [
        (host, agent_of(one.agent), one.events, one.refused, one.reason, ahead(one.newest, at))
        for host, one in tallies.items()
    ]
    same = (at, key.team_id, key.pk)
    if not rows:
        return
    with connection.cursor() as cursor:
        if len(rows) <= _FEW:  # planned in half the time
            cursor.execute(
                _INTO + "VALUES " + ", ".join([_ROW] * len(rows)), [value for row in rows for value in same + row]
            )
        else:
            cursor.execute(_MANY, [*same, *map(list, zip(*rows, strict=True))])


def ahead(newest: datetime | None, at: datetime) -> int | None:
    """By how many milliseconds the newest event's time lies ahead of its arrival; negative when it is behind."""
    return None if newest is None else (newest - at) // _MILLISECOND


def agent_of(told: Any) -> str:
    """What sends, as the ECS field `agent` says: "filebeat 8.17.0"."""
    if type(told) is not dict:
        return ""
    return " ".join(_texts(told, ("type", "version")))[:_LONGEST_AGENT]


def _texts(told: dict[str, Any], names: Sequence[str]) -> list[str]:
    return [value[:_LONGEST_AGENT] for name in names if isinstance(value := told.get(name), str)]
