"""Doors to the API keys."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts import keys, selectors
from accounts.access import page
from accounts.errors import KeyNotReplaced, Refused
from accounts.forms import NewKeyForm, RevokeKeyForm
from accounts.models import ApiKey, Change, Team
from accounts.pages import KeysPage, keys_page
from accounts.roles import Permission
from accounts.scopes import Scope
from soc.web import clock
from soc.web.http import UserRequest


@page(Permission.MANAGE_KEYS)
def list_keys(request: UserRequest) -> HttpResponse:
    """The API keys of the person's teams."""
    return _show(request, keys_page(user=request.user, form=_key_form(request), now=clock.now()))


@page(Permission.MANAGE_KEYS, methods=("POST",))
def create_key(request: UserRequest) -> HttpResponse:
    """Make a key and show it, this once: the answer is the page itself, since a redirect would have to keep the key."""
    form, now = _key_form(request), clock.now()
    if not form.is_valid():
        return _show(request, keys_page(user=request.user, form=form, now=now), status=422)
    lifetime = form.lifetime()
    try:
        made, presented = keys.create_key(
            name=form.cleaned_data["name"],
            team=form.cleaned_data["team"],
            scopes=form.cleaned_data["scopes"],
            actor=request.user,
            now=now,
            expires_at=now + lifetime if lifetime else None,
            door=Change.Door.PAGE,
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _show(request, keys_page(user=request.user, form=form, now=now), status=422)
    fresh = keys_page(user=request.user, form=_blank(request), now=now, made=made, presented=presented)
    return _show(request, fresh)


@page(Permission.MANAGE_KEYS, methods=("GET", "POST"))
def revoke_key(request: UserRequest, key_id: str) -> HttpResponse:
    """Ask for the name of the key, then stop it."""
    key = _key(request, key_id)
    form = RevokeKeyForm(request.POST or None, name=key.name)
    if request.method == "GET" or not form.is_valid():
        context = {"key": key, "form": form}
        return render(request, "accounts/revoke_key.html", context, status=422 if form.errors else 200)
    keys.revoke_key(key=key, actor=request.user, now=clock.now(), door=Change.Door.PAGE)
    messages.success(request, f"Revoked {key.name}. Agents that present it are turned away from now on.")
    return redirect("accounts:keys")


@page(Permission.MANAGE_KEYS, methods=("POST",))
def replace_key(request: UserRequest, key_id: str) -> HttpResponse:
    """Make a successor and show it, this once; the old key works another day."""
    key, now = _key(request, key_id), clock.now()
    try:
        made, presented = keys.replace_key(key=key, actor=request.user, now=now, door=Change.Door.PAGE)
    except KeyNotReplaced as refused:
        return _show(request, keys_page(user=request.user, form=_blank(request), now=now), 422, refused.message)
    fresh = keys_page(user=request.user, form=_blank(request), now=now, made=made, presented=presented)
    return _show(request, fresh)


@page(Permission.MANAGE_KEYS)
def key_use(request: UserRequest, key_id: str) -> HttpResponse:
    """Whether the key has been used yet; the page asks while somebody waits for it."""
    return render(request, "accounts/_key_use.html", {"key": _key(request, key_id)})


def _key(request: UserRequest, key_id: str) -> ApiKey:
    """A key of the person's teams; others are not there."""
    seen = ApiKey.objects.select_related("team", "acts_for").filter(team__in=selectors.teams_of(request.user))
    return get_object_or_404(seen, pk=key_id)


def _key_form(request: UserRequest) -> NewKeyForm:
    return NewKeyForm(request.POST or None, teams=Team.objects.filter(pk__in=selectors.teams_of(request.user)))


def _blank(request: UserRequest) -> NewKeyForm:
    return NewKeyForm(teams=Team.objects.filter(pk__in=selectors.teams_of(request.user)))


def _show(request: UserRequest, shown: KeysPage, status: int = 200, refused: str = "") -> HttpResponse:
    context = {
        "keys": shown,
        "ingest_url": request.build_absolute_uri("/api/v1/events"),
        "try_url": request.build_absolute_uri("/api/v1/me"),
        "sends": shown.made is not None and Scope.EVENTS_WRITE in shown.made.scopes,
        "refused": refused,
        "now": clock.now(),
    }
    return render(request, "accounts/keys.html", context, status=status)
