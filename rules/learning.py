"""Until when a new-terms rule learns what is usual: while a team's stored history is shorter than the rule's.

What is new in that time is folded into one alert for each rule and team, instead of a storm at the first run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from rules.models import TeamHistory

_OLDEST = "SELECT time FROM event WHERE team_id = %s ORDER BY time LIMIT 1"
_UPSERT = """
INSERT INTO rules_teamhistory AS known (team_id, since, oldest_at)
SELECT team_id, oldest, oldest FROM unnest(%s::bigint[], %s::timestamptz[]) AS met (team_id, oldest)
ON CONFLICT (team_id) DO UPDATE SET oldest_at = least(known.oldest_at, excluded.oldest_at)
"""


@dataclass(frozen=True, slots=True)
class Began:
    """Since when a team's events are judged (by its first ones, `since`), and the time of the oldest so far."""

    since: datetime
    oldest_at: datetime


def note_oldest(oldest: Mapping[int, datetime]) -> None:
    """Note the times of the oldest events of a pass, by team. One query; a second one when they are older than any."""
    known = dict(TeamHistory.objects.filter(pk__in=list(oldest)).values_list("pk", "oldest_at"))
    older = sorted((team_id, at) for team_id, at in oldest.items() if team_id not in known or at < known[team_id])
    if older:
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [list(column) for column in zip(*older, strict=True)])


def began(team_id: int) -> Began | None:
    """Since when the team has events; None while it has none. One query; the first time for a team it is looked up."""
    row = TeamHistory.objects.filter(pk=team_id).first()
    if row is not None:
        return Began(row.since, row.oldest_at)
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, [team_id])
        found = cursor.fetchone()
    if found is None:
        return None
    note_oldest({team_id: found[0]})
    return Began(found[0], found[0])
