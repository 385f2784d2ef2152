"""Who was first: the message of a 409."""

from accounts.models import Change
from alerts.errors import StaleAlert
from alerts.models import Alert
from alerts.workflow import OBJECT_TYPE

_NO_CHANGE = ("step", "unstep")


def stale(alert: Alert) -> StaleAlert:
    """The error that says who changed the alert last, how and when. One query."""
    last = last_change(alert.pk)
    if last is None:
        return StaleAlert(alert_id=alert.pk, who="Somebody", what="changed", when=None)
    return StaleAlert(alert_id=alert.pk, who=last.actor_name or "Watchbill", what=last.verb, when=last.at)


def stale_elsewhere(alert: Alert) -> StaleAlert:
    """The same of an alert that is with a team the person is not in: the team is named, and nobody in it."""
    return StaleAlert(alert_id=alert.pk, who=f"Team {alert.team}", what="changed", when=None)


def last_change(alert_id: int) -> Change | None:
    """The newest entry of the record about this alert; a step that was ticked changes nothing that could be stale."""
    changes = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(alert_id)).exclude(verb__in=_NO_CHANGE)
    return changes.order_by("-at", "-pk").first()
