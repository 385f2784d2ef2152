"""How large the backlog was at several instants: the alerts open then, and those past their target.

Here nothing has to be rewound: an alert without an UNUSUAL entry after the first instant was open from its creation
until it was closed, in the team where it is. The few others are followed through the record, from state to state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.models import Severity
from cases.overview.sql import rows
from cases.overview.states import unusual_since
from cases.overview.targets import Targets

_BACKLOG = """
WITH entry AS MATERIALIZED (
    SELECT unusual.id, later.at, later.number, later.before,
        lag(later.at, 1, '-infinity'::timestamptz) OVER (PARTITION BY unusual.id ORDER BY later.at, later.number)
            AS since
    FROM unnest(%(unusual)s::bigint[]) AS unusual(id) CROSS JOIN LATERAL (
        SELECT at, id AS number, before FROM accounts_change
        WHERE object_type = 'alert' AND object_id = unusual.id::text AND at > %(first)s AND before ? 'status'
    ) later
), plain_team AS (
    SELECT DISTINCT ON (id) id, (before ->> 'team_id')::bigint AS team_id
    FROM entry WHERE before ? 'team_id' ORDER BY id, at, number
), span AS (
    SELECT severity, created_at, created_at AS since, closed_at AS until
    FROM alerts_alert
    WHERE closed_at IS NULL AND NOT building_block AND created_at <= %(last)s AND team_id = ANY(%(teams)s::bigint[])
        AND id <> ALL(%(unusual)s::bigint[])
    UNION ALL
    SELECT crossing.* FROM (
        SELECT at, lead(at, 1, 'infinity'::timestamptz) OVER (ORDER BY at) AS following
        FROM unnest(%(instants)s::timestamptz[]) AS at
    ) step CROSS JOIN LATERAL (
        SELECT severity, created_at, created_at AS since, closed_at AS until
        FROM alerts_alert
        WHERE closed_at > step.at AND closed_at <= step.following AND created_at <= step.at
            AND closed_at IS NOT NULL AND NOT building_block AND team_id = ANY(%(teams)s::bigint[])
            AND id <> ALL(%(unusual)s::bigint[])
    ) crossing
    UNION ALL
    SELECT a.severity, a.created_at, greatest(a.created_at, entry.since), entry.at
    FROM entry JOIN alerts_alert a ON a.id = entry.id AND NOT a.building_block
    LEFT JOIN plain_team ON plain_team.id = a.id
    WHERE entry.before ->> 'status' <> 'closed'
        AND coalesce((entry.before ->> 'team_id')::bigint, plain_team.team_id, a.team_id) = ANY(%(teams)s::bigint[])
    UNION ALL
    SELECT a.severity, a.created_at, greatest(a.created_at, last.at), NULL
    FROM (SELECT id, max(at) AS at FROM entry GROUP BY id) last
    JOIN alerts_alert a ON a.id = last.id AND NOT a.building_block
    WHERE a.closed_at IS NULL AND a.team_id = ANY(%(teams)s::bigint[])
)
SELECT moment.number, count(span.severity), count(*) FILTER (WHERE span.created_at < moment.due[span.severity])
FROM unnest(%(instants)s::timestamptz[]) WITH ORDINALITY AS plain(at, number)
JOIN (
    SELECT number, array_agg(due ORDER BY of) AS due
    FROM unnest(%(numbers)s::int[], %(severities)s::int[], %(due)s::timestamptz[]) AS t(number, of, due)
    GROUP BY number
) moment ON moment.number = plain.number
LEFT JOIN span ON span.since <= plain.at AND (span.until IS NULL OR span.until > plain.at)
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waited at one instant."""

    at: datetime
    open: int
    past_target: int


def backlog_at(instants: Sequence[datetime], targets: Sequence[Targets], team_ids: Sequence[int]) -> list[Backlog]:
    """The backlog at each instant (in order of time, each with the targets of then). Two queries."""
    due = [
        (number, severity, instant - held[severity] if severity in held else None)
        for number, (instant, held) in enumerate(zip(instants, targets, strict=True), 1)
        for severity in Severity.values
    ]
    numbers, severities, moments = zip(*due, strict=True)
    values = {
        "unusual": unusual_since(instants[0]),
        "first": instants[0],
        "last": instants[-1],
        "instants": list(instants),
        "teams": list(team_ids),
        "numbers": list(numbers),
        "severities": list(severities),
        "due": list(moments),
    }
    found = {number: (waiting, late) for number, waiting, late in rows(_BACKLOG, values)}
    return [Backlog(instant, *found[number]) for number, instant in enumerate(instants, 1)]
