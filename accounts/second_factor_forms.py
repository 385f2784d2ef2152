"""allauth's forms for codes and passkeys in our words, and a code that is taken works once."""

import re
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.core.cache import cache

CODE_LIVES_SECONDS = 90  # the half minute it is made for, and one on either side (MFA_TOTP_TOLERANCE)
LONGEST_NAME = 60


class _Code:
    """The one field, as a phone fills it in: digits, in groups or not."""

    fields: dict[str, forms.Field]
    label = "Code"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = self.label
        code.widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "20", "autofocus": True}
        )


def take_once(user_id: int, code: str) -> bool:
    """Whether nobody has used this code of this person while it lives. One round trip to the shared cache."""
    digits = re.sub(r"\D", "", code)
    return bool(cache.add(f"second-factor-used:{user_id}:{digits}", 1, CODE_LIVES_SECONDS))


class CodeForm(_Code, AuthenticateForm):  # type: ignore[misc]
    """The code after the password: of the app, or a recovery code."""

    label = "Code of the app, or a recovery code"

    def clean_code(self) -> str:
        """The code, if it is right and was not used. Raises: ValidationError."""
        return _cleaned_once(self, super().clean_code())


class CodeAgainForm(_Code, ReauthenticateForm):  # type: ignore[misc]
    """The code before something that matters."""

    label = "Code of the app, or a recovery code"

    def clean_code(self) -> str:
        """The code, if it is right and was not used. Raises: ValidationError."""
        return _cleaned_once(self, super().clean_code())


def _cleaned_once(form: Any, code: str) -> str:
    is_app = form.authenticator.type == Authenticator.Type.TOTP
    if is_app and not take_once(form.user.pk, code):
        raise get_adapter().validation_error("incorrect_code")
    return code


class NewAuthenticatorForm(_Code, ActivateTOTPForm):  # type: ignore[misc]
    """The first code proves that the app has the secret; it opens nothing afterwards."""

    label = "The six digits that the app shows now"

    def clean_code(self) -> str:
        """The code, if it fits the secret that the page shows. Raises: ValidationError."""
        code: str = super().clean_code()
        take_once(self.user.pk, code)
        return code


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """What the browser made, and the name that the person knows it by."""

    name = forms.CharField(label="Name", required=False, max_length=LONGEST_NAME)


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
