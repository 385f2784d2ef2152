"""The second factor: what is asked of whom, what a person has, and how allauth keeps its secrets here.

allauth (allauth.mfa) does the cryptography and the flows; accounts/second_factor_forms.py has the forms in our words,
accounts/views/security.py the doors, and this file what the rest of the product asks.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from accounts.models import Change, User
from accounts.record import record_change
from accounts.selectors import policy_of

log = structlog.get_logger(__name__)
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
NAMES = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}
VERBS = {"added": "add_second_factor", "removed": "remove_second_factor", "codes": "new_recovery_codes"}


def has_second_factor(user: User) -> bool:
    """Whether the person has an authenticator app or a passkey; recovery codes alone are none. One query."""
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def must_set_up(user: User) -> bool:
    """Whether the role demands a second factor that the person has not got. One query or two."""
    return policy_of(user.role).second_factor and not has_second_factor(user)


def record_factor(
    *, user: User, verb: str, factor: Authenticator, actor: User, now: datetime, note: str = ""
) -> Change:
    """Write down what happened to a person's second factors: which kind and name, never a secret."""
    told = {"factor": NAMES[factor.type], "name": str(factor.data.get("name", "")), "id": factor.pk}
    removed = verb == VERBS["removed"]
    return record_change(
        at=now,
        actor=actor,
        door=Change.Door.PAGE,
        verb=verb,
        object_type="user",
        object_id=user.pk,
        before=told if removed else {},
        after={} if removed else told,
        note=note,
    )


def remove_all(user: User) -> list[str]:
    """Take every factor and the recovery codes away, as an administrator does for who lost them all.

    Returns the kinds that were there, for the caller's entry in the record.
    """
    found = Authenticator.objects.filter(user=user)
    kinds = _kinds(found)
    found.delete()
    return kinds


def _kinds(found: Iterable[Authenticator]) -> list[str]:
    return sorted(NAMES[factor.type] for factor in found)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's questions about names and secrets, answered for Watchbill."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "That code is not right. Codes change every half minute, and each works once.",
        "rate_limited": "Too many tries. Wait a quarter of an hour, then try again.",
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """What the authenticator app calls the account."""
        return str(user.get_username())

    def get_totp_issuer(self) -> str:
        """What it calls us; with the host, because people work in more than one installation."""
        return f"Watchbill {self._get_site_name()}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who asks for the passkey: it is bound to this host name."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Watchbill"}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:  # noqa: A002
        """A name for a passkey that was given none."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"Passkey {number}"

    def encrypt(self, text: str) -> str:
        """Secrets of apps and recovery codes lie in the database sealed with a key made of SECRET_KEY."""
        return _seal(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed; what cannot be opened becomes a secret that no code fits."""
        try:
            return _seal(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.error("a second factor was sealed with another SECRET_KEY, reset it")
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """What happens to an account stands in the record; mail goes out through notices only."""


@lru_cache(maxsize=4)
def _seal(key: str) -> Fernet:
    digest = hashlib.sha256(b"watchbill second factor" + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
