"""The open alerts of an instant: by severity, age and owner, and which are past their target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.models import Severity
from cases.overview.states import THEN, Then
from cases.overview.targets import Targets

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = (HOUR, 4 * HOUR, DAY, 3 * DAY)

_WAITING = f"""
{THEN}
SELECT severity, width_bucket(created_at, %(edges)s::timestamptz[]), count(*),
    count(*) FILTER (WHERE assignee_id IS NULL), count(*) FILTER (WHERE created_at < target.due), min(created_at)
FROM alert_then JOIN unnest(%(severities)s::int[], %(due)s::timestamptz[]) AS target(of, due) ON target.of = severity
WHERE closed_at IS NULL
GROUP BY 1, 2
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Group:
    """Open alerts of one severity between two ages; `older_than` is empty for the youngest, `up_to` for the oldest."""

    severity: int
    older_than: timedelta
    up_to: timedelta | None
    alerts: int
    unowned: int
    past_target: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that was open, and the targets that held then."""

    groups: list[Group]
    steps: tuple[timedelta, ...]
    targets: Targets
    oldest_at: datetime | None

    @property
    def open(self) -> int:
        """How many alerts were open."""
        return sum(group.alerts for group in self.groups)

    @property
    def past_target(self) -> int:
        """How many of them were older than the target of their severity."""
        return sum(group.past_target for group in self.groups)

    @property
    def unowned(self) -> int:
        """How many had no owner."""
        return sum(group.unowned for group in self.groups)

    def of(self, severity: int) -> "Waiting":
        """Those of one severity."""
        return Waiting([one for one in self.groups if one.severity == severity], self.steps, self.targets, None)


def waiting_at(then: Then, targets: Targets) -> Waiting:
    """What was open. One query."""
    steps = tuple(sorted({*STEPS, *targets.values()}))
    values = {
        "edges": [then.at - step for step in reversed(steps)],
        "severities": list(Severity.values),
        "due": [then.at - targets[severity] if severity in targets else None for severity in Severity.values],
    }
    found = then.rows(_WAITING, values)
    groups = [_group(severity, len(steps) - edge, steps, counts) for severity, edge, *counts in found]
    oldest = min((row[5] for row in found), default=None)
    return Waiting(sorted(groups, key=lambda one: (one.older_than, -one.severity)), steps, targets, oldest)


def _group(severity: int, index: int, steps: Sequence[timedelta], counts: Sequence[int]) -> Group:
    """`index` counts the steps of age, youngest first."""
    older, up_to = (timedelta(), *steps)[index], (*steps, None)[index]
    return Group(severity, older, up_to, counts[0], counts[1], counts[2])
