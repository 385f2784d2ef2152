"""The page of something that belongs to another team: whose it is, whom to ask, and a button that asks."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts import access_requests
from accounts.access import page
from accounts.errors import AccessRefused, OtherTeamsPage
from accounts.local_path import FRONT_DOOR, local_path
from accounts.models import AccessRequest, Team, User
from accounts.roles import Permission
from soc.web import clock, errors
from soc.web.answers import SeeOther
from soc.web.http import UserRequest

# What a request is for is signed into its form: nobody asks for, or learns the name of, a team that no page showed.
_SALT = "accounts.access"
_DAY_SECONDS = 24 * 3600
_NAMED_TEAMS = 4


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 (soc/urls.py names it): for a page of another team the one below, else the usual one."""
    if isinstance(exception, OtherTeamsPage) and isinstance(request.user, User):
        return _others_page(request, request.user, exception)
    return errors.forbidden(request, exception)


@page(methods=("POST",))
def ask(request: UserRequest) -> HttpResponse:
    """Ask for the team whose page one was on, and go back to it."""
    try:
        told: dict[str, Any] = signing.loads(request.POST.get("what", ""), salt=_SALT, max_age=_DAY_SECONDS)
        team = Team.objects.get(pk=told["team"])
    except (signing.BadSignature, Team.DoesNotExist):
        return errors.answer_error(request, 400, "This form is too old. Open the page again, then ask.")
    path = local_path(told["path"])
    try:
        access_requests.ask(user=request.user, team=team, path=path, now=clock.now())
    except AccessRefused as refused:
        messages.warning(request, refused.message)
    return SeeOther(path)


@page(Permission.MANAGE_USERS, methods=("POST",))
def grant(request: UserRequest, request_id: int) -> HttpResponse:
    """Let the person in."""
    return _decided(request, request_id, access_requests.grant, "{asked.user} is in {asked.team} now.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def decline(request: UserRequest, request_id: int) -> HttpResponse:
    """Leave the person out."""
    return _decided(request, request_id, access_requests.decline, "Declined: {asked.user} stays out of {asked.team}.")


def _decided(request: UserRequest, request_id: int, decide: Callable[..., AccessRequest], words: str) -> HttpResponse:
    try:
        asked = decide(request_id=request_id, actor=request.user, now=clock.now())
    except AccessRefused as refused:
        messages.warning(request, refused.message)
    else:
        messages.success(request, words.format(asked=asked))
    return SeeOther(reverse("accounts:teams"))


def _others_page(request: HttpRequest, user: User, error: OtherTeamsPage) -> HttpResponse:
    path = request.get_full_path()
    path = next((one for one in (path, request.path) if len(one) <= AccessRequest.MOST_PATH), FRONT_DOOR)
    last = access_requests.last_of(user, error.team)
    context = {
        "team": error.team,
        "things": error.things,
        **_own_teams(user),
        "to_ask": access_requests.whom_to_ask(error.team),
        "last": last,
        "is_open": last is not None and last.state == AccessRequest.State.OPEN,
        "was_declined": last is not None and last.state == AccessRequest.State.DECLINED,
        "what": signing.dumps({"team": error.team.pk, "path": path}, salt=_SALT),
        "now": clock.now(),
    }
    return render(request, "accounts/no_access.html", context, status=403)


def _own_teams(user: User) -> dict[str, Any]:
    names = [str(team) for team in user.teams.order_by("name")]
    return {"own": names[:_NAMED_TEAMS], "more": max(0, len(names) - _NAMED_TEAMS)}
