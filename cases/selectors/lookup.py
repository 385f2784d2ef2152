"""The first line of every page about one case: load it, and check that the person may see it.

What is of another team is as absent as what never was, but for the case's own page, which says whose it is
(cases/pages.py).
"""

from collections.abc import Sequence

from django.db.models import F

from accounts.models import User
from accounts.selectors import teams_of
from cases.errors import CaseNotFound, TaskNotFound
from cases.machine import IN_HAND
from cases.models import Case, CaseAlert, Task

MOST_CHOICES = 200


def case_for(user: User, case_id: int) -> Case:
    """The case with its people and its team. Two queries.

    Raises: CaseNotFound.
    """
    loaded = Case.objects.select_related("team", "owner", "opened_by")
    case = loaded.filter(pk=case_id).first() if 0 < case_id < 2**63 else None
    if case is None or case.team_id not in teams_of(user):
        raise CaseNotFound(case_id, team=case.team if case else None)
    return case


def task_for(case: Case, task_id: int) -> Task:
    """A task of the case. One query.

    Raises: TaskNotFound.
    """
    loaded = Task.objects.select_related("owner", "settled_by")
    task = loaded.filter(pk=task_id, case=case).first() if 0 < task_id < 2**63 else None
    if task is None:
        raise TaskNotFound(task_id)
    return task


def tasks_of(case: Case) -> list[Task]:
    """The case's tasks: open ones first, those with the nearest date before the rest. One query."""
    tasks = Task.objects.filter(case=case).select_related("owner", "settled_by", "created_by")
    order = {Task.State.OPEN: 0, Task.State.DONE: 1, Task.State.DROPPED: 2}
    return sorted(
        tasks.order_by(F("due_at").asc(nulls_last=True), "pk"), key=lambda task: order[Task.State(task.state)]
    )


def case_of_alerts(alert_ids: Sequence[int]) -> dict[int, Case]:
    """The case that each alert is in, for alerts that the person sees. One query; none for no numbers.

    A case of a team that the alert has left is not named: whoever sees the alert need not see that case.
    """
    if not alert_ids:
        return {}
    rows = CaseAlert.objects.filter(alert_id__in=list(alert_ids), case__team_id=F("alert__team_id"))
    return {row.alert_id: row.case for row in rows.select_related("case__owner")}


def open_cases(user: User, *, team_ids: Sequence[int] | None = None) -> list[tuple[int, str]]:
    """The cases in hand that the person sees, newest first, as (number, "CASE-7 · title"); at most 200.

    `team_ids` narrows it to the cases of these teams, such as those of the alerts that are to be added.
    """
    seen = [team for team in teams_of(user) if team_ids is None or team in team_ids]
    rows = Case.objects.filter(team_id__in=seen, status__in=IN_HAND).order_by("-pk")[:MOST_CHOICES]
    return [(number, f"CASE-{number} · {title}") for number, title in rows.values_list("pk", "title")]
