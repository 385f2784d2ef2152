"""What was done with alerts since they were written among events, for who searches events (events/overlaying.py)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from alerts.models import Alert, Status
from events.fields import iso

FIELDS = (
    "kibana.alert.workflow_status",
    "kibana.alert.workflow_status_updated_at",
    "kibana.alert.workflow_reason",
    "kibana.alert.workflow_assignee_ids",
    "kibana.alert.suppression",
    "signal.status",
)
"""What of an alert changes after it was raised. Names and severities are as the rule said then."""
_READ = (
    "identity", "status", "reason", "acknowledged_at", "closed_at", "event_time", "suppression", "suppressed",
    "suppressed_from", "suppressed_until", "assignee__username", "assignee__first_name", "assignee__last_name",
)  # fmt: skip


def said_of(identities: Sequence[bytes]) -> Mapping[bytes, Mapping[str, Any]]:
    """What is laid over each alert that is not as it was written. One query by the index of identities."""
    changed = ~Q(status=Status.OPEN) | Q(assignee__isnull=False) | Q(suppressed__gt=0)
    rows = Alert.objects.filter(changed, identity__in=identities).select_related("assignee").only(*_READ)
    return {bytes(alert.identity): _said(alert) for alert in rows}


def _said(alert: Alert) -> dict[str, Any]:
    """By the names that the queue's query knows, too (alerts/selectors/searching.py)."""
    since = alert.closed_at or alert.acknowledged_at
    fields: dict[str, Any] = {
        "workflow_status": alert.status,
        "workflow_reason": alert.reason or None,
        "workflow_assignee_ids": str(alert.assignee) if alert.assignee else None,
        "workflow_status_updated_at": iso(since) if since and alert.status != Status.OPEN else None,
    }
    if alert.suppression is not None:
        fields["suppression"] = counted(alert)
    return {"kibana": {"alert": fields}, "signal": {"status": alert.status}}


def counted(alert: Alert) -> dict[str, Any]:
    """How many hits the alert counted instead of raising them, and from when to when they were."""
    return {
        "docs_count": alert.suppressed,
        "start": iso(min(alert.event_time, alert.suppressed_from or alert.event_time)),
        "end": iso(max(alert.event_time, alert.suppressed_until or alert.event_time)),
    }
