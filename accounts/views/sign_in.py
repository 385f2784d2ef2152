"""Doors to getting in: the sign-in page, passkeys, the second step, the one-time link, and one's password."""

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from accounts import services
from accounts.access import page, public
from accounts.adapter import TOO_MANY
from accounts.errors import LinkRefused
from accounts.forms import SignInForm
from accounts.identity_provider import in_words
from accounts.second_factor import record_factor
from accounts.sessions import end_sessions, reason
from accounts.sign_in_forms import FirstPasswordForm, NewPasswordForm
from accounts.sign_in_tries import left_in_words, tries_left
from accounts.views.security import Again, as_options
from soc.web import clock
from soc.web.http import UserRequest

USED_CODE = "use_recovery_code"
CAME_BY_LINK = "came_by_link"  # in the session: the id of the person whom a one-time link signed in


class SignIn(Again, LoginView):  # type: ignore[misc]
    """The sign-in page. allauth counts failed tries per name and per address in the shared cache."""

    form_class = SignInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again: what is wrong stands under the password, with how many tries are left."""
        wrong = form.errors.pop("__all__", [])
        left = left_in_words(tries_left(self.request, form.user_credentials())) if wrong else ""
        for sentence in wrong:
            form.add_error("password", sentence if sentence == TOO_MANY else f"{sentence} {left}".strip())
        response: HttpResponse = super().form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the identity provider, if there is one, and why one was signed out."""
        told = {
            "provider": settings.OIDC_NAME if settings.OIDC_SERVER_URL else "",
            "why": reason(self.request.GET.get("why", "")),
        }
        return {**super().get_context_data(**kwargs), **told}


class SecondStep(AuthenticateView):  # type: ignore[misc]
    """After the password: a code, or a passkey as the second factor."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The step, or giving it up to begin again as somebody else."""
        if "cancel" in request.POST:
            clear_login(request)
            return redirect("account_login")
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """In; a recovery code that was used is written down, because somebody should make new ones in time."""
        response: HttpResponse = super().form_valid(form)
        factor = getattr(form, "authenticator", None)
        if factor is not None and factor.type == Authenticator.Type.RECOVERY_CODES:
            record_factor(user=factor.user, verb=USED_CODE, factor=factor, actor=factor.user, now=clock.now())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """The step again, as 422 like every form that does not hold."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With what the browser needs to ask for a passkey, if the person has one."""
        told = super().get_context_data(**kwargs)
        kinds = set(Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True))
        has_passkey, has_code = Authenticator.Type.WEBAUTHN in kinds, bool(kinds - {Authenticator.Type.WEBAUTHN})
        return {**told, "has_code": has_code, "options": as_options(told) if has_passkey else ""}


class ChangePassword(Again, PasswordChangeView):  # type: ignore[misc]
    """Changing one's own password, or choosing the first one."""

    request: UserRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Also for who has no password yet, which allauth would send to another page."""
        if self._knows_the_old_one():
            response: HttpResponse = super().dispatch(request, *args, **kwargs)
            return response
        answer: HttpResponse = super(PasswordChangeView, self).dispatch(request, *args, **kwargs)
        return answer

    def get_form_class(self) -> Any:
        """Without the old password where there is none."""
        return NewPasswordForm if self._knows_the_old_one() else FirstPasswordForm

    def _knows_the_old_one(self) -> bool:
        """Not who has none, and not who came by a link because it was lost."""
        user = self.request.user
        return user.has_usable_password() and self.request.session.get(CAME_BY_LINK) != user.pk

    def form_valid(self, form: Any) -> HttpResponse:
        """Save it, end what is open elsewhere, and note that a generated password is no longer in use."""
        response: HttpResponse = super().form_valid(form)
        self.request.session.pop(CAME_BY_LINK, None)
        end_sessions(self.request.user, except_key=self.request.session.session_key)
        services.password_changed(user=self.request.user, now=clock.now())
        return response


@public
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button, since opening a link must change nothing (mail scanners and previews open links), then sign in.

    The link stands for the password, not for the second factor: who has one is asked for it.
    """
    if request.method != "POST":
        return render(request, "account/link.html")
    try:
        user = services.use_sign_in_link(token=token, now=clock.now())
    except LinkRefused:
        return render(request, "account/link.html", {"refused": True}, status=403)
    request.session[CAME_BY_LINK] = user.pk
    response: HttpResponse = perform_login(request, Login(user=user))
    request.session[CAME_BY_LINK] = user.pk  # again, where signing in has made a new session
    return response


sign_in = public(SignIn.as_view())
sign_in_by_passkey = public(LoginWebAuthnView.as_view())
second_step = public(SecondStep.as_view())
to_provider = public(in_words(openid_connect.login))
from_provider = public(in_words(openid_connect.callback))


@page(methods=("GET", "POST"))
def sign_out(request: UserRequest) -> HttpResponseBase:
    """Sign out, after asking. What the browser kept for the person, such as a text that was not sent, goes with her."""
    answer: HttpResponseBase = LogoutView.as_view()(request)
    if request.method == "POST":
        answer["Clear-Site-Data"] = '"storage"'
    return answer


change_password = page(methods=("GET", "POST"))(ChangePassword.as_view())
