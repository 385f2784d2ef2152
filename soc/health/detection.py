"""How long from an event to its alert: median and 90th percentile of the last 24 hours, by hour and altogether."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

MOST = 20_000
"""The newest so many alerts are looked at; a storm's percentiles do not need all of it."""
_TIMES = """
SELECT hour, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)
FROM (SELECT date_trunc('hour', created_at, 'UTC') AS hour,
             greatest(extract(epoch FROM created_at - event_time), 0)::float8 AS seconds
      FROM alerts_alert WHERE team_id = ANY(%s) AND created_at >= %s ORDER BY created_at DESC LIMIT %s) AS lately
GROUP BY GROUPING SETS ((hour), ()) ORDER BY hour
"""


@dataclass(frozen=True, slots=True)
class Detection:
    """Seconds from event to alert; None when there was no alert."""

    alerts: int
    median: float | None
    ninetieth: float | None
    medians: list[float]  # of the hours in which there were alerts


def detection(*, team_ids: Sequence[int], now: datetime, span: timedelta = timedelta(hours=24)) -> Detection:
    """Of the alerts raised within the span. One query over an index."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [list(team_ids), now - span, MOST])
        *hours, (_, alerts, median, ninetieth) = cursor.fetchall()
    return Detection(alerts, median, ninetieth, [median for _, _, median, _ in hours])
