"""Alerts come into a case and leave it. What is in a case is being worked on, so it leaves the triage queue.

An alert is in one case at a time. The case is locked first, then the alerts in the order of their numbers, so that two
people adding alerts wait for each other but never both.

An alert that was escalated to another team stays listed in the case as "moved to team …", without details; when that
team takes it into a case of its own, it leaves the first one, and the first one's record says so.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.roles import Permission
from alerts.errors import AlertNotFound
from alerts.models import Alert
from alerts.models import Status as AlertStatus
from alerts.triage import locked
from alerts.workflow import Move, Workflow, write_all
from cases import checking
from cases.errors import AlertInCase, AlertOnTheMove, TooManyAlerts
from cases.models import Case, CaseAlert
from cases.steps_done import note_steps_done
from cases.telling import tell_of_alerts
from cases.workflow import JOIN, LEAVE, CaseState, locked_case, write

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Joined:
    """Which alerts an act added, and which were in the case before."""

    added: list[int]
    already: list[int]


def add_alerts(
    *,
    case_id: int,
    alert_ids: Sequence[int],
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Joined:
    """Put alerts of the case's team into the case. Open ones count as acknowledged, unowned ones get its owner.

    Raises: NotAllowed, CaseNotFound, CaseClosed, AlertNotFound (also for alerts of another team), AlertInCase,
    AlertOnTheMove, TooManyAlerts.
    """
    need(actor, Permission.WORK_CASES)
    with transaction.atomic():
        case, homes_locked = _locked_with_former_homes(case_id, alert_ids, team_ids)
        alerts = locked_alerts(alert_ids, team_id=case.team_id)
        already = _in_case(case, alerts)
        fresh = [alert for alert in alerts if alert.pk not in already]
        if fresh:
            group = group or uuid4()
            take_in(case, fresh, homes_locked, actor=actor, now=now, door=door, group=group)
            added = [alert.pk for alert in fresh]
            state = replace(CaseState.of(case), demo=case.demo and all(alert.demo for alert in fresh))
            write(case, state, verb=JOIN, actor=actor, now=now, door=door, group=group, besides={"added": added})
            tell_of_alerts(case, fresh, actor=actor, now=now)
    return Joined([alert.pk for alert in fresh], already)


def remove_alert(
    *,
    case_id: int,
    alert_id: int,
    note: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Case:
    """Take an alert out of the case; the alert itself stays as it is. One of another team by now may go too.

    Raises: NotAllowed, CaseNotFound, CaseClosed, AlertNotFound when it is not in the case.
    """
    need(actor, Permission.WORK_CASES)
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids)
        gone, _ = CaseAlert.objects.filter(case=case, alert_id=alert_id).delete()
        if not gone:
            raise AlertNotFound(alert_id)
        _record_leaving(case, [alert_id], note=checking.note(note), actor=actor, now=now, door=door)
    return case


def remove_alerts(
    *,
    case_id: int,
    alert_ids: Sequence[int],
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> list[int]:
    """Take those of the alerts that are in the case out of it, as one act; returns their numbers.

    Raises: NotAllowed, CaseNotFound, CaseClosed.
    """
    need(actor, Permission.WORK_CASES)
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids)
        there = CaseAlert.objects.filter(case=case, alert_id__in=alert_ids)
        numbers = sorted(there.values_list("alert_id", flat=True))
        if numbers:
            there.delete()
            _record_leaving(case, numbers, note="", actor=actor, now=now, door=door, group=group)
    return numbers


def locked_alerts(alert_ids: Iterable[int], *, team_id: int) -> list[Alert]:
    """The alerts, locked in the order of their numbers; all have to be of the team.

    Raises: AlertNotFound, TooManyAlerts.
    """
    wanted = sorted(set(alert_ids))
    if len(wanted) > MOST:
        raise TooManyAlerts(len(wanted), MOST)
    if any(not 0 < number < 2**63 for number in wanted):
        raise AlertNotFound(wanted[0])
    return locked(wanted, team_ids=[team_id])


def take_in(
    case: Case,
    alerts: Sequence[Alert],
    homes_locked: AbstractSet[int],
    *,
    actor: User,
    now: datetime,
    door: Change.Door,
    group: UUID,
) -> None:
    """Store that locked alerts are in the case; part of the caller's transaction, which records it for the case.

    `homes_locked` are the cases that lock_former_homes locked for these alerts. Raises: AlertInCase, AlertOnTheMove.
    """
    _leave_former_homes(case, alerts, homes_locked, actor=actor, now=now, door=door)
    rows = [CaseAlert(case=case, alert=alert, added_at=now, added_by=actor) for alert in alerts]
    try:
        with transaction.atomic():
            CaseAlert.objects.bulk_create(rows)
    except IntegrityError:
        _refuse_taken(alerts)
        raise
    _take_on(case, alerts, actor=actor, now=now, door=door, group=group)
    note_steps_done(case, alerts, actor=actor, now=now, door=door, group=group)


def _take_on(
    case: Case, alerts: Sequence[Alert], *, actor: User, now: datetime, door: Change.Door, group: UUID
) -> None:
    """Working on a case is working on its alerts: one that is not closed is acknowledged and has an owner."""
    by: dict[str, Any] = {"actor": actor, "now": now, "door": door, "group": group}
    waiting = [alert for alert in alerts if alert.status == AlertStatus.OPEN]
    worked_on = [alert for alert in alerts if alert.status == AlertStatus.ACKNOWLEDGED]
    told = f"for {case}"
    write_all([Move(one, _taken_on(case, one, now), told) for one in waiting], verb="acknowledged", **by)
    owner = str(case.owner)
    write_all([Move(one, _taken_on(case, one, now), owner) for one in worked_on], verb="assigned", **by)


def _taken_on(case: Case, alert: Alert, now: datetime) -> Workflow:
    state = Workflow.of(alert)
    if alert.status == AlertStatus.OPEN:
        state = state.with_status(AlertStatus.ACKNOWLEDGED, reason="", now=now)
    if alert.assignee_id is None and case.owner_id is not None:
        state = state.with_assignee(case.owner_id, now=now)
    return state


def _in_case(case: Case, alerts: Sequence[Alert]) -> list[int]:
    """Which of the locked alerts are in this case. Raises: AlertInCase for one that another case of the team has."""
    homes = _homes(alerts)
    for alert in alerts:
        home = homes.get(alert.pk)
        if home is not None and home.case_id != case.pk and home.case.team_id == alert.team_id:
            raise AlertInCase(alert_id=alert.pk, case_id=home.case_id)
    return [alert.pk for alert in alerts if alert.pk in homes and homes[alert.pk].case_id == case.pk]


def _refuse_taken(alerts: Sequence[Alert]) -> None:
    """Name the case that was faster, after the database refused a second one."""
    for number, home in sorted(_homes(alerts).items()):
        raise AlertInCase(alert_id=number, case_id=home.case_id)


def _homes(alerts: Sequence[Alert]) -> dict[int, CaseAlert]:
    rows = CaseAlert.objects.filter(alert_id__in=[alert.pk for alert in alerts]).select_related("case__team")
    return {row.alert_id: row for row in rows}


def _locked_with_former_homes(
    case_id: int, alert_ids: Sequence[int], team_ids: Sequence[int]
) -> tuple[Case, frozenset[int]]:
    """Lock the case, and in the order of their numbers those cases of other teams that its new alerts once were in."""
    if len(alert_ids) > MOST:
        raise TooManyAlerts(len(alert_ids), MOST)
    homes_locked = lock_former_homes([*alert_ids], also=case_id)
    return locked_case(case_id, team_ids=team_ids), homes_locked


def lock_former_homes(alert_ids: Sequence[int], also: int | None = None) -> frozenset[int]:
    """Lock the cases that these alerts are in, before the alerts themselves; `also` one more, in the same order.

    Returns which, since an alert may join another case until it is locked itself.
    """
    plausible = [number for number in alert_ids if 0 < number < 2**63]
    homes = set(CaseAlert.objects.filter(alert_id__in=plausible).values_list("case_id", flat=True))
    wanted = homes | ({also} if also is not None and 0 < also < 2**63 else set())
    if len(wanted) > 1 or (wanted and also is None):
        list(Case.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk").values_list("pk"))
    return frozenset(homes)


def _leave_former_homes(
    case: Case,
    alerts: Sequence[Alert],
    homes_locked: AbstractSet[int],
    *,
    actor: User,
    now: datetime,
    door: Change.Door,
) -> None:
    """Alerts that came from another team leave that team's case now.

    Raises: AlertInCase for the own team's; AlertOnTheMove where it came there after the cases were locked: to lock that
    one now, behind the alerts, could have two people wait for each other.
    """
    by_home: dict[int, list[Alert]] = {}
    homes = _homes(alerts)
    for alert in alerts:
        if (home := homes.get(alert.pk)) is None:
            continue
        if home.case.team_id == alert.team_id:
            raise AlertInCase(alert_id=alert.pk, case_id=home.case_id)
        if home.case_id not in homes_locked:
            raise AlertOnTheMove(alert.pk)
        by_home.setdefault(home.case_id, []).append(alert)
    for home_id, moved in sorted(by_home.items()):
        former = homes[moved[0].pk].case
        numbers = [alert.pk for alert in moved]
        CaseAlert.objects.filter(case_id=home_id, alert_id__in=numbers).delete()
        note = f"now with team {case.team}"
        _record_leaving(former, numbers, note=note, actor=actor, now=now, door=door)


def _record_leaving(
    case: Case,
    alert_ids: list[int],
    *,
    note: str,
    actor: User,
    now: datetime,
    door: Change.Door,
    group: UUID | None = None,
) -> None:
    state, besides = CaseState.of(case), {"removed": alert_ids}
    write(case, state, verb=LEAVE, actor=actor, now=now, door=door, note=note, besides=besides, group=group)
