"""The cases in progress at an instant, the overdue first; as they stood then, from the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from cases.models import Status
from cases.overview.sql import rows

SHOWN = 6
_OVERDUE = "due_at <= %(at)s AND status <> 'on_hold'"  # as in the list of cases: what waits for others is not late
_COLUMNS = "id, team_id, title, severity, status, phase, owner_id, next_step, due_at"

_CASES = f"""
WITH later AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id::bigint AS id, before FROM accounts_change
    WHERE object_type = 'case' AND at > %(at)s AND before ? 'phase' ORDER BY object_id, at, id
), case_then AS (
    SELECT {_COLUMNS} FROM cases_case
    WHERE status <> 'closed' AND opened_at <= %(at)s AND NOT EXISTS (SELECT FROM later WHERE later.id = cases_case.id)
    UNION ALL
    SELECT c.id, was.team_id, was.title, was.severity, was.status, was.phase, was.owner_id, was.next_step, was.due_at
    FROM later JOIN cases_case c USING (id)
    CROSS JOIN LATERAL jsonb_to_record(later.before) AS was(
        team_id bigint, title text, severity int, status text, phase text, owner_id bigint, next_step text,
        due_at timestamptz)
    WHERE c.opened_at <= %(at)s AND was.status <> 'closed'
)
SELECT {_COLUMNS}, count(*) OVER (), count(*) FILTER (WHERE {_OVERDUE}) OVER ()
FROM case_then WHERE team_id = ANY(%(teams)s)
ORDER BY coalesce({_OVERDUE}, false) DESC, status = 'on_hold', due_at, severity DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608 - constants of this module
_ALERTS_IN = """
SELECT object_id::bigint, sum(jsonb_array_length(coalesce(after -> 'added', '[]'))
    - jsonb_array_length(coalesce(after -> 'removed', '[]')))
FROM accounts_change WHERE object_type = 'case' AND object_id = ANY(%(ids)s) AND at <= %(at)s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case as it stood."""

    id: int
    title: str
    severity: int
    status: str
    phase: str
    owner: User | None
    next_step: str
    due_at: datetime | None
    overdue: bool
    alerts: int


@dataclass(frozen=True, slots=True)
class Casework:
    """The cases that were not closed: how many, how many past their due time, and the first of them."""

    open: int
    overdue: int
    shown: list[OpenCase]


def cases_at(at: datetime, team_ids: Sequence[int], limit: int = SHOWN) -> Casework:
    """What was being worked on. Three queries."""
    found = rows(_CASES, {"at": at, "teams": list(team_ids), "limit": limit})
    if not found:
        return Casework(0, 0, [])
    ids = [row[0] for row in found]
    alerts = dict(rows(_ALERTS_IN, {"ids": [str(number) for number in ids], "at": at}))
    owners = User.objects.in_bulk({row[6] for row in found if row[6] is not None})
    return Casework(found[0][9], found[0][10], [_case(row, at, owners, alerts) for row in found])


def _case(row: tuple[Any, ...], at: datetime, owners: dict[int, User], alerts: dict[int, int]) -> OpenCase:
    number, _, title, severity, status, phase, owner_id, next_step, due_at, *_ = row
    overdue = due_at is not None and due_at <= at and status != Status.ON_HOLD
    owner = owners.get(owner_id)
    return OpenCase(
        number, title, severity, status, phase, owner, next_step, due_at, overdue, int(alerts.get(number, 0))
    )
