"""Within which time alerts are to be closed: what holds, and for those who may, setting it."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.roles import Permission
from alerts import targets
from alerts.errors import StaleTarget, TargetRefused
from alerts.forms import TargetsForm
from alerts.views.answers import see_other
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page(Permission.SET_TARGETS, methods=("GET", "POST"))
def set_targets(request: UserRequest) -> HttpResponseBase:
    """A time for each severity; all are saved together or none is."""
    form = TargetsForm(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        return _answer(request, form, 200)
    if form.is_valid():
        try:
            changed = targets.set_targets(
                values=form.values(), versions=form.versions(), actor=request.user, now=clock_now()
            )
        except TargetRefused as error:
            form.refuse(error.severity, error.message)
        except StaleTarget as stale:
            return _answer(request, TargetsForm(), 409, stale)
        else:
            messages.success(request, _("Targets saved.") if changed else _("Nothing to change."))
            return see_other(reverse("alerts:targets"))
    return _answer(request, form, 422)


def _answer(request: UserRequest, form: TargetsForm, status: int, stale: StaleTarget | None = None) -> HttpResponseBase:
    context = {"form": form, "stale": stale, "last": targets.last_change(), "now": clock_now()}
    return render(request, "alerts/targets.html", context, status=status)
