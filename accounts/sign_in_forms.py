"""allauth's forms for a password in our words."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, SetPasswordForm


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """Another password for who knows the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, oldpassword="Password today", password1="New password", password2="New password again")

    def clean(self) -> Any:
        """The new password, which is not the old one. Raises: ValidationError."""
        cleaned = super().clean()
        if cleaned.get("password1") and cleaned["password1"] == cleaned.get("oldpassword"):
            self.add_error("password1", "That is the password you have. Choose another.")
        return cleaned


class FirstPasswordForm(SetPasswordForm):  # type: ignore[misc]
    """A password for who has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, password1="Password", password2="Password again")


def _name(form: Any, **labels: str) -> None:
    for field, label in labels.items():
        form.fields[field].label = label
        form.fields[field].help_text = ""
        form.fields[field].widget.attrs.pop("placeholder", None)
