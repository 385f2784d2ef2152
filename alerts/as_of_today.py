"""What was done with alerts since they were written among events, for who searches events (events/overlaying.py)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from alerts.models import Alert, Status
from events.fields import iso
from events.overlaying import Named

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
    "team_id", "identity", "status", "reason", "acknowledged_at", "closed_at", "event_time", "suppression",
    "suppressed", "suppressed_from", "suppressed_until", "assignee_id", "assignee__username", "assignee__first_name",
    "assignee__last_name",
)  # fmt: skip


def said_of(asked: Collection[Named]) -> Mapping[Named, Mapping[str, Any]]:
    """What is laid over each alert that is not as it was written, by the team whose event it is, and its identity. One
    query by the index of identities; columns and no models, as a search may ask for a hundred thousand.

    An alert that was handed to another team is that team's to see, while its event stays where it was written: nothing
    is laid over that, so it tells what was known when the alert was raised.
    """
    changed = ~Q(status=Status.OPEN) | Q(assignee__isnull=False) | Q(suppressed__gt=0)
    found = Alert.objects.filter(changed, identity__in=[identity for _, identity in asked])
    rows = (((team_id, bytes(identity)), row) for team_id, identity, *row in found.values_list(*_READ))
    wanted, names = frozenset(asked), dict[int, str]()
    return {named: _said(row, names) for named, row in rows if named in wanted}


def _said(row: Sequence[Any], names: dict[int, str]) -> dict[str, Any]:
    """By the names that the queue's query knows, too (alerts/selectors/searching.py)."""
    status, reason, acknowledged_at, closed_at, event_time, suppression, suppressed, first, last, owner, *name = row
    if owner is not None and owner not in names:
        names[owner] = str(User(**dict(zip(("username", "first_name", "last_name"), name, strict=True))))
    since = (closed_at or acknowledged_at) if status != Status.OPEN else None
    fields: dict[str, Any] = {
        "workflow_status": status,
        "workflow_reason": reason or None,
        "workflow_assignee_ids": names.get(owner),
        "workflow_status_updated_at": iso(since) if since else None,
    }
    if suppression is not None:
        fields["suppression"] = counted(suppressed, event_time, first, last)
    return {"kibana": {"alert": fields}, "signal": {"status": status}}


def counted(hits: int, event_time: datetime, first: datetime | None, last: datetime | None) -> dict[str, Any]:
    """How many hits an alert counted instead of raising them, and from when to when they were."""
    start, end = min(event_time, first or event_time), max(event_time, last or event_time)
    return {"docs_count": hits, "start": iso(start), "end": iso(end)}
