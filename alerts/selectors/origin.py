"""Whose events an alert rests on, where it was handed to another team.

The alert and the event it keeps moved; the events around it did not. They are looked up for who sees the team whose
agents sent them, and for nobody else.
"""

from accounts.models import Change, Team
from alerts.models import Alert
from alerts.workflow import ESCALATED, OBJECT_TYPE


def events_team(alert: Alert) -> int:
    """The team in which the alert was raised. One query."""
    moves = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(alert.pk), verb=ESCALATED)
    first = moves.order_by("pk").values_list("before__team_id", flat=True).first()
    return int(first) if first else alert.team_id


def team_name(team_id: int) -> str:
    """What the team is called. One query."""
    return Team.objects.filter(pk=team_id).values_list("name", flat=True).first() or ""
