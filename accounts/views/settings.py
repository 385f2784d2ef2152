"""Doors to the settings pages: one's own, and the API keys."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts import keys, selectors, services
from accounts.access import page
from accounts.forms import NewKeyForm, OwnSettingsForm, RevokeKeyForm
from accounts.models import ApiKey, Change, Team
from accounts.pages import KeysPage, keys_page
from accounts.roles import Permission
from soc.web import clock
from soc.web.http import UserRequest


@page()
def settings(_request: UserRequest) -> HttpResponse:
    """Settings begin with one's own."""
    return redirect("accounts:you")


@page(methods=("GET", "POST"))
def you(request: UserRequest) -> HttpResponse:
    """A person's own settings."""
    form = OwnSettingsForm(request.POST or None, instance=request.user)
    if request.method == "GET" or not form.is_valid():
        return render(request, "accounts/you.html", {"form": form}, status=422 if form.errors else 200)
    services.save_own_settings(user=request.user, now=clock.now(), **form.cleaned_data)
    messages.success(request, "Settings saved.")
    return redirect("accounts:you")


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
    made, presented = keys.create_key(
        name=form.cleaned_data["name"],
        team=form.cleaned_data["team"],
        actor=request.user,
        now=now,
        expires_at=now + lifetime if lifetime else None,
        door=Change.Door.PAGE,
    )
    fresh = keys_page(user=request.user, form=_blank(request), now=now, made=made, presented=presented)
    return _show(request, fresh)


@page(Permission.MANAGE_KEYS, methods=("GET", "POST"))
def revoke_key(request: UserRequest, key_id: str) -> HttpResponse:
    """Ask for the name of the key, then stop it."""
    seen = ApiKey.objects.select_related("team").filter(team__in=selectors.teams_of(request.user))
    key = get_object_or_404(seen, pk=key_id)
    keys.need_key_management(request.user, key.team)
    form = RevokeKeyForm(request.POST or None, name=key.name)
    if request.method == "GET" or not form.is_valid():
        context = {"key": key, "form": form}
        return render(request, "accounts/revoke_key.html", context, status=422 if form.errors else 200)
    keys.revoke_key(key=key, actor=request.user, now=clock.now(), door=Change.Door.PAGE)
    messages.success(request, f"Revoked {key.name}. Agents that present it are turned away from now on.")
    return redirect("accounts:keys")


def _key_form(request: UserRequest) -> NewKeyForm:
    return NewKeyForm(request.POST or None, teams=Team.objects.filter(pk__in=selectors.teams_of(request.user)))


def _blank(request: UserRequest) -> NewKeyForm:
    return NewKeyForm(teams=Team.objects.filter(pk__in=selectors.teams_of(request.user)))


def _show(request: UserRequest, shown: KeysPage, status: int = 200) -> HttpResponse:
    ingest_url = request.build_absolute_uri("/api/v1/events")
    return render(request, "accounts/keys.html", {"keys": shown, "ingest_url": ingest_url}, status=status)
