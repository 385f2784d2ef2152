"""Dates that have passed, told once each: due dates of cases and tasks, and the days on which waiting cases wake.

Who is told: the owner, else for a task the case's owner, else the managers of the team.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from accounts.models import Notice, User
from accounts.notices import notify
from accounts.roles import Role
from cases.models import Case, Status, Task
from cases.telling import path_of

MOST = 200
_WORKED_ON = (Status.OPEN, Status.IN_PROGRESS)


def notice_overdue(*, now: datetime) -> int:
    """Tell what has passed since the last look, at most 200 of each kind at a time. Returns how many were told.

    Rows that another worker is telling are skipped. Three queries when there is nothing to tell.
    """
    return sum(tell(now) for tell in (_tell_cases, _tell_waking, _tell_tasks))


@transaction.atomic
def _tell_cases(now: datetime) -> int:
    late = Case.objects.filter(_untold("due_at", "told_due_at", now), status__in=_WORKED_ON)
    cases = list(
        late.select_related("owner").select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:MOST]
    )
    for case in cases:
        text = f"{case} is past its date: {case.title}"
        _tell(_responsible(case, case.owner), text, case, f"case:{case.pk}:overdue:{_key(case.due_at)}", now)
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(told_due_at=F("due_at"))
    return len(cases)


@transaction.atomic
def _tell_waking(now: datetime) -> int:
    waiting = Case.objects.filter(_untold("wake_at", "told_wake_at", now), status=Status.ON_HOLD)
    found = waiting.select_related("owner").select_for_update(of=("self",), skip_locked=True)
    cases = list(found.order_by("wake_at")[:MOST])
    for case in cases:
        text = f"{case} wants to be looked at again; it waits for: {case.hold_reason}"
        _tell(_responsible(case, case.owner), text, case, f"case:{case.pk}:wake:{_key(case.wake_at)}", now)
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(told_wake_at=F("wake_at"))
    return len(cases)


@transaction.atomic
def _tell_tasks(now: datetime) -> int:
    late = Task.objects.filter(_untold("due_at", "told_due_at", now), state=Task.State.OPEN)
    late = late.exclude(case__status=Status.CLOSED).select_related("owner", "case__owner")
    tasks = list(late.select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:MOST])
    for task in tasks:
        text = f"A task in {task.case} is past its date: {task.text}"
        people = _responsible(task.case, task.owner or task.case.owner)
        _tell(people, text, task.case, f"task:{task.pk}:overdue:{_key(task.due_at)}", now)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(told_due_at=F("due_at"))
    return len(tasks)


def _untold(date: str, told: str, now: datetime) -> Q:
    return Q(**{f"{date}__lte": now}) & (Q(**{told: None}) | ~Q(**{told: F(date)}))


def _responsible(case: Case, owner: User | None) -> Iterable[User]:
    if owner is not None and owner.is_active:
        return [owner]
    return User.objects.filter(teams=case.team_id, role=Role.MANAGER, is_active=True)


def _tell(people: Iterable[User], text: str, case: Case, key: str, now: datetime) -> None:
    kind = Notice.Kind.PAST_TARGET
    notify(people=people, kind=kind, text=text, path=path_of(case.pk), key=key, actor=None, now=now)


def _key(at: datetime | None) -> str:
    return at.isoformat() if at else ""
