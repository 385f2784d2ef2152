"""From the notes that requests append to what pages ask: hours by sender, minutes by team, and who was last heard when.

Notes are deleted in the transaction that counts them, so that each is counted once wherever a process dies; one fold
runs at a time, so that no two write the same row. A note that is committed late is simply folded later.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from events.dead_letters import KEPT_FOR
from events.models import ArrivalHour, ArrivalMinute, DeadLetter, LagMinute, Pulse, Replay, Sender

NOTES_AT_ONCE = 50_000
CALM = 0.3
"""How much the newest silence weighs in what is usual for a sender."""
PULSES_KEPT = timedelta(days=1)
_LOCK = 0x77626666  # any number that nobody else takes

_TAKE = """
CREATE TEMPORARY TABLE folded ON COMMIT DROP AS
WITH gone AS (
    DELETE FROM events_arrivalnote WHERE id = ANY(ARRAY(SELECT id FROM events_arrivalnote ORDER BY id LIMIT %s))
    RETURNING *
)
SELECT * FROM gone
"""
_HOURS = """
INSERT INTO events_arrivalhour AS kept (hour, team_id, key_id, host, requests, events, refused, ahead_ms, last_at)
SELECT date_trunc('hour', at, 'UTC'), team_id, key_id, host, count(*), sum(events), sum(refused), max(ahead_ms), max(at)
FROM folded WHERE host IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4
ON CONFLICT (hour, key_id, host) DO UPDATE SET
    requests = kept.requests + excluded.requests, events = kept.events + excluded.events,
    refused = kept.refused + excluded.refused, ahead_ms = greatest(kept.ahead_ms, excluded.ahead_ms),
    last_at = greatest(kept.last_at, excluded.last_at)
"""
_MINUTES = """
INSERT INTO events_arrivalminute AS kept (minute, team_id, requests, events, refused)
SELECT date_trunc('minute', at, 'UTC'), team_id, count(DISTINCT (key_id, at)), sum(events), sum(refused)
FROM folded GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (minute, team_id) DO UPDATE SET
    requests = kept.requests + excluded.requests, events = kept.events + excluded.events,
    refused = kept.refused + excluded.refused
"""
_TOTALS = """
INSERT INTO events_total AS kept (name, value)
SELECT name, value
FROM (SELECT coalesce(sum(events), 0) AS taken, coalesce(sum(refused), 0) AS turned FROM folded) AS sums
CROSS JOIN LATERAL (VALUES ('accepted', taken), ('refused', turned)) AS told (name, value) ORDER BY name
ON CONFLICT (name) DO UPDATE SET value = kept.value + excluded.value
"""
# What is usual is learnt from the silences between folds; one that sends all the time is quiet for less than a minute.
_SENDERS = """
INSERT INTO events_sender AS kept
    (key_id, host, team_id, agent, first_at, last_at, gap_seconds, ahead_ms, refused_at, reason)
SELECT key_id, host, min(team_id), coalesce((array_agg(agent ORDER BY at DESC) FILTER (WHERE agent <> ''))[1], ''),
    min(at), max(at), 0, max(ahead_ms), max(at) FILTER (WHERE refused > 0),
    coalesce((array_agg(reason ORDER BY at DESC) FILTER (WHERE refused > 0))[1], '')
FROM folded WHERE host IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (key_id, host) DO UPDATE SET
    agent = CASE WHEN excluded.agent <> '' THEN excluded.agent ELSE kept.agent END,
    first_at = least(kept.first_at, excluded.first_at),
    last_at = greatest(kept.last_at, excluded.last_at),
    gap_seconds = kept.gap_seconds
        + %s * (greatest(extract(epoch FROM excluded.first_at - kept.last_at), 0) - kept.gap_seconds),
    ahead_ms = CASE WHEN excluded.last_at >= kept.last_at THEN coalesce(excluded.ahead_ms, kept.ahead_ms)
                    ELSE kept.ahead_ms END,
    refused_at = greatest(kept.refused_at, excluded.refused_at),
    reason = CASE WHEN excluded.reason <> '' THEN excluded.reason ELSE kept.reason END
"""


def fold() -> int:
    """Fold up to 50,000 notes; gives how many there were, 0 also when another process is at it. Commits."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute("DROP TABLE IF EXISTS folded")
        cursor.execute(_TAKE, [NOTES_AT_ONCE])
        folded: int = max(cursor.rowcount, 0)
        if folded:
            cursor.execute(_HOURS)
            cursor.execute(_MINUTES)
            cursor.execute(_SENDERS, [CALM])
            cursor.execute(_TOTALS)
        return folded


def forget_old(now: datetime) -> None:
    """Let go of what is past: arrivals with the events they tell of, letters after two weeks, processes after a day."""
    past = now - timedelta(days=settings.RETENTION_DAYS)
    ArrivalHour.objects.filter(hour__lt=past).delete()
    ArrivalMinute.objects.filter(minute__lt=past).delete()
    LagMinute.objects.filter(minute__lt=past).delete()
    Sender.objects.filter(last_at__lt=past).delete()
    DeadLetter.objects.filter(at__lt=now - KEPT_FOR).delete()
    Replay.objects.filter(done_at__lt=now - KEPT_FOR).delete()
    Pulse.objects.filter(seen_at__lt=now - PULSES_KEPT).delete()
