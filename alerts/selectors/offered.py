"""Values that a query over alerts may ask for, out of the columns of alerts and not of a sample of alerts.

What completes queries (events/completing) lies below alerts, so alerts tell it of this when the process starts. One
read a field costs some milliseconds, 30 with thousands of hosts, and is remembered for half a minute. Who attacks may
choose names by the million, so a read takes so many steps and no more (a quarter of a second): then there are the
values of the newest alerts, those that lie within the steps, and those near to what is typed. A value that a team has
only behind some hundred newer alerts of other teams may be missing.
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
_STEPS = 10_000  # from value to value, whosever they are; 25 microseconds each
_STEPS_NEAR = 2_000  # the same for those that begin as typed, at each key press
_OF_VALUE = 300  # alerts of a value, the newest, that are looked at for one of a person's teams
_REMEMBERED_SECONDS = 30
_COLUMNS = {"host.name": "host_name", "user.name": "user_name"}
_NAME = "kibana.alert.rule.name"
_ASSIGNEE = "kibana.alert.workflow_assignee_ids"
_REASON = "kibana.alert.workflow_reason"

# From one value to the next through the index, however many alerts have each. The last step is told of whosever value
# it came to, to know that there are more.
_WALK = """
WITH RECURSIVE walk(value, step) AS (
    (SELECT {column}, 1 FROM alerts_alert WHERE {column} >= %(since)s ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM alerts_alert WHERE {column} > walk.value ORDER BY {column} LIMIT 1),
        walk.step + 1
    FROM walk WHERE walk.value IS NOT NULL AND walk.step < %(steps)s
)
SELECT value, step FROM walk WHERE value IS NOT NULL AND (step = %(steps)s OR EXISTS (
    SELECT 1 FROM (
        SELECT team_id FROM alerts_alert WHERE {column} = walk.value ORDER BY id DESC LIMIT {of_value}
    ) AS newest WHERE team_id = ANY(%(teams)s)
)) LIMIT %(most)s
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
    known, whole = _known(field, tuple(sorted(team_ids)))
    if whole or not typed or field == _NAME:
        return known
    near, _ = _walk(_COLUMNS[field], team_ids, since=typed, most=_NEAR, steps=_STEPS_NEAR)
    listed = {value for value, _ in known}
    return [*known, *((value, 0) for value in near if value not in listed)]


def _known(field: str, team_ids: tuple[int, ...]) -> tuple[list[tuple[str, int]], bool]:
    """The values, and whether they are all."""
    key = f"values-offered:{blake2b(f'{field}:{team_ids}'.encode(), digest_size=16).hexdigest()}"
    found: tuple[list[tuple[str, int]], bool] | None = cache.get(key)
    if found is None:
        found = _read(field, team_ids)
        cache.set(key, found, _REMEMBERED_SECONDS)
    return found


def _read(field: str, team_ids: tuple[int, ...]) -> tuple[list[tuple[str, int]], bool]:
    column = _COLUMNS.get(field, "name")
    often = _rows(_OFTEN.format(column=column, newest=_NEWEST), team_ids)
    if field == _NAME:
        others, whole = [row[0] for row in _rows(_NAMES.format(of_value=_OF_VALUE), team_ids)], True
    else:
        others, whole = _walk(column, team_ids, since="", most=MOST, steps=_STEPS)
    listed = {value for value, _ in often}
    return [*((str(value), int(count)) for value, count in often), *((v, 0) for v in others if v not in listed)], whole


def _walk(column: str, team_ids: Sequence[int], *, since: str, most: int, steps: int) -> tuple[list[str], bool]:
    """The values from `since` on, and whether there are no more of them."""
    sql = _WALK.format(column=column, of_value=_OF_VALUE)
    rows = _rows(sql, team_ids, since=since.replace("\x00", ""), most=most, steps=steps)
    told = [value for value, step in rows if step < steps]
    return told, len(told) == len(rows) < most


def _rows(
    sql: str, team_ids: Sequence[int], *, since: str = "", most: int = MOST, steps: int = _STEPS
) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"teams": list(team_ids), "since": since, "most": most, "steps": steps})
        return list(cursor.fetchall())
