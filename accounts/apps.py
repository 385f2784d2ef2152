"""Django's handle on the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "accounts"

    def ready(self) -> None:
        """Mark sessions as they begin."""
        from accounts import sign_in_marks

        sign_in_marks.listen()
