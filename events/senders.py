"""What sends to us: every host by its key, how it does, and what we know about it; worst first.

A host is silent when it has been quiet for much longer than it usually is; one that goes on under another key of its
team has only changed keys. All SQL, since thousands of hosts are put in order by a state that no column holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from events.pages.clauses import clause_of
from soc.web.paging import KeyPage, cut, read_key

STATES = {"silent": "Silent", "clock": "Clock off", "dropping": "Dropping", "fine": "Fine"}
"""Worst first; the last word is for people."""
ROWS = 100
KNOWN_FOR = timedelta(days=7)
SILENT_AFTER = timedelta(minutes=15)
TIMES_USUAL = 4
LONGEST_PATIENCE = timedelta(days=2)
AHEAD_MS = 2 * 60_000
BEHIND_MS = 10 * 60_000
"""More than ahead, since events may also be sent late."""
REFUSED_SHARE = 0.01
_SALT = "senders"

_JUDGED = """
WITH recent AS (
    SELECT key_id, host, sum(events)::bigint AS events, sum(refused)::bigint AS refused FROM events_arrivalhour
    WHERE hour >= %(recent)s AND team_id = ANY(%(teams)s) GROUP BY 1, 2
), known AS (
    SELECT s.key_id, s.host, s.team_id, s.agent, s.first_at, s.last_at, s.gap_seconds, s.ahead_ms, s.reason,
           coalesce(r.events, 0) AS events, coalesce(r.refused, 0) AS refused,
           max(s.last_at) OVER (PARTITION BY s.team_id, s.host) AS heard_at,
           greatest(%(silent)s, least(%(patience)s, %(times)s * s.gap_seconds)) AS patience
    FROM events_sender s LEFT JOIN recent r USING (key_id, host)
    WHERE s.team_id = ANY(%(teams)s) AND s.last_at >= %(known)s
), judged AS (
    SELECT *, -extract(epoch FROM last_at)::float8 AS place, CASE
        WHEN last_at < %(now)s - make_interval(secs => patience)
            THEN CASE WHEN host <> '' AND heard_at > last_at THEN 9 ELSE 0 END
        WHEN ahead_ms > %(ahead)s OR ahead_ms < -%(behind)s THEN 1
        WHEN refused > %(share)s * (events + refused) THEN 2
        ELSE 3 END AS rank
    FROM known
)
"""
_PAGE = (
    _JUDGED
    + """
SELECT j.key_id, j.host, j.team_id, j.agent, j.first_at, j.last_at, j.gap_seconds, j.ahead_ms, j.reason, j.events,
       j.refused, j.rank, j.place, j.patience, k.name, k.revoked_at, k.expires_at, t.name
FROM judged j LEFT JOIN accounts_apikey k ON k.id = j.key_id LEFT JOIN accounts_team t ON t.id = j.team_id
WHERE j.rank < 9 AND (%(state)s::int IS NULL OR j.rank = %(state)s)
  AND (%(find)s = '' OR strpos(lower(j.host), %(find)s) > 0 OR strpos(lower(coalesce(k.name, '')), %(find)s) > 0)
  AND (%(after_rank)s::int IS NULL
       OR (j.rank, j.place, j.key_id, j.host) > (%(after_rank)s, %(after_place)s, %(after_key)s, %(after_host)s))
