"""The tasks of a case: added, taken from the guides, ticked, changed."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from cases import todo
from cases.forms import StepsForm, TaskChangeForm, TaskForm
from cases.models import Task
from cases.pages import seen_case
from cases.views.answers import act
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

_SAID = {
    Task.State.DONE.value: gettext_lazy("Done."),
    Task.State.OPEN.value: gettext_lazy("Open again."),
    Task.State.DROPPED.value: gettext_lazy("Marked as not needed."),
}


@page(Permission.WORK_CASES, methods=("POST",))
def add(request: UserRequest, case_id: int) -> HttpResponseBase:
    """A task of one's own."""
    case = seen_case(request.user, case_id)
    form = TaskForm(request.POST, people=people_to_assign([case.team_id]))

    def do(data: dict[str, Any]) -> str:
        todo.add_task(case_id=case.pk, **data, **_by(request))
        return _("Task added.")

    return act(request, case, form, "task_form", do)


@page(Permission.WORK_CASES, methods=("POST",))
def change(request: UserRequest, case_id: int, task_id: int) -> HttpResponseBase:
    """Tick a task, take the tick back, call it not needed, or change its words, owner and date."""
    case = seen_case(request.user, case_id)
    form = TaskChangeForm(request.POST, people=people_to_assign([case.team_id]))

    def do(data: dict[str, Any]) -> str:
        wanted = form.changes()
        todo.change_task(task_id=task_id, version=data["version"], changes=wanted, case_id=case.pk, **_by(request))
        return str(_SAID.get(wanted.get("state", ""), _("Saved.")))

    return act(request, case, form, "changed_task", do)


@page(Permission.WORK_CASES, methods=("POST",))
def take(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Make tasks of offered response steps."""
    case = seen_case(request.user, case_id)
    form = StepsForm(request.POST, offered=[(step.key, step.text) for step in todo.offered_steps(case)])

    def do(data: dict[str, Any]) -> str:
        taken = todo.take_steps(case_id=case.pk, keys=data["step"], **_by(request))
        return ngettext("1 step is a task now.", "%(n)s steps are tasks now.", len(taken)) % {"n": len(taken)}

    return act(request, case, form, "steps_form", do)


def _by(request: UserRequest) -> dict[str, Any]:
    return {"actor": request.user, "now": clock_now(), "team_ids": teams_of(request.user)}
