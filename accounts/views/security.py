"""Doors to a person's own security: the second factors, recovery codes, sessions, and proving again who one is.

allauth's views do the work; here they get our answers (422 for a form that does not hold) and an entry in the record.
"""

import json
import time
from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import sessions
from accounts.access import page
from accounts.middleware import NEEDS_FACTOR
from accounts.models import Change
from accounts.record import record_change
from accounts.second_factor import NAMES, VERBS, must_set_up, record_factor
from accounts.second_factor_page import security_page
from soc.web import clock
from soc.web.http import UserRequest


class Again:
    """A form that does not hold comes back as 422, like every form here."""

    request: HttpRequest

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again."""
        view: Any = self
        response: HttpResponse = view.render_to_response(view.get_context_data(form=form), status=422)
        return response


def as_options(context: dict[str, Any]) -> str:
    """What the browser needs to make or ask for a passkey, for a data attribute."""
    told = context["js_data"]
    return json.dumps(told.get("creation_options") or told["request_options"], cls=DjangoJSONEncoder)


class WithOptions:
    """Hands the page what static/js/passkeys.js gives to the browser."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth forgets a bound form here; it is put back, with its errors."""
        told: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**told, **kwargs, "options": as_options(told)}


def _note(request: HttpRequest, what: str, kind: str, factor: Authenticator | None = None) -> None:
    """Write down what the person did to a second factor; without `factor`, to the newest of its kind."""
    user = request.user
    found = factor or Authenticator.objects.filter(user=user, type=kind).order_by("-pk").first()
    if found is not None:
        record_factor(user=user, verb=VERBS[what], factor=found, actor=user, now=clock.now())  # type: ignore[arg-type]


def _note_codes(view: Any) -> None:
    if view.did_generate_recovery_codes:
        _note(view.request, "codes", Authenticator.Type.RECOVERY_CODES)


def _look_again(request: HttpRequest) -> None:
    """Who has taken the last factor away, and needs one, is led to the next at once."""
    request.session[NEEDS_FACTOR] = must_set_up(request.user)  # type: ignore[arg-type]


class AddAuthenticator(Again, ActivateTOTPView):  # type: ignore[misc]
    """Setting up an authenticator app: the secret as a picture and as text, and a code that proves it arrived."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Take it into use, with its entry; recovery codes come with the first factor."""
        response: HttpResponse = super().form_valid(form)
        _note(self.request, "added", Authenticator.Type.TOTP)
        _note_codes(self)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the secret in groups of four, as people type it."""
        told: dict[str, Any] = super().get_context_data(**kwargs)
        secret = told["form"].secret
        return {**told, "secret": [secret[at : at + 4] for at in range(0, len(secret), 4)]}


class RemoveAuthenticator(DeactivateTOTPView):  # type: ignore[misc]
    """Taking the authenticator app away."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Take it away, with its entry."""
        _note(self.request, "removed", Authenticator.Type.TOTP, self.authenticator)
        response: HttpResponse = super().form_valid(form)
        _look_again(self.request)
        return response


class AddPasskey(Again, WithOptions, AddWebAuthnView):  # type: ignore[misc]
    """Adding a passkey or a security key."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Take it into use, with its entry; recovery codes come with the first factor."""
        response: HttpResponse = super().form_valid(form)
        _note(self.request, "added", Authenticator.Type.WEBAUTHN)
        _note_codes(self)
        return response


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]
    """Taking a passkey away."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Take it away, with its entry."""
        _note(self.request, "removed", Authenticator.Type.WEBAUTHN, self.get_object())
        response: HttpResponse = super().form_valid(form)
        _look_again(self.request)
        return response


class RenamePasskey(Again, EditWebAuthnView):  # type: ignore[misc]
    """Giving a passkey another name."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Save the name, with its entry."""
        before = self.object.wrap().name
        response: HttpResponse = super().form_valid(form)
        _record(
            self.request,
            "rename_second_factor",
            before={"factor": NAMES[Authenticator.Type.WEBAUTHN], "id": self.object.pk, "name": before},
            after={"name": form.cleaned_data["name"]},
        )
        return response


class NewCodes(GenerateRecoveryCodesView):  # type: ignore[misc]
    """Making new recovery codes, which makes the old ones worthless."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Make them, with an entry."""
        response: HttpResponse = super().form_valid(form)
        _note(self.request, "codes", Authenticator.Type.RECOVERY_CODES)
        return response


class PasswordAgain(Again, ReauthenticateView):  # type: ignore[misc]
    """The password again, before something that matters."""


class CodeAgain(Again, CodeReauthenticateView):  # type: ignore[misc]
    """A code again."""


class PasskeyAgain(Again, WithOptions, ReauthenticateWebAuthnView):  # type: ignore[misc]
    """A passkey again."""


@page()
def overview(request: UserRequest) -> HttpResponse:
    """What protects the account: factors, passkeys, recovery codes, open sessions."""
    sessions.touch(request, request.user, time.time())  # so that this one is in the list, seen now
    shown = security_page(request.user, request.session.session_key)
    return render(request, "account/security.html", {"security": shown})


@page(methods=("POST",))
def end_session(request: UserRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions. Raises: Http404."""
    with transaction.atomic():
        ended = sessions.end_session(request.user, session_id)
        if ended is None:
            raise Http404
        _record(request, "end_session", after={"sessions": 1, "device": sessions.device(ended.user_agent)})
    messages.success(request, "Session ended.")
    return redirect("accounts:security")


@page(methods=("POST",))
def end_other_sessions(request: UserRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    with transaction.atomic():
        number = sessions.end_sessions(request.user, except_key=request.session.session_key)
        _record(request, "end_session", after={"sessions": number})
    messages.success(request, f"Ended {number} other session{'' if number == 1 else 's'}.")
    return redirect("accounts:security")


def _record(request: HttpRequest, verb: str, after: dict[str, Any], before: dict[str, Any] | None = None) -> None:
    record_change(
        at=clock.now(),
        actor=request.user,  # type: ignore[arg-type]
        door=Change.Door.PAGE,
        verb=verb,
        object_type="user",
        object_id=request.user.pk,
        before=before,
        after=after,
    )


_form = page(methods=("GET", "POST"))
add_authenticator = _form(AddAuthenticator.as_view())
remove_authenticator = _form(RemoveAuthenticator.as_view())
add_passkey = _form(AddPasskey.as_view())
remove_passkey = _form(RemovePasskey.as_view())
rename_passkey = _form(RenamePasskey.as_view())
recovery_codes = page()(ViewRecoveryCodesView.as_view())
new_recovery_codes = _form(NewCodes.as_view())
password_again = _form(PasswordAgain.as_view())
code_again = _form(CodeAgain.as_view())
passkey_again = _form(PasskeyAgain.as_view())
