"""How alerts stood at a past instant: their columns now, rewound by what the record says of later changes.

Each entry of the record holds the whole state before and after. So the first entry after an instant says in `before`
how the alert stood then, and an alert without a later entry stands as it stood.

Few alerts have to be rewound one by one. Most were closed once and never touched again: that they were closed by then
is plain from `closed_at`. Only these can have stood otherwise than their columns say:
  * those not closed at the instant, as far as their columns know (`closed_at` empty or later), and
  * those that an UNUSUAL entry after the instant speaks of: one that left the closed state (reopened, closed anew with
    another reason), moved the alert to another team, or was an undo, which alone can bring an earlier closing back.
An entry is found by index in both cases, so a past instant costs about as much as the present.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from cases.overview.sql import rows

UNUSUAL = (
    "object_type = 'alert' AND (verb = 'undid' OR before ->> 'status' = 'closed' "
    "OR before ->> 'team_id' IS DISTINCT FROM after ->> 'team_id')"
)

_REWOUND = f"""
WITH suspect AS (
    SELECT id FROM alerts_alert WHERE closed_at IS NULL AND NOT building_block AND created_at <= %(at)s
    UNION
    SELECT id FROM alerts_alert
    WHERE closed_at IS NOT NULL AND NOT building_block AND closed_at > %(at)s AND created_at <= %(at)s
    UNION
    SELECT object_id::bigint FROM accounts_change WHERE {UNUSUAL} AND at > %(at)s
)
SELECT a.id, coalesce((team.before ->> 'team_id')::bigint, a.team_id), a.severity, a.rule_id, a.event_time,
    a.created_at, was.before ->> 'reason', was.before ->> 'assignee_id', was.before ->> 'acknowledged_at',
    was.before ->> 'closed_at', was.before ->> 'closed_by_exception_id'
FROM suspect JOIN alerts_alert a ON a.id = suspect.id AND a.created_at <= %(at)s AND NOT a.building_block
CROSS JOIN LATERAL (
    SELECT before FROM accounts_change
    WHERE object_type = 'alert' AND object_id = a.id::text AND at > %(at)s AND before ? 'status'
    ORDER BY at, id LIMIT 1
) was
LEFT JOIN LATERAL (
    SELECT before FROM accounts_change
    WHERE object_type = 'alert' AND object_id = a.id::text AND at > %(at)s AND before ? 'team_id'
    ORDER BY at, id LIMIT 1
) team ON true
WHERE EXISTS (SELECT FROM accounts_change WHERE object_type = 'alert' AND at > %(at)s)
"""  # noqa: S608 - UNUSUAL is a constant

_NAMES = (
    "id", "team_id", "severity", "rule_id", "event_time", "created_at",
    "reason", "assignee_id", "acknowledged_at", "closed_at", "closed_by_exception_id",
)  # fmt: skip

THEN = """
WITH alert_then AS NOT MATERIALIZED (
    SELECT id, severity, rule_id, event_time, created_at, reason, assignee_id, acknowledged_at, closed_at,
        closed_by_exception_id
    FROM alerts_alert
    WHERE NOT building_block AND created_at <= %(at)s AND team_id = ANY(%(teams)s) AND id <> ALL(%(rewound_ids)s)
    UNION ALL
    SELECT id, severity, rule_id, event_time, created_at, reason, assignee_id, acknowledged_at, closed_at,
        closed_by_exception_id
    FROM jsonb_to_recordset(%(rewound)s::jsonb) AS r(
        id bigint, severity int, rule_id text, event_time timestamptz, created_at timestamptz, reason text,
        assignee_id bigint, acknowledged_at timestamptz, closed_at timestamptz, closed_by_exception_id bigint)
)
"""
"""The head of a statement about `alert_then`: the chosen teams' alerts as they stood at the instant. Open: closed_at
is empty. Parameters: those of `Then.values`."""


@dataclass(frozen=True, slots=True)
class Then:
    """An instant, the teams, and the alerts whose columns have changed since."""

    at: datetime
    team_ids: tuple[int, ...]
    values: dict[str, Any]


def alerts_at(at: datetime, team_ids: Sequence[int]) -> Then:
    """Find what has to be rewound. One query; what it costs grows with the backlog of that day, not with the record."""
    found = [dict(zip(_NAMES, row, strict=True)) for row in rows(_REWOUND, {"at": at})]
    mine = [one for one in found if one["team_id"] in team_ids]
    values = {
        "at": at,
        "teams": list(team_ids),
        "rewound_ids": [one["id"] for one in found],
        "rewound": orjson.dumps(mine).decode(),
    }
    return Then(at, tuple(team_ids), values)
