"""How far judging is behind arrival: of what was judged lately, from the batches, and minute by minute for charts.

Batches are kept two days; the minutes are made of them and stay as long as events do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection

from events.models import LagMinute

BOUNDS_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0)
"""A wait falls under the first bound that it is below; the last bucket is what lies beyond all of them."""
SETTLED = timedelta(minutes=10)
"""Minutes this young are counted anew every time: a worker's commit may come that long after it claimed."""

# A batch that was split is not done: its halves are, each for its events.
_READ = """
SELECT date_trunc('minute', done_at, 'UTC'), width_bucket(seconds, %s::numeric[]), sum(events), max(seconds),
       sum(events * seconds)
FROM (SELECT done_at, events, greatest(extract(epoch FROM done_at - ingested_at), 0) AS seconds
      FROM events_batch WHERE state = 'done' AND events > 0 AND done_at >= %s AND done_at < %s) AS judged
GROUP BY 1, 2 ORDER BY 1, 2
"""
_Row = tuple[datetime, int, int, float, float]


@dataclass(frozen=True, slots=True)
class Lag:
    """How long events waited: how many were judged, how many under each bound, the longest wait, all waits together."""

    events: int
    within: tuple[int, ...]  # by bucket; the last one lies beyond every bound
    worst_seconds: float
    seconds: float = 0.0

    def share_within(self, share: float) -> float | None:
        """Seconds within which that share of the events was judged, by the bounds; None beyond the last or for none."""
        wanted, seen = share * self.events, 0
        for bound, number in zip(BOUNDS_SECONDS, self.within, strict=False):
            seen += number
            if self.events and seen >= wanted:
                return bound
        return None


def lately(*, start: datetime, end: datetime) -> Lag:
    """The lag of what was judged in [start, end), which lies within the last two days. One look at an index."""
    return _lag(_read(start, end))


def keep_minutes(now: datetime) -> None:
    """Write the last ten minutes anew from the batches."""
    rows = _read((now - SETTLED).replace(second=0, microsecond=0), now)
    minutes = [(minute, _lag(group)) for minute, group in groupby(rows, key=lambda row: row[0])]
    LagMinute.objects.bulk_create(
        [LagMinute(minute=at, events=lag.events, worst_ms=_ms(lag), within=list(lag.within)) for at, lag in minutes],
        update_conflicts=True,
        unique_fields=["minute"],
        update_fields=["events", "worst_ms", "within"],
    )


def of_minutes(minutes: Iterable[LagMinute]) -> Lag:
    """Several minutes together."""
    within, worst = [0] * (len(BOUNDS_SECONDS) + 1), 0
    for minute in minutes:
        worst = max(worst, minute.worst_ms)
        within = [one + other for one, other in zip(within, minute.within, strict=True)]
    return Lag(sum(within), tuple(within), worst / 1_000)


def _read(start: datetime, end: datetime) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(BOUNDS_SECONDS), start, end])
        rows: list[_Row] = cursor.fetchall()
    return rows


def _lag(rows: Iterable[_Row]) -> Lag:
    within, worst, seconds = [0] * (len(BOUNDS_SECONDS) + 1), 0.0, 0.0
    for _, bucket, events, longest, together in rows:
        within[bucket] += int(events)
        worst, seconds = max(worst, float(longest)), seconds + float(together)
    return Lag(sum(within), tuple(within), worst, seconds)


def _ms(lag: Lag) -> int:
    return round(lag.worst_seconds * 1_000)
