"""Dates that have passed, told once each: due dates of cases and tasks, and the days on which waiting cases wake.

Who is told: the owner, else for a task the case's owner, else the managers of the team, else the administrators. An
owner who has left the team by now is no longer told of its cases.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from accounts.models import Notice, User
from accounts.notices import notify
from accounts.roles import Role
from accounts.selectors import people_to_assign
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
    teams = _Teams()
    for case in cases:
        text = f"{case} is past its date: {case.title}"
        _tell(teams.responsible(case, case.owner), text, case, f"case:{case.pk}:overdue:{_key(case.due_at)}", now)
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(told_due_at=F("due_at"))
    return len(cases)


@transaction.atomic
def _tell_waking(now: datetime) -> int:
    waiting = Case.objects.filter(_untold("wake_at", "told_wake_at", now), status=Status.ON_HOLD)
    found = waiting.select_related("owner").select_for_update(of=("self",), skip_locked=True)
    cases = list(found.order_by("wake_at")[:MOST])
    teams = _Teams()
    for case in cases:
        text = f"{case} wants to be looked at again; it waits for: {case.hold_reason}"
        _tell(teams.responsible(case, case.owner), text, case, f"case:{case.pk}:wake:{_key(case.wake_at)}", now)
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(told_wake_at=F("wake_at"))
    return len(cases)


@transaction.atomic
def _tell_tasks(now: datetime) -> int:
    late = Task.objects.filter(_untold("due_at", "told_due_at", now), state=Task.State.OPEN)
    late = late.exclude(case__status=Status.CLOSED).select_related("owner", "case__owner")
    tasks = list(late.select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:MOST])
    teams = _Teams()
    for task in tasks:
        text = f"A task in {task.case} is past its date: {task.text}"
        people = teams.responsible(task.case, task.owner, task.case.owner)
        _tell(people, text, task.case, f"task:{task.pk}:overdue:{_key(task.due_at)}", now)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(told_due_at=F("due_at"))
    return len(tasks)


def _untold(date: str, told: str, now: datetime) -> Q:
    return Q(**{f"{date}__lte": now}) & (Q(**{told: None}) | ~Q(**{told: F(date)}))


class _Teams:
    """Who is told what of a team: asked for once in each round, which may tell two hundred dates."""

    def __init__(self) -> None:
        self._members: dict[int, set[int]] = {}
        self._leaders: dict[int, Sequence[User]] = {}

    def responsible(self, case: Case, *owners: User | None) -> Sequence[User]:
        """The first of these owners who may still be given a case of the team, else who leads it."""
        team_id = case.team_id
        if team_id not in self._members:
            self._members[team_id] = {person.pk for person in people_to_assign([team_id])}
        for owner in owners:
            if owner is not None and owner.pk in self._members[team_id]:
                return [owner]
        return self._leading(team_id)

    def _leading(self, team_id: int) -> Sequence[User]:
        if team_id not in self._leaders:
            active = User.objects.filter(is_active=True)
            managers = list(active.filter(teams=team_id, role=Role.MANAGER))
            self._leaders[team_id] = managers or list(active.filter(role=Role.ADMIN))
        return self._leaders[team_id]


def _tell(people: Iterable[User], text: str, case: Case, key: str, now: datetime) -> None:
    kind = Notice.Kind.PAST_TARGET
    notify(people=people, kind=kind, text=text, path=path_of(case.pk), key=key, actor=None, now=now)


def _key(at: datetime | None) -> str:
    return at.isoformat() if at else ""
