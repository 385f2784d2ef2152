"""Doors to one's own settings. Other settings have doors of their own beside this file."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts import mailing, services, shortcuts
from accounts.access import page
from accounts.forms import OwnSettingsForm
from accounts.key_rows import KeyRow, rows_of, typed_keys
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
        return _page(request, form, rows_of(request.user), status=422 if form.errors else 200)
    services.save_own_settings(user=request.user, now=clock.now(), **form.cleaned_data)
    messages.success(request, "Settings saved.")
    return redirect("accounts:you")


@page(methods=("POST",))
def keys(request: UserRequest) -> HttpResponse:
    """The keys of a person: other ones in the place of some, or all as usual again."""
    typed = {} if "reset" in request.POST else typed_keys(request.POST)
    try:
        shortcuts.save_keys(user=request.user, keys=typed, now=clock.now())
    except shortcuts.KeysRefused as refused:
        form = OwnSettingsForm(instance=request.user)
        return _page(request, form, rows_of(request.user, typed, refused.problems), status=422)
    messages.success(request, "All keys are as usual." if not typed else "Keys saved.")
    return redirect(f"{reverse('accounts:you')}#shortcuts")


def _page(request: UserRequest, form: OwnSettingsForm, rows: list[KeyRow], *, status: int) -> HttpResponse:
    failed = mailing.failed_of(request.user).first() if request.user.email else None
    context: dict[str, Any] = {"form": form, "failed": failed, "mail_goes_out": mailing.is_configured()}
    context |= {"key_rows": rows, "wrong_keys": any(row.problem for row in rows)}
    return render(request, "accounts/you.html", context, status=status)
