"""allauth's forms for codes and passkeys in our words, and a code that is taken works once."""

import re
import struct
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms
from django.core.cache import cache

CODE_LIVES_SECONDS = 90  # the half minute it is made for, and one on either side (MFA_TOTP_TOLERANCE)
LONGEST_NAME = 60
LONGEST_CREDENTIAL = 20_000  # characters; with an attestation certificate some 4,000 are usual
NOT_A_PASSKEY = "That passkey could not be read, or does not belong here. Try again, or take another way."
# What reading bytes of a stranger's choice raises in allauth and fido2.
UNREADABLE = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    RecursionError,
    struct.error,
    InvalidSignature,
    UnsupportedAlgorithm,
)


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


class CredentialField(forms.JSONField):
    """What a browser says of a passkey, as JSON of a bearable size and depth."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """The object. Raises: ValidationError."""
        try:
            if isinstance(value, str) and len(value) <= LONGEST_CREDENTIAL:
                read = super().to_python(value)
                if isinstance(read, dict):
                    return read
        except RecursionError:
            pass
        raise forms.ValidationError(NOT_A_PASSKEY)


class _ShownPasskey:
    """A passkey that is shown: whatever cannot be read is refused in words."""

    def clean_credential(self) -> Any:
        """The factor it belongs to. Raises: ValidationError."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except UNREADABLE:
            raise forms.ValidationError(NOT_A_PASSKEY) from None


class PasskeySignInForm(_ShownPasskey, LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of a password."""

    credential = CredentialField()


class PasskeyStepForm(_ShownPasskey, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""

    credential = CredentialField()


class PasskeyAgainForm(_ShownPasskey, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before something that matters."""

    credential = CredentialField()


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """What the browser made, and the name that the person knows it by."""

    name = forms.CharField(label="Name", required=False, max_length=LONGEST_NAME)
    credential = CredentialField()

    def clean(self) -> Any:
        """The new passkey, proved. Raises: ValidationError."""
        try:
            return super().clean()
        except UNREADABLE:
            raise forms.ValidationError(NOT_A_PASSKEY) from None


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
