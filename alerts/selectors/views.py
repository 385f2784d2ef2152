"""What the views that everybody has show before anything is chosen. Waiting ones leave out what is snoozed."""

from datetime import datetime

from accounts.models import User
from accounts.time_zones import zone_of
from alerts.models import Severity, Status
from alerts.selectors.shapes import QueueFilters

WAITING = (Status.OPEN.value, Status.ACKNOWLEDGED.value)
_WAITING = QueueFilters(statuses=WAITING, snoozed="out")


def filters_of_views(user: User, now: datetime) -> dict[str, QueueFilters]:
    """The filters of each view by its name."""
    grave = (Severity.HIGH.value, Severity.CRITICAL.value)
    return {
        "triage": _WAITING,
        "mine": QueueFilters(statuses=WAITING, snoozed="out", assignee="me"),
        "urgent": QueueFilters(statuses=WAITING, snoozed="out", severities=grave),
        "closed": QueueFilters(statuses=(Status.CLOSED.value,), closed_since=midnight_of(user, now)),
        "all": QueueFilters(),
    }


def midnight_of(user: User, now: datetime) -> datetime:
    """When the person's day began: "today" is said in his time zone, as on every other page."""
    return now.astimezone(zone_of(user.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
