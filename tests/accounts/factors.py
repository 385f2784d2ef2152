"""Second factors for tests: an authenticator app that the test holds the secret of, and getting in with it."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from accounts.models import RolePolicy, User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse battery"


def with_password(user: User) -> User:
    """The person, with PASSWORD."""
    user.set_password(PASSWORD)
    user.save()
    return user


def give_app(user: User) -> Authenticator:
    """An authenticator app with SECRET."""
    made: Authenticator = TOTP.activate(user, SECRET).instance
    return made


def give_codes(user: User) -> list[str]:
    """Recovery codes, and what they are."""
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def code(secret: str = SECRET) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def by_password(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    """Send the sign-in form."""
    return client.post("/login/", {"login": name, "password": password, **more})


def demand(role: str) -> None:
    """The administrators want a second factor from this role."""
    RolePolicy.objects.update_or_create(role=role, defaults={"second_factor": True})
