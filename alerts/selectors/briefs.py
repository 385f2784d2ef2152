"""An alert in one line, where something else names it."""

from collections.abc import Iterable, Sequence
from typing import Any

from alerts.evidence_line import without_marks
from alerts.models import Alert
from alerts.selectors.shapes import AlertBrief

BRIEFLY = (
    "name", "severity", "status", "reason", "fault", "event_time", "created_at", "host_name", "user_name", "evidence",
)  # fmt: skip
"""The columns that a line is made of, beside the number."""


def briefs_of(alert_ids: Sequence[int]) -> list[AlertBrief]:
    """The alerts of these numbers, newest first. One query; none for no numbers."""
    if not alert_ids:
        return []
    return briefs(Alert.objects.filter(pk__in=alert_ids).order_by("-pk"))


def briefs(alerts: Iterable[Alert]) -> list[AlertBrief]:
    """Each alert in one line."""
    return [alert_brief(alert) for alert in alerts]


def alert_brief(alert: Alert) -> AlertBrief:
    """The alert in one line. Its tactics are named only where the revision was loaded along with it."""
    return AlertBrief(
        id=alert.pk,
        name=alert.name,
        severity=alert.severity,
        status=alert.status,
        reason=alert.reason,
        fault=alert.fault,
        event_time=alert.event_time,
        created_at=alert.created_at,
        host_name=alert.host_name,
        user_name=alert.user_name,
        evidence=without_marks(alert.evidence),
        tactics=_tactics(alert),
    )


def brief_of(row: Sequence[Any], tactics: Iterable[str] = ()) -> AlertBrief:
    """The same from the number and the values of BRIEFLY."""
    *told, evidence = row
    return AlertBrief(*(*told, without_marks(evidence), tuple(tactics)))


def _tactics(alert: Alert) -> tuple[str, ...]:
    if not Alert.revision.is_cached(alert):
        return ()
    threat = alert.revision.definition.get("threat", ())
    return tuple(str(tactic.get("name", "")) for tactic in threat)
