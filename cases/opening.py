"""A case begins: from alerts, or empty when somebody called."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, Team, User
from accounts.record import record_change
from accounts.roles import Permission
from alerts.models import Alert
from cases import checking
from cases.errors import FieldRefused
from cases.joining import lock_former_homes, locked_alerts, take_in
from cases.models import Case
from cases.telling import tell_owner
from cases.workflow import OBJECT_TYPE, OPEN, CaseState


def open_case(
    *,
    title: str = "",
    severity: int | None = None,
    team: Team,
    alert_ids: Sequence[int] = (),
    summary: str = "",
    owner: User | None = None,
    next_step: str = "",
    due_at: datetime | None = None,
    tags: Iterable[str] = (),
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Case:
    """Open a case of the team, with alerts of the team or without any.

    Without a title it is named after the first alert's rule and host; without a severity it has its alerts' highest.

    Raises: NotAllowed, FieldRefused, AlertNotFound (also for alerts of another team), AlertInCase, AlertOnTheMove,
    TooManyAlerts.
    """
    need(actor, Permission.WORK_CASES)
    if team.pk not in team_ids:
        raise FieldRefused("team", "Choose one of your teams.")
    with transaction.atomic():
        homes_locked = lock_former_homes(alert_ids)
        alerts = locked_alerts(alert_ids, team_id=team.pk)
        case = Case(
            team=team,
            title=checking.title(title.strip() or _title_from(alerts, alert_ids)),
            severity=checking.severity(severity if severity is not None else _highest(alerts)),
            summary=checking.long_text(summary, "summary"),
            owner=checking.owner(owner, team.pk),
            next_step=checking.line(next_step, "next_step", checking.MAX_STEP),
            due_at=checking.moment(due_at, "due_at"),
            tags=list(checking.tags(tags)),
            opened_at=now,
            opened_by=actor,
            updated_at=now,
            demo=bool(alerts) and all(alert.demo for alert in alerts),
        )
        case.save(force_insert=True)
        group = uuid4()
        if alerts:
            take_in(case, alerts, homes_locked, actor=actor, now=now, door=door, group=group)
        _record(case, alerts, actor=actor, now=now, door=door, group=group)
        tell_owner(case, case.owner, actor=actor, now=now)
    return case


def title_from(alert: Alert) -> str:
    """What a case that begins with this alert is called."""
    where = f" on {alert.host_name}" if alert.host_name else ""
    room = checking.MAX_TITLE - len(where)
    return f"{alert.name[:room]}{where}" if room > 0 else alert.name[: checking.MAX_TITLE]


def _title_from(alerts: Sequence[Alert], alert_ids: Sequence[int]) -> str:
    first = next((alert for alert in alerts if alert.pk == alert_ids[0]), None) if alert_ids else None
    return title_from(first) if first else ""


def _highest(alerts: Sequence[Alert]) -> int | None:
    return max((alert.severity for alert in alerts), default=None)


def _record(case: Case, alerts: Sequence[Alert], *, actor: User, now: datetime, door: Change.Door, group: UUID) -> None:
    after = CaseState.of(case).to_json() | {"version": case.version, "added": [alert.pk for alert in alerts]}
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=OPEN,
        object_type=OBJECT_TYPE,
        object_id=case.pk,
        after=after,
        team=case.team,
        group=group,
    )
