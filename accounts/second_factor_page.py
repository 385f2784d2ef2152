"""What the page of a person's own security shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.models import User
from accounts.selectors import policy_of
from accounts.sessions import OpenSession, lasts_in_words, sessions_of

FEW_CODES = 3


@dataclass(frozen=True, slots=True)
class Passkey:
    """One line of the list of passkeys."""

    id: int
    name: str
    alone: bool  # signs in without a password
    added: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """The page."""

    app: Authenticator | None
    passkeys: list[Passkey]
    codes_left: int | None  # none: there are no codes
    sessions: list[OpenSession]
    needed: bool  # by the role's policy
    lasts: str  # how long a session does, in words
    idle: str  # without an act

    @property
    def protected(self) -> bool:
        """Whether a password alone does not open the account."""
        return self.app is not None or bool(self.passkeys)

    @property
    def few_codes(self) -> bool:
        """Whether new codes should be made soon."""
        return self.codes_left is not None and self.codes_left <= FEW_CODES


def security_page(user: User, session_key: str | None) -> SecurityPage:
    """Everything the page shows. Costs four queries, whatever the number of passkeys."""
    found = list(Authenticator.objects.filter(user=user).order_by("pk"))
    apps = [one for one in found if one.type == Authenticator.Type.TOTP]
    codes = [one for one in found if one.type == Authenticator.Type.RECOVERY_CODES]
    return SecurityPage(
        app=apps[0] if apps else None,
        passkeys=[_passkey(one) for one in found if one.type == Authenticator.Type.WEBAUTHN],
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        sessions=sessions_of(user, session_key),
        needed=policy_of(user.role).second_factor,
        lasts=lasts_in_words(settings.SESSION_COOKIE_AGE),
        idle=lasts_in_words(settings.SESSION_IDLE_SECONDS),
    )


def _passkey(row: Any) -> Passkey:
    wrapped = row.wrap()
    return Passkey(row.pk, wrapped.name, bool(wrapped.is_passwordless), row.created_at, row.last_used_at)
