"""Which processes a process started, and which are above it, by their entity ids alone: for searches that follow it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

MOST = 50
MOST_ABOVE = 10

# One event of each that names a parent is enough. A ring of forged ids runs to the bound.
_ABOVE = """
WITH RECURSIVE up (entity, depth) AS (
    SELECT %(parent)s::text, 1
    UNION ALL
    SELECT above.entity, up.depth + 1 FROM up CROSS JOIN LATERAL (
        SELECT process_parent_entity_id AS entity FROM event
        WHERE process_entity_id = up.entity AND process_parent_entity_id IS NOT NULL AND team_id = ANY(%(teams)s)
        AND day BETWEEN %(start)s AND %(end)s LIMIT 1
    ) AS above WHERE up.depth < %(most)s
)
SELECT entity FROM up ORDER BY depth
"""


def started_by(entity_ids: Sequence[str], *, team_ids: Sequence[int], start: datetime, end: datetime) -> list[str]:
    """The entity ids of processes whose parent is one of these, at most fifty. One query by an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT process_entity_id FROM (SELECT process_entity_id FROM event "
            "WHERE process_parent_entity_id = ANY(%s) AND team_id = ANY(%s) AND day BETWEEN %s AND %s "
            "AND process_entity_id IS NOT NULL LIMIT 2000) AS found ORDER BY 1 LIMIT %s",
            [list(entity_ids), list(team_ids), start.date(), end.date(), MOST],
        )
        return [row[0] for row in cursor.fetchall()]


def above(parent_id: str, *, team_ids: Sequence[int], start: datetime, end: datetime) -> list[str]:
    """The entity ids from a parent up, the nearest ten at most, each once. One query by an index."""
    asked: dict[str, Any] = {
        "parent": parent_id,
        "teams": list(team_ids),
        "start": start.date(),
        "end": end.date(),
        "most": MOST_ABOVE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, asked)
        return list(dict.fromkeys(row[0] for row in cursor.fetchall()))
