"""How allauth behaves here: accounts are made by administrators, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed; after a change of password one is back at one's own settings."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Name and password do not match. After five tries wait a quarter of an hour.",
        "email_password_mismatch": "E-mail and password do not match. After five tries wait a quarter of an hour.",
        "too_many_login_attempts": "Too many tries. Wait a quarter of an hour, then try again.",
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
