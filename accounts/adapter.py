"""How allauth behaves here: accounts are made by administrators, nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.sessions import WHY
from soc.web.errors import answer_error

TOO_MANY = "Too many tries. Wait a quarter of an hour, then try again."


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed; after a change of password one is back at one's own settings."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Name and password do not match.",
        "email_password_mismatch": "E-mail and password do not match.",
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
        "enter_current_password": "That is not your password today.",
        "incorrect_password": "That is not your password.",
        "incorrect_code": "That code is not right.",
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def get_password_change_redirect_url(self, _request: HttpRequest) -> str:
        """Where a person lands who has just changed the password."""
        return reverse("accounts:you")

    def get_logout_redirect_url(self, _request: HttpRequest) -> str:
        """Where a person lands who has just signed out."""
        return reverse("account_login")

    def respond_user_inactive(self, request: HttpRequest, _user: User) -> HttpResponse:
        """Right name, right proof, but the account was switched off."""
        return answer_error(request, 403, WHY["deactivated"], "That did not sign you in")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002
        """What failed tries are counted under: the person, whether named by name or by e-mail, else what was typed.

        Never the host: who guesses writes that header himself, and could begin to count anew with every port.
        """
        login = str(credentials.get("email") or credentials.get("username") or "").strip()
        meant = Q(username__iexact=login) | Q(email__iexact=login) | Q(emailaddress__email__iexact=login)
        person = User.objects.filter(meant).order_by("pk").values_list("pk", flat=True).first() if login else None
        return f"nobody:{login.casefold()}" if person is None else f"person:{person}"

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """What happens to an account stands in the record; mail goes out through notices only."""
