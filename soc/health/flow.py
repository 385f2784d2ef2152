"""A day of arrivals above a day of lag: a bucket for every quarter of an hour, on one clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from events import lag
from events.models import LagMinute

DAY = timedelta(hours=24)
BUCKET = timedelta(minutes=15)
BUCKETS = int(DAY / BUCKET)
_LATELY = timedelta(minutes=5)
_FOLDED = timedelta(minutes=1)
"""Folding comes once a minute: the last whole minute may not be there yet."""
_ARRIVED = """
SELECT floor(extract(epoch FROM minute - %(start)s) / %(bucket)s)::int, sum(events)::bigint, sum(refused)::bigint
FROM events_arrivalminute WHERE team_id = ANY(%(teams)s) AND minute >= %(start)s AND minute < %(end)s GROUP BY 1
"""
_LATELY_ARRIVED = """
SELECT coalesce(sum(events), 0)::bigint FROM events_arrivalminute
WHERE team_id = ANY(%s) AND minute >= %s AND minute < %s
"""
_REFUSED_FROM = """
SELECT count(DISTINCT (key_id, host)) FROM events_arrivalhour
WHERE hour >= %s AND team_id = ANY(%s) AND refused > 0
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A quarter of an hour: events taken in and refused (own teams'), and the worst wait of what was judged (all)."""

    start: datetime
    span: timedelta
    events: int
    refused: int
    worst_seconds: float

    @property
    def per_second(self) -> float:
        """Events a second."""
        return self.events / self.span.total_seconds()


@dataclass(frozen=True, slots=True)
class Flow:
    """The last 24 hours, the newest bucket last."""

    buckets: list[Bucket]
    per_second: float  # lately
    lag: lag.Lag
    refused_from: int

    @property
    def events(self) -> int:
        """Taken in."""
        return sum(bucket.events for bucket in self.buckets)

    @property
    def refused(self) -> int:
        """Refused."""
        return sum(bucket.refused for bucket in self.buckets)

    @property
    def refused_share(self) -> float:
        """Between 0 and 1."""
        return self.refused / max(self.events + self.refused, 1)

    @property
    def worst(self) -> Bucket | None:
        """When the wait was longest; None when nothing was judged."""
        found = max(self.buckets, key=lambda bucket: bucket.worst_seconds)
        return found if found.worst_seconds else None

    def hourly(self, name: str) -> list[float]:
        """One attribute by hour, for a sparkline: summed, or the worst."""
        values = [float(getattr(bucket, name)) for bucket in self.buckets]
        together = max if name == "worst_seconds" else sum
        return [together(values[at : at + 4]) for at in range(0, len(values), 4)]


def flow(*, team_ids: Sequence[int], now: datetime) -> Flow:
    """A day of arrivals and lag. Four queries over small tables."""
    minute = now.replace(second=0, microsecond=0)
    end = minute.replace(minute=minute.minute // 15 * 15) + BUCKET
    start = end - DAY
    arrived = _arrived(team_ids, start, end)
    minutes = list(LagMinute.objects.filter(minute__gte=start, minute__lt=end))
    worst = [0.0] * BUCKETS
    for told in minutes:
        at = int((told.minute - start) / BUCKET)
        worst[at] = max(worst[at], told.worst_ms / 1_000)
    spans = [BUCKET] * (BUCKETS - 1) + [max(minute - (end - BUCKET), _FOLDED)]  # of the newest only what has passed
    buckets = [Bucket(start + at * BUCKET, span, *arrived.get(at, (0, 0)), worst[at]) for at, span in enumerate(spans)]
    return Flow(buckets, _per_second(team_ids, minute), lag.of_minutes(minutes), _refused_from(team_ids, start))


def _arrived(team_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, tuple[int, int]]:
    asked: dict[str, Any] = {"teams": list(team_ids), "start": start, "end": end, "bucket": BUCKET.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVED, asked)
        return {at: (events, refused) for at, events, refused in cursor.fetchall()}


def _per_second(team_ids: Sequence[int], minute: datetime) -> float:
    end = minute - _FOLDED
    with connection.cursor() as cursor:
        cursor.execute(_LATELY_ARRIVED, [list(team_ids), end - _LATELY, end])
        return float(cursor.fetchone()[0]) / _LATELY.total_seconds()


def _refused_from(team_ids: Sequence[int], start: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED_FROM, [start, list(team_ids)])
        found: int = cursor.fetchone()[0]
    return found
