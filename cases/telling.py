"""The notices of cases: who is told what, once, in the transaction of the act."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from accounts.mentions import people_in
from accounts.models import Notice, User
from accounts.notices import notify
from alerts.models import Alert
from alerts.telling import named
from cases.models import Case, Entry, Task


def path_of(case_id: int) -> str:
    """Where a notice about a case leads."""
    return reverse("cases:detail", args=[case_id])


def tell_owner(case: Case, owner: User | None, *, actor: User | None, now: datetime) -> None:
    """Somebody was given a case."""
    if owner is not None:
        notify(
            people=[owner],
            kind=Notice.Kind.ASSIGNED,
            text=f"{case} is yours: {case.title}",
            path=path_of(case.pk),
            key=f"case:{case.pk}:assigned:{case.version}",
            actor=actor,
            now=now,
        )


def tell_of_alerts(case: Case, added: Sequence[Alert], *, actor: User, now: datetime) -> None:
    """Somebody else put alerts into a person's case: they are his to work on from now on."""
    if case.owner is not None and added:
        were = ", was" if len(added) == 1 else " were"
        notify(
            people=[case.owner],
            kind=Notice.Kind.ESCALATED,
            text=f"{named(added)}{were} added to {case} by {actor}: {case.title}",
            path=path_of(case.pk),
            key=f"case:{case.pk}:joined:{case.version}",
            actor=actor,
            now=now,
        )


def tell_task_owner(task: Task, case: Case, owner: User | None, *, actor: User | None, now: datetime) -> None:
    """Somebody was given a task."""
    if owner is not None:
        notify(
            people=[owner],
            kind=Notice.Kind.ASSIGNED,
            text=f"A task in {case} is yours: {task.text}",
            path=path_of(case.pk),
            key=f"task:{task.pk}:assigned:{task.version}",
            actor=actor,
            now=now,
        )


def tell_mentioned(entry: Entry, case: Case, *, actor: User, now: datetime) -> None:
    """Colleagues were called by name in what somebody wrote."""
    people = people_in(entry.text, team_ids=[case.team_id])
    if people:
        notify(
            people=people,
            kind=Notice.Kind.MENTIONED,
            text=f"{actor} mentioned you in {case}: {case.title}",
            path=path_of(case.pk),
            key=f"case:{case.pk}:mention:{entry.pk}",
            actor=actor,
            now=now,
        )
