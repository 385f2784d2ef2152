"""Trials of an exception over stored events: begun from the panel, watched there, stopped."""

from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import trials
from alerts.errors import AlertError, TrialNotFound
from alerts.models import Trial
from alerts.views.answers import fragment, see_other
from alerts.views.conditions import conditions_from, entry_groups
from alerts.views.exceptions import seen_rule
from alerts.views.frame import rights
from engine import ExceptionEntryError
from soc.web.clock import now as clock_now
from soc.web.htmx import wants_part
from soc.web.http import UserRequest


@page(Permission.EXCEPT, methods=("POST",))
def begin(request: UserRequest, rule_id: str) -> HttpResponseBase:
    """Have the conditions as typed tried over stored events."""
    rule = seen_rule(request.user, rule_id)
    try:
        trial = trials.begin(
            rule=rule,
            groups=entry_groups(conditions_from(request.POST)),
            span=request.POST.get("span", ""),
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except AlertError as error:
        return _shown(request, None, rule_id, str(error), 422)
    except ExceptionEntryError:
        return _shown(request, None, rule_id, _("One of the conditions cannot be used."), 422)
    return _shown(request, trial, rule_id) if wants_part(request) else see_other(_address(trial))


@page(Permission.EXCEPT)
def progress(request: UserRequest, trial_id: UUID) -> HttpResponseBase:
    """How far a trial has come, or what it found."""
    trial = _seen(request.user, trial_id)
    return _shown(request, trial, trial.rule_id)


@page(Permission.EXCEPT, methods=("POST",))
def stop(request: UserRequest, trial_id: UUID) -> HttpResponseBase:
    """End a trial."""
    _seen(request.user, trial_id)
    trial = trials.stop(trial_id=trial_id, actor=request.user, now=clock_now())
    return _shown(request, trial, trial.rule_id) if wants_part(request) else see_other(_address(trial))


def _seen(user: User, trial_id: UUID) -> Trial:
    try:
        return trials.of_person(trial_id, user)
    except TrialNotFound as error:
        raise Http404(error.message) from error


def _address(trial: Trial) -> str:
    return reverse("alerts:trial", args=[trial.pk])


def _shown(
    request: UserRequest, trial: Trial | None, rule_id: str, problem: str = "", status: int = 200
) -> HttpResponseBase:
    """For htmx the part of the panel; else a page of its own, which is asked again by its link."""
    context = {"trial": trial, "rule_id": rule_id, "trial_problem": problem, "now": clock_now(), **rights(request.user)}
    if wants_part(request):
        return fragment(request, "alerts/_trial.html", context)
    return render(request, "alerts/trial.html", context, status=status)
