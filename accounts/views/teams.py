"""Doors to teams, for administrators."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts import access_requests, teams
from accounts.access import page
from accounts.errors import Refused
from accounts.models import Change, Team, User
from accounts.people_forms import MemberForm, TeamForm
from accounts.roles import Permission
from soc.web import clock
from soc.web.http import UserRequest
from soc.web.numbers import whole

_MOST = 500


@page(Permission.MANAGE_USERS, methods=("GET", "POST"))
def list_teams(request: UserRequest) -> HttpResponse:
    """The teams; posting makes one."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = teams.create_team(
                name=form.cleaned_data["name"], actor=request.user, now=clock.now(), door=Change.Door.PAGE
            )
        except Refused as refused:
            form.add_error("name", refused.message)
        else:
            messages.success(request, f"Made the team {made}.")
            return redirect("accounts:team", made.pk)
    active = Count("members", filter=Q(members__is_active=True), distinct=True)
    keys = Count("api_keys", filter=Q(api_keys__revoked_at=None), distinct=True)
    listed = Team.objects.annotate(people=active, keys=keys).order_by("-is_default", "name")[:_MOST]
    context = {"teams": listed, "form": form, "asked": access_requests.waiting(), "now": clock.now()}
    return render(request, "accounts/teams.html", context, status=422 if form.errors else 200)


@page(Permission.MANAGE_USERS, methods=("GET", "POST"))
def team(request: UserRequest, team_id: int) -> HttpResponse:
    """One team: its name, who is in it, and whether it is the default. `do` says which button was pressed."""
    found = get_object_or_404(Team, pk=team_id)
    if request.method == "GET":
        return _show(request, found)
    try:
        said = _did(request, found)
    except Refused as refused:
        return _show(request, found, refused.message)
    if not said:
        return _show(request, found, "That cannot be done. Look again, then choose.")
    messages.success(request, said)
    return redirect("accounts:team", team_id)


def _did(request: UserRequest, team: Team) -> str:
    """Do what was asked for, and say so; nothing, if the form makes no sense."""
    door: dict[str, Any] = {"actor": request.user, "now": clock.now(), "door": Change.Door.PAGE}
    what = request.POST.get("do", "")
    if what == "default":
        return f"{teams.make_default(team=team, **door)} is the default team now."
    if what == "rename":
        name = request.POST.get("name", "")
        return f"The team is called {teams.rename_team(team=team, name=name, **door)} now."
    number = whole(request.POST.get("person", ""))
    person = None if number is None else User.objects.filter(pk=number).first()
    if person is None or what not in {"add", "remove"}:
        return ""
    if what == "add":
        return f"{teams.add_member(team=team, user=person, **door)} is in {team} now."
    return f"{teams.remove_member(team=team, user=person, **door)} is not in {team} any more."


def _show(request: UserRequest, team: Team, refused: str = "") -> HttpResponse:
    members = team.members.order_by("-is_active", "username")[:_MOST]
    context = {
        "team": team,
        "members": members,
        "form": TeamForm(initial={"name": team.name}),
        "member_form": MemberForm(team=team),
        "refused": refused,
        "now": clock.now(),
    }
    return render(request, "accounts/team.html", context, status=422 if refused else 200)
