"""Doors to the overview: the page and the file."""

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from accounts.access import may, page
from accounts.models import Team
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases.overview.export import HEAD, rows_of
from cases.overview.figures import figures
from cases.overview.forms import RANGES, OverviewForm
from cases.overview.page import nothing_yet, overview_page
from soc.web import clock, csv
from soc.web.http import UserRequest


@page()
def show(request: UserRequest) -> HttpResponse:
    """The managers' overview, as of now or of any past instant."""
    form, now = _form(request), clock.now()
    period, team_ids = form.period(now), form.team_ids()
    context: dict[str, Any] = {
        "form": form,
        "period": period,
        "ranges": RANGES,
        "now": now,
        "nothing_yet": nothing_yet(team_ids),
        "may_set_targets": may(request.user, Permission.SET_TARGETS),
    }
    if not context["nothing_yet"]:
        found = figures(team_ids=team_ids, period=period)
        context["page"] = overview_page(found, all_teams=len(team_ids) == len(form.teams))
    return render(request, "overview/page.html", context)


@page()
def download(request: UserRequest) -> StreamingHttpResponse:
    """The same figures as a CSV file."""
    form, now = _form(request), clock.now()
    period, team_ids = form.period(now), form.team_ids()
    found = figures(team_ids=team_ids, period=period)
    names = ", ".join(str(team) for team in form.teams if team.pk in team_ids)
    return csv.answer(f"overview-{period.at:%Y-%m-%d}.csv", HEAD, rows_of(found, teams=names, computed_at=now))


def _form(request: UserRequest) -> OverviewForm:
    """The person's choices. A team that is not his is not there."""
    form = OverviewForm(request.GET, teams=list(Team.objects.filter(pk__in=teams_of(request.user)).order_by("name")))
    if "team" in form.errors:
        raise Http404
    return form
