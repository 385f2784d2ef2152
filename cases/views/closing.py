"""A case ends with an outcome, its open alerts and tasks with it; for ten minutes all of it can be taken back."""

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.errors import AlertError
from cases import closing
from cases.errors import CaseError, CaseNotFound, Conflict, FieldRefused, OpenTasks, StaleCase
from cases.forms import CloseForm, ReopenForm
from cases.models import Case, Outcome, Status
from cases.pages import closing_page, seen_case
from cases.views.answers import Spoken, case_url, say, show_case, show_stale
from soc.web.answers import SeeOther
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def close(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Ask for the outcome, and close the case with it."""
    case = seen_case(request.user, case_id)
    if case.status == Status.CLOSED:
        return SeeOther(case_url(case_id))
    if request.method != "POST":
        initial = {"version": case.version, "close_alerts": True}
        return _show_form(request, case, CloseForm(initial=initial))
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _show_form(request, case, form, status=422)
    return _close(request, case, form)


def _close(request: UserRequest, case: Case, form: CloseForm) -> HttpResponseBase:
    try:
        closed = closing.close(
            case_id=case.pk,
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
            **form.cleaned_data,
        )
    except CaseNotFound as error:
        raise Http404(error.message) from error
    except StaleCase as stale:
        fresh = seen_case(request.user, case.pk)
        form.data = {**request.POST.dict(), "version": str(fresh.version)}
        return _show_form(request, fresh, form, status=409, stale=stale)
    except OpenTasks as left:
        form.add_error("drop_tasks", left.message)
        return _show_form(request, case, form, status=422)
    except FieldRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _show_form(request, case, form, status=422)
    except (CaseError, AlertError) as error:
        return _show_form(
            request, case, form, status=409 if isinstance(error, Conflict) else 422, problem=error.message
        )
    say(request, Spoken(_words(closed), reverse("cases:reopen", args=[case.pk]) + "?undo=1"))
    return SeeOther(case_url(case.pk))


@page(Permission.WORK_CASES, methods=("POST",))
def reopen(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Take the case up again; with `?undo=1` as if it had not been closed, alerts and tasks included."""
    case, undo = seen_case(request.user, case_id), request.GET.get("undo") == "1"
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return show_case(request, case, 422, reopen_form=form)
    try:
        opened = closing.reopen(
            case_id=case.pk,
            version=form.cleaned_data["version"],
            note=form.cleaned_data["note"],
            undo=undo,
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StaleCase as stale:
        return show_stale(request, case, stale, form)
    except (CaseError, AlertError) as error:
        status = 409 if isinstance(error, Conflict) else 422
        return show_case(request, seen_case(request.user, case.pk), status, problem=error.message)
    say(request, Spoken(_opened_words(opened) if undo else _("Reopened.")))
    return SeeOther(case_url(case.pk))


def _words(closed: closing.Closed) -> str:
    words = {"case": closed.case, "outcome": Outcome(closed.case.outcome).label.lower(), "n": len(closed.alerts)}
    if not closed.alerts:
        return _("Closed %(case)s as %(outcome)s.") % words
    with_alerts = ngettext(
        "Closed %(case)s and its open alert as %(outcome)s.",
        "Closed %(case)s and its %(n)s open alerts as %(outcome)s.",
        len(closed.alerts),
    )
    return with_alerts % words


def _opened_words(opened: closing.Closed) -> str:
    words = {"case": opened.case, "n": len(opened.alerts)}
    if not opened.alerts:
        return _("%(case)s is as it was before.") % words
    return (
        ngettext(
            "%(case)s and 1 alert are as they were before.",
            "%(case)s and %(n)s alerts are as they were before.",
            len(opened.alerts),
        )
        % words
    )


def _show_form(request: UserRequest, case: Case, form: CloseForm, status: int = 200, **more: Any) -> HttpResponseBase:
    return render(request, "cases/close.html", closing_page(request, case) | {"form": form, **more}, status=status)
