"""Handing alerts to another team: which team, and why."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.models import Team
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import escalation
from alerts.errors import AlertError, AlertNotFound, StaleAlert
from alerts.forms import EscalateForm
from alerts.models import Alert
from alerts.selectors.briefs import briefs
from alerts.triage import Outcome
from alerts.views.answers import Spoken, say, see_other
from alerts.views.detail import seen_alert
from alerts.views.frame import came_from, rights
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest
from soc.web.numbers import wholes


@page(Permission.TRIAGE, methods=("GET", "POST"))
def escalate(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Another team's queue for one alert, or with `alert` in the address for several."""
    alert = seen_alert(request.user, alert_id)
    if request.method == "GET":
        chosen = _chosen(request, alert)
        return _form(request, chosen, EscalateForm(teams=_teams(chosen), alerts=chosen), 200)
    form = EscalateForm(request.POST, teams=Team.objects.all())
    chosen = [alert]
    if not form.is_valid():
        return _form(request, _of(form, request, alert), form, 422)
    data = form.cleaned_data
    try:
        outcome = escalation.to_team(
            alert_ids=list(data["versions"]),
            versions=data["versions"],
            team=data["team"],
            note=data["note"],
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StaleAlert as stale:
        return _form(request, _of(form, request, alert), form, 409, stale=stale)
    except AlertError as error:
        status = 404 if isinstance(error, AlertNotFound) else 422
        return _form(request, _of(form, request, alert), form, status, problem=error.message)
    say(request, Spoken(_words(outcome, data["team"]), outcome.group))
    query = came_from(request)
    return see_other(f"{reverse('alerts:queue')}?{query}" if query else reverse("alerts:queue"))


def _chosen(request: UserRequest, alert: Alert) -> list[Alert]:
    """The alert of the address and those ticked besides, as far as the person sees them; at most 500."""
    ticked = [one.split(":")[0] for one in request.GET.getlist("alert")[:500]]
    numbers = {*wholes(ticked), alert.pk}
    return list(Alert.objects.filter(pk__in=numbers, team_id__in=teams_of(request.user)).order_by("-severity", "pk"))


def _of(form: EscalateForm, request: UserRequest, alert: Alert) -> list[Alert]:
    """The alerts of a form that comes back."""
    numbers = [*(form.cleaned_data.get("versions") or {}), alert.pk]
    return list(Alert.objects.filter(pk__in=numbers, team_id__in=teams_of(request.user)).order_by("-severity", "pk"))


def _teams(alerts: list[Alert]) -> Any:
    """The teams that not all of these alerts are with already."""
    here = {alert.team_id for alert in alerts}
    teams = Team.objects.order_by("name")
    return teams.exclude(pk__in=here) if len(here) == 1 else teams


def _form(request: UserRequest, alerts: list[Alert], form: EscalateForm, status: int, **more: Any) -> HttpResponseBase:
    context = {
        "alerts": briefs(alerts),
        "ticks": [f"{alert.pk}:{alert.version}" for alert in alerts],
        "first": alerts[0] if alerts else None,
        "teams": list(_teams(alerts)),
        "form": form,
        "query": came_from(request),
        "now": clock_now(),
        **rights(request.user),
        **more,
    }
    return render(request, "alerts/escalate.html", context, status=status)


def _words(outcome: Outcome, team: Team) -> str:
    count = len(outcome.changed)
    words = ngettext("1 alert is with %(team)s now.", "%(n)s alerts are with %(team)s now.", count)
    return words % {"n": count, "team": team} if count else _("Nothing to change.")
