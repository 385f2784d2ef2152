"""Doors to getting in: the sign-in page, the one-time link, and changing one's password."""

from typing import Any

from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import services
from accounts.access import page, public
from accounts.errors import LinkRefused
from accounts.forms import SignInForm
from soc.web import clock

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):  # type: ignore[misc]
    """The sign-in page. allauth counts failed tries per name and per address in the shared cache."""

    form_class = SignInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, as 422 like every form that does not hold."""
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


class ChangePassword(PasswordChangeView):  # type: ignore[misc]
    """Changing one's own password."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Save it, and note that a generated password is no longer in use."""
        response: HttpResponse = super().form_valid(form)
        services.password_changed(user=self.request.user, now=clock.now())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, as 422 like every form that does not hold."""
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


@public
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button, since opening a link must change nothing (mail scanners and previews open links), then sign in."""
    if request.method != "POST":
        return render(request, "account/link.html")
    try:
        user = services.use_sign_in_link(token=token, now=clock.now())
    except LinkRefused:
        return render(request, "account/link.html", {"refused": True}, status=403)
    login(request, user, backend=MODEL_BACKEND)
    return redirect("home")


sign_in = public(SignIn.as_view())
sign_out = page(methods=("GET", "POST"))(LogoutView.as_view())
change_password = page(methods=("GET", "POST"))(ChangePassword.as_view())