ORDER BY j.rank, j.place, j.key_id, j.host LIMIT %(limit)s
"""
)
_COUNT = _JUDGED + "SELECT rank, count(*) FROM judged WHERE rank < 9 GROUP BY rank"  # noqa: S608  (constants)
# The last event of each host, by the index of hosts; only of the days around when it was last heard.
_LAST_WORDS = """
SELECT asked.place, last.time, last.dataset, last.action, last.category
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) WITH ORDINALITY AS asked (team_id, host, last_at, place)
CROSS JOIN LATERAL (
    SELECT e.time, e.dataset, e.action, e.category FROM event e
    WHERE e.host_name = asked.host AND e.team_id = asked.team_id AND e.time <= asked.last_at + interval '1 hour'
      AND NOT starts_with(e.index, '.')
      AND e.time > asked.last_at - interval '1 day' AND e.day >= (asked.last_at - interval '1 day')::date
      AND e.day <= (asked.last_at + interval '1 hour')::date
    ORDER BY e.time DESC LIMIT 1
) AS last
"""


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A host by its key as it does now."""

    key_id: str
    host: str
    team_id: int
    agent: str
    first_at: datetime
    last_at: datetime
    gap_seconds: float
    ahead_ms: int | None
    reason: str
    events: int  # taken in since `recent_since`
    refused: int  # and refused
    rank: int
    place: float
    patience_seconds: float
    key_name: str | None
    key_revoked_at: datetime | None
    key_expires_at: datetime | None
    team_name: str | None
    last_word: str = ""

    @property
    def state(self) -> str:
        """One of STATES."""
        return list(STATES)[self.rank]

    @property
    def search(self) -> str:
        """A search for its events."""
        return clause_of("host.name", self.host) or ""

    @property
    def refused_share(self) -> float:
        """Between 0 and 1."""
        return self.refused / max(self.events + self.refused, 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many senders are in each state."""

    by_state: dict[str, int]

    @property
    def known(self) -> int:
        """All that sent within the last days."""
        return sum(self.by_state.values())

    def of(self, state: str) -> int:
        """Those in one state."""
        return self.by_state.get(state, 0)


def recent_since(now: datetime) -> datetime:
    """From when on events are counted for a sender's rate: the whole hour before this one."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def page(
    *,
    team_ids: Sequence[int],
    now: datetime,
    state: str = "",
    find: str = "",
    after: str | None = None,
    limit: int = ROWS,
) -> KeyPage[SenderRow]:
    """Senders of these teams, worst first, perhaps of one state or with a text in host or key. One query."""
    key = read_key(after, _SALT)
    rank, place, key_id, host = key.values if key.values is not None else (None, None, None, None)
    asked = _limits(team_ids, now) | {
        "state": list(STATES).index(state) if state in STATES else None,
        "find": find.lower(),
        "after_rank": rank,
        "after_place": place,
        "after_key": key_id,
        "after_host": host,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, asked)
        rows = [SenderRow(*row) for row in cursor.fetchall()]
    return cut(rows, limit, lambda row: (row.rank, row.place, row.key_id, row.host), _SALT, key.notice)


def count(*, team_ids: Sequence[int], now: datetime) -> Counts:
    """How many there are in each state. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _limits(team_ids, now))
        found = dict(cursor.fetchall())
    return Counts({state: found.get(rank, 0) for rank, state in enumerate(STATES)})


def last_words(rows: Sequence[SenderRow]) -> dict[tuple[int, str], str]:
    """What the last event of each host was: "process_started in endpoint.events". One query over an index."""
    asked = [row for row in rows if row.host]
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _LAST_WORDS, [[row.team_id for row in asked], [row.host for row in asked], [row.last_at for row in asked]]
        )
        found = cursor.fetchall()
    return {(asked[place - 1].team_id, asked[place - 1].host): _word(*told) for place, _, *told in found}


def _word(dataset: str | None, action: list[str] | None, category: list[str] | None) -> str:
    what = " ".join((action or category or [])[:1])
    return " in ".join(filter(None, (what, dataset)))


def _limits(team_ids: Sequence[int], now: datetime) -> dict[str, Any]:
    return {
        "teams": list(team_ids),
        "now": now,
        "recent": recent_since(now),
        "known": now - KNOWN_FOR,
        "silent": SILENT_AFTER.total_seconds(),
        "patience": LONGEST_PATIENCE.total_seconds(),
        "times": TIMES_USUAL,
        "ahead": AHEAD_MS,
        "behind": BEHIND_MS,
        "share": REFUSED_SHARE,
    }
