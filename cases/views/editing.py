"""A case is changed: in place on its page, or everything at once on a page of its own."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from cases import changing
from cases.errors import CaseNotFound, Conflict, FieldRefused, StaleCase
from cases.forms import EditCaseForm, HoldForm, OwnerForm, PhaseForm, StepForm
from cases.models import Case, Phase, Status
from cases.pages import form_page, seen_case
from cases.views.answers import Spoken, act, case_url, say
from soc.web.answers import SeeOther
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page(Permission.WORK_CASES, methods=("POST",))
def step(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Say what comes next, by when, or both."""
    case, form = seen_case(request.user, case_id), StepForm(request.POST)

    def do(data: dict[str, Any]) -> str:
        wanted = {name: data[name] for name in ("next_step", "due_at") if name in request.POST}
        _change(request, case, data["version"], wanted)
        return _("Saved.")

    return act(request, case, form, "step_form", do)


@page(Permission.WORK_CASES, methods=("POST",))
def phase(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Move the case on, or back; what stands in the update box is the reason."""
    case = seen_case(request.user, case_id)
    sent = {name: str(value) for name, value in request.POST.items()}
    form = PhaseForm(sent | {"note": sent.get("note") or sent.get("text", "")})

    def do(data: dict[str, Any]) -> str:
        _change(request, case, data["version"], {"phase": data["phase"]}, data["note"])
        return _("The phase is %(phase)s now.") % {"phase": Phase(data["phase"]).label}

    return act(request, case, form, "phase_form", do, clears="update" if form.data.get("note") else "")


@page(Permission.WORK_CASES, methods=("POST",))
def status(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Put the case on hold, or take it up again."""
    case, form = seen_case(request.user, case_id), HoldForm(request.POST)

    def do(data: dict[str, Any]) -> str:
        hold = data["status"] == Status.ON_HOLD
        waiting = {"hold_reason": data["hold_reason"], "wake_at": data["wake_at"]} if hold else {}
        _change(request, case, data["version"], {"status": data["status"], **waiting})
        return _("On hold.") if hold else _("Taken up again.")

    return act(request, case, form, "hold_form", do)


@page(Permission.WORK_CASES, methods=("POST",))
def assign(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Give the case an owner, or none."""
    case = seen_case(request.user, case_id)
    form = OwnerForm(request.POST, people=people_to_assign([case.team_id]))

    def do(data: dict[str, Any]) -> str:
        _change(request, case, data["version"], {"owner": data["owner"]})
        return _("Assigned to %(person)s.") % {"person": data["owner"]} if data["owner"] else _("Nobody owns it now.")

    return act(request, case, form, "owner_form", do)


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def edit(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Everything of a case on one form."""
    case = seen_case(request.user, case_id)
    if case.status == Status.CLOSED:
        say(request, Spoken(_("A closed case is read-only. Reopen it to change it.")))
        return SeeOther(case_url(case_id))
    if request.method != "POST":
        return _show_form(request, case, _form_of(case))
    form = EditCaseForm(request.POST, people=people_to_assign([case.team_id]))
    if not form.is_valid():
        return _show_form(request, case, form, status=422)
    return _save(request, case, form)


def _save(request: UserRequest, case: Case, form: EditCaseForm) -> HttpResponseBase:
    wanted = {name: value for name, value in form.cleaned_data.items() if name != "version"}
    wanted["severity"] = int(wanted["severity"])
    try:
        _change(request, case, form.cleaned_data["version"], wanted)
    except CaseNotFound as error:
        raise Http404(error.message) from error
    except FieldRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _show_form(request, case, form, status=422)
    except StaleCase as stale:
        fresh = seen_case(request.user, case.pk)
        form.data = {**request.POST.dict(), "version": str(fresh.version)}
        return _show_form(request, fresh, form, status=409, stale=stale)
    except Conflict as conflict:
        return _show_form(request, case, form, status=409, problem=conflict.message)
    say(request, Spoken(_("Saved.")))
    return SeeOther(case_url(case.pk))


def _form_of(case: Case) -> EditCaseForm:
    initial = {name: getattr(case, name) for name in ("version", "title", "next_step", "tags", "summary", "due_at")}
    initial |= {"severity": str(case.severity), "owner": case.owner_id}
    return EditCaseForm(people=people_to_assign([case.team_id]), initial=initial)


def _show_form(
    request: UserRequest, case: Case, form: EditCaseForm, status: int = 200, **more: Any
) -> HttpResponseBase:
    return render(request, "cases/edit.html", form_page(request, case) | {"form": form, **more}, status=status)


def _change(request: UserRequest, case: Case, version: int, wanted: Mapping[str, object], note: str = "") -> None:
    changing.change(
        case_id=case.pk,
        version=version,
        changes=wanted,
        note=note,
        actor=request.user,
        now=clock_now(),
        team_ids=teams_of(request.user),
    )
