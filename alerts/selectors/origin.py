"""Whose events an alert rests on, where it was handed to another team.

The alert and the event it keeps moved; the events around it did not. They are looked up for who sees the team whose
agents sent them, and for nobody else.
"""

from typing import Any

from django.db import connection

from accounts.models import Team
from alerts.models import Alert
from alerts.workflow import ESCALATED, OBJECT_TYPE

HOME = """
coalesce((SELECT (before ->> 'team_id')::bigint FROM accounts_change WHERE object_type = %(type)s
  AND object_id = %(number)s AND verb = %(escalated)s ORDER BY id LIMIT 1), %(team)s)
"""
"""The team in which an alert was raised: the one that it was handed over from first. Takes what `about` gives."""


def about(alert: Alert) -> dict[str, Any]:
    """What HOME asks of an alert."""
    return {"type": OBJECT_TYPE, "number": str(alert.pk), "escalated": ESCALATED, "team": alert.team_id}


def events_team(alert: Alert) -> int:
    """The team in which the alert was raised. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {HOME}", about(alert))
        return int(cursor.fetchone()[0])


def team_name(team_id: int) -> str:
    """What the team is called. One query."""
    return str(Team.objects.filter(pk=team_id).first() or "")
