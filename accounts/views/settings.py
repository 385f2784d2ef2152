"""Doors to one's own settings. Other settings have doors of their own beside this file."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts import mailing, services
from accounts.access import page
from accounts.forms import OwnSettingsForm
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
        failed = mailing.failed_of(request.user).first() if request.user.email else None
        context = {"form": form, "failed": failed, "mail_goes_out": mailing.is_configured()}
        return render(request, "accounts/you.html", context, status=422 if form.errors else 200)
    services.save_own_settings(user=request.user, now=clock.now(), **form.cleaned_data)
    messages.success(request, "Settings saved.")
    return redirect("accounts:you")
