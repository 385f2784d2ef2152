"""Steps of a guide are ticked here. With htmx only the tick changes, so that what was opened beside it stays open."""

from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.errors import StepNotFound
from alerts.forms import StepForm
from alerts.guides import guide_of, steps_alone, tick, ticks_of
from alerts.models import Alert, StepDone
from alerts.views.actions import alert_url
from alerts.views.answers import Spoken, fragment, say, see_other
from alerts.views.detail import alert_context, seen_alert
from alerts.views.frame import came_from, rights
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

_SIDES = {StepDone.Kind.GUIDE.value: "guide", StepDone.Kind.RESPONSE.value: "respond"}


@page(Permission.TRIAGE, methods=("POST",))
def set_step(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Tick a step, or take the tick back."""
    alert = seen_alert(request.user, alert_id)
    form = StepForm(request.POST)
    if not form.is_valid():
        return _sent_back(request, alert, "guide", _("That is no step of this guide."), 422)
    data = form.cleaned_data
    try:
        tick(
            alert_id=alert.pk,
            kind=data["kind"],
            key=data["key"],
            done=data["done"] == "1",
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StepNotFound as error:
        return _sent_back(request, alert, _SIDES[data["kind"]], error.message, 409)
    if wants_part(request):
        return _ticked(request, alert, data["kind"], data["key"])
    return see_other(f"{alert_url(alert, _SIDES[data['kind']], came_from(request))}#step-{data['key']}")


def _ticked(request: UserRequest, alert: Alert, kind: str, key: str) -> HttpResponse:
    """The tick as it stands now, and beside it who did it and the number on the tab."""
    _, guide = guide_of(alert)
    shown = steps_alone(guide, ticks_of(alert.pk))
    step = next((one for one in (*shown.steps, *shown.response) if (one.kind, one.key) == (kind, key)), None)
    if step is None:  # unticking what a newer guide no longer has
        return HttpResponse()
    context = {"alert": alert, "step": step, "checklist": shown, "changed": True, **rights(request.user)}
    return fragment(request, "alerts/_tick.html", context)


def _sent_back(request: UserRequest, alert: Alert, side: str, message: str, status: int) -> HttpResponseBase:
    """The guide as it is now, with what went wrong above it."""
    if not wants_part(request):
        say(request, Spoken(message, problem=True))
        return see_other(alert_url(alert, side, came_from(request)))
    context = alert_context(request, alert, side) | {"step_problem": message}
    response = render_page(request, "alerts/detail.html", context, part="side", status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#side", "outerHTML"
    return response
