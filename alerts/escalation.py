"""Handing alerts to another team: they leave this team's queue and wait, unowned, in the other's.

What moves is the alert with what it keeps: the event it was raised from, its comments and its record. The events
around it stay with the team whose agents sent them (alerts/selectors/origin.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, Team, User
from accounts.roles import Permission
from alerts import telling
from alerts.errors import EscalationRefused, NoteNeeded
from alerts.models import Alert, Status
from alerts.triage import Outcome, checked_text, locked
from alerts.workflow import ESCALATED, Workflow, write


def to_team(
    *,
    alert_ids: Sequence[int],
    team: Team,
    note: str,
    versions: Mapping[int, int] | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Outcome:
    """Put alerts into the queue of another team, which need not be one's own, and tell its triagers.

    All of them or none. The note says why, for people who have not seen the alerts yet. Taken back within ten minutes
    (alerts/undo.py), also by who does not see that team.

    Raises: NotAllowed, AlertNotFound, StaleAlert, EscalationRefused, NoteNeeded, TextRefused.
    """
    need(actor, Permission.TRIAGE)
    note = checked_text(note, "note")
    if not note:
        raise NoteNeeded("Write a note: the other team has to know why.")
    with transaction.atomic():
        alerts, group = locked(alert_ids, versions=versions, team_ids=team_ids), uuid4()
        for alert in alerts:
            _check(alert, team)
        for alert in alerts:
            new = Workflow.of(alert).with_team(team.pk, now=now)
            write(alert, new, verb=ESCALATED, actor=actor, now=now, door=door, note=note, group=group)
        telling.escalated(alerts=alerts, team=team, note=note, group=group, actor=actor, now=now)
    return Outcome([alert.pk for alert in alerts], group if alerts else None)


def _check(alert: Alert, team: Team) -> None:
    if alert.team_id == team.pk:
        raise EscalationRefused(f"{alert} is in the queue of {team} already.")
    if alert.status == Status.CLOSED:
        raise EscalationRefused(f"{alert} is closed. Reopen it first.")
