"""How alerts stood at a past instant: their columns now, rewound by what the record says of later changes.

Each entry of the record holds the whole state before and after. So the first entry after an instant says in `before`
how the alert stood then, and an alert without a later entry stands as it stood.

Few alerts have to be rewound one by one. Most were closed once and never touched again: that they were closed by then
is plain from `closed_at`. Only these can have stood otherwise than their columns say:
  * those not closed at the instant, as far as their columns know (`closed_at` empty or later), and
  * those that an UNUSUAL entry after the instant speaks of: one that left the closed state (reopened, closed anew with
    another reason or fault), moved the alert to another team, or was an undo, which alone can bring an earlier closing
    back.
An entry is found by index in both cases, so a past instant costs about as much as the present.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from cases.overview.sql import rows

UNUSUAL = (
    "object_type = 'alert' AND (verb = 'undid' OR before ->> 'status' = 'closed' "
    "OR before ->> 'team_id' IS DISTINCT FROM after ->> 'team_id')"
)

_ANY_LATER = "SELECT EXISTS (SELECT FROM accounts_change WHERE object_type = 'alert' AND at > %(at)s)"
_UNUSUAL_SINCE = f"SELECT DISTINCT object_id::bigint FROM accounts_change WHERE {UNUSUAL} AND at > %(at)s"  # noqa: S608
_SUSPECTS = """
SELECT id FROM alerts_alert WHERE closed_at IS NULL AND NOT building_block AND created_at <= %(at)s
UNION
SELECT id FROM alerts_alert
WHERE closed_at IS NOT NULL AND NOT building_block AND closed_at > %(at)s AND created_at <= %(at)s
UNION
SELECT id FROM alerts_alert WHERE id = ANY(%(unusual)s::bigint[]) AND NOT building_block AND created_at <= %(at)s
"""
_REWOUND = """
SELECT a.id, coalesce((team.before ->> 'team_id')::bigint, a.team_id), a.severity, a.rule_id, a.event_time,
    a.created_at, was.before ->> 'reason', was.before ->> 'assignee_id', was.before ->> 'acknowledged_at',
    was.before ->> 'closed_at', was.before ->> 'closed_by_exception_id', coalesce(was.before ->> 'fault', '')
FROM unnest(%(suspects)s::bigint[]) AS suspect(id) JOIN alerts_alert a ON a.id = suspect.id
CROSS JOIN LATERAL (
    SELECT before FROM accounts_change
    WHERE object_type = 'alert' AND object_id = suspect.id::text AND at > %(at)s AND before ? 'status'
    ORDER BY at, id LIMIT 1
) was
LEFT JOIN LATERAL (
    SELECT before FROM accounts_change
    WHERE object_type = 'alert' AND object_id = suspect.id::text AND at > %(at)s AND before ? 'team_id'
    ORDER BY at, id LIMIT 1
) team ON true
"""

_NAMES = (
    "id", "team_id", "severity", "rule_id", "event_time", "created_at",
    "reason", "assignee_id", "acknowledged_at", "closed_at", "closed_by_exception_id", "fault",
)  # fmt: skip

_REWOUND_ONES = """
    UNION ALL
    SELECT id, severity, rule_id, event_time, created_at, reason, assignee_id, acknowledged_at, closed_at,
        closed_by_exception_id, fault
    FROM jsonb_to_recordset(%(rewound)s::jsonb) AS r(
        id bigint, severity smallint, rule_id varchar, event_time timestamptz, created_at timestamptz, reason varchar,
        assignee_id bigint, acknowledged_at timestamptz, closed_at timestamptz, closed_by_exception_id bigint,
        fault varchar)
"""
THEN = f"""
WITH alert_then AS NOT MATERIALIZED (
    SELECT id, severity, rule_id, event_time, created_at, reason, assignee_id, acknowledged_at, closed_at,
        closed_by_exception_id, fault
    FROM alerts_alert
    WHERE NOT building_block AND created_at <= %(at)s AND team_id = ANY(%(teams)s::bigint[])
        AND id <> ALL(%(rewound_ids)s::bigint[])
    {_REWOUND_ONES}
)
"""  # noqa: S608 - constants
"""The head of a statement about `alert_then`: the chosen teams' alerts as they stood at the instant. Open: closed_at
is empty. Both halves have the same types, so that the planner looks through the union: it reads only the columns that
the statement asks for, from an index that has them all."""


@dataclass(frozen=True, slots=True)
class Then:
    """An instant, the teams, and the alerts whose columns have changed since."""

    at: datetime
    team_ids: tuple[int, ...]
    rewound_ids: list[int]
    rewound: list[dict[str, Any]]

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement that begins with THEN yields. One query.

        Where nothing was rewound, as at present, the empty half is left out: it costs a tenth by just being there.
        """
        given = {"at": self.at, "teams": list(self.team_ids), "rewound_ids": self.rewound_ids}
        if not self.rewound:
            return rows(statement.replace(_REWOUND_ONES, ""), given | dict(values))
        return rows(statement, given | {"rewound": orjson.dumps(self.rewound).decode()} | dict(values))


def alerts_at(at: datetime, team_ids: Sequence[int]) -> Then:
    """Find what has to be rewound. One query for the present, four for the past.

    They cost by the backlog of that day and by how many alerts were closed since, and that by index alone.
    """
    found = [dict(zip(_NAMES, row, strict=True)) for row in _rewound(at)]
    mine = [one for one in found if one["team_id"] in team_ids]
    return Then(at, tuple(team_ids), [one["id"] for one in found], mine)


def _rewound(at: datetime) -> list[tuple[Any, ...]]:
    """Suspects with an entry after the instant, as they were before it.

    Each list of numbers is handed to the next query as it is: within one query the planner could only guess, from
    statistics that know nothing of what is inside JSON, how many there will be.
    """
    if rows(_ANY_LATER, {"at": at}) == [(False,)]:
        return []
    suspects = rows(_SUSPECTS, {"at": at, "unusual": unusual_since(at)})
    return rows(_REWOUND, {"at": at, "suspects": [number for (number,) in suspects]})


def unusual_since(at: datetime) -> list[int]:
    """The alerts with an UNUSUAL entry after the instant. One query."""
    return [number for (number,) in rows(_UNUSUAL_SINCE, {"at": at})]
