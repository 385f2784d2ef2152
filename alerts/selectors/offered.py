"""Values that a query over alerts may ask for, out of the columns of alerts: all there are, not those of a sample.

What completes queries (events/completing) lies below alerts, so alerts tell it of this when the process starts. One
read a field costs some milliseconds, 30 with thousands of hosts, and is remembered for half a minute.
"""

from collections.abc import Sequence
from hashlib import blake2b

from django.core.cache import cache
from django.db import connection

from accounts.selectors import people_to_assign
from alerts.models import Reason

MOST = 2_000
"""Values remembered of a field; of those beyond, the ones that begin as typed are looked up."""
_NEAR = 50
_NEWEST = 500  # alerts that say which values are frequent
_OF_VALUE = 300  # alerts of a value, the newest, that are looked at for one of a person's teams
_REMEMBERED_SECONDS = 30
_COLUMNS = {"host.name": "host_name", "user.name": "user_name"}
_NAME = "kibana.alert.rule.name"
_ASSIGNEE = "kibana.alert.workflow_assignee_ids"
_REASON = "kibana.alert.workflow_reason"

# From one value to the next through the index, however many alerts have each.
_WALK = """
WITH RECURSIVE walk(value) AS (
    (SELECT {column} FROM alerts_alert WHERE {column} >= %(since)s ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM alerts_alert WHERE {column} > walk.value ORDER BY {column} LIMIT 1)
    FROM walk WHERE walk.value IS NOT NULL
)
SELECT value FROM walk WHERE value IS NOT NULL AND EXISTS (
    SELECT 1 FROM (
        SELECT team_id FROM alerts_alert WHERE {column} = walk.value ORDER BY id DESC LIMIT {of_value}
    ) AS newest WHERE team_id = ANY(%(teams)s)
) LIMIT %(most)s
"""
_NAMES = """
SELECT DISTINCT told.name FROM rules_rule rule CROSS JOIN LATERAL (
    SELECT name FROM (
        SELECT name, team_id FROM alerts_alert WHERE rule_id = rule.id ORDER BY id DESC LIMIT {of_value}
    ) AS newest WHERE team_id = ANY(%(teams)s) LIMIT 1
) AS told ORDER BY told.name LIMIT %(most)s
"""
_OFTEN = """
SELECT value, count(*) FROM (
    SELECT {column} AS value FROM alerts_alert WHERE team_id = ANY(%(teams)s)
    ORDER BY created_at DESC, id DESC LIMIT {newest}
) AS newest WHERE value IS NOT NULL GROUP BY value ORDER BY count(*) DESC, value
"""


def offered(field: str, typed: str, team_ids: Sequence[int]) -> list[tuple[str, int]] | None:
    """The values of a field of alerts of these teams, each with how many of the newest alerts have it, the most
    frequent first and then in order; None for a field that no column tells."""
    if field == _ASSIGNEE:
        return [(str(person), 0) for person in people_to_assign(team_ids)[:MOST]]
    if field == _REASON:
        return [(reason, 0) for reason in Reason.values]
    if field not in _COLUMNS and field != _NAME:
        return None
    known = _known(field, tuple(sorted(team_ids)))
    if len(known) < MOST or not typed or field == _NAME:
        return known
    near = _walk(_COLUMNS[field], team_ids, since=typed, most=_NEAR)
    listed = {value for value, _ in known}
    return [*known, *((value, 0) for value in near if value not in listed)]


def _known(field: str, team_ids: tuple[int, ...]) -> list[tuple[str, int]]:
    key = f"offered:{blake2b(f'{field}:{team_ids}'.encode(), digest_size=16).hexdigest()}"
    found: list[tuple[str, int]] | None = cache.get(key)
    if found is None:
        found = _read(field, team_ids)
        cache.set(key, found, _REMEMBERED_SECONDS)
    return found


def _read(field: str, team_ids: tuple[int, ...]) -> list[tuple[str, int]]:
    column = _COLUMNS.get(field, "name")
    often = _rows(_OFTEN.format(column=column, newest=_NEWEST), team_ids)
    if field == _NAME:
        all_of_them = [row[0] for row in _rows(_NAMES.format(of_value=_OF_VALUE), team_ids)]
    else:
        all_of_them = _walk(column, team_ids, since="", most=MOST)
    listed = {value for value, _ in often}
    return [*((str(value), int(count)) for value, count in often), *((v, 0) for v in all_of_them if v not in listed)]


def _walk(column: str, team_ids: Sequence[int], *, since: str, most: int) -> list[str]:
    sql = _WALK.format(column=column, of_value=_OF_VALUE)
    return [row[0] for row in _rows(sql, team_ids, since=since.replace("\x00", ""), most=most)]


def _rows(sql: str, team_ids: Sequence[int], *, since: str = "", most: int = MOST) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"teams": list(team_ids), "since": since, "most": most})
        return list(cursor.fetchall())
