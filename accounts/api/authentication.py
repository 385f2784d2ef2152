"""Who calls the API: a key that acts for its person, or a person's session with its CSRF token.

A key narrows its person twice: to its scopes (accounts/api/view.py) and to its one team, so that every selector and
service that asks for the person's teams gets the intersection.
"""

from typing import Any, TypeAlias

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.request import Request

from accounts.access import REMEMBERED_TEAMS
from accounts.api.moment import moment_of
from accounts.api.throttle import count_request
from accounts.errors import KeyRefusal, KeyRefused
from accounts.keys import authenticate_key, touch_key
from accounts.models import ApiKey, User
from accounts.selectors import teams_of
from soc.web.api.errors import ApiError, Told, forbidden

_SENTENCES = {
    "revoked": "This key has been revoked.",
    "expired": "This key has expired.",
    "person": "The person whom this key acts for has been deactivated.",
}
_UNKNOWN = "Present a key: Authorization: ApiKey <key>."
Caller: TypeAlias = tuple[User | AnonymousUser, ApiKey]


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: ApiKey …`. Costs two queries, and a write at most once a minute."""

    def authenticate(self, request: Request) -> Caller | None:
        """The key's person and the key; None when no key was presented. Raises: ApiError (401, 429)."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        now = moment_of(request)
        try:
            key = authenticate_key(header, now)
        except KeyRefused as error:
            raise _refused(error.code) from error
        count_request(key)
        person = _person_of(key)
        touch_key(key, now)
        return person, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """What a 401 asks for."""
        return "ApiKey"


class SessionAuthentication(authentication.SessionAuthentication):
    """A browser's session; whatever changes something needs the CSRF token in `X-CSRFToken`.

    What the person has to do first (a password, a second factor) was asked before (accounts/middleware.py).
    """

    def authenticate(self, request: Request) -> Any:
        """The person who has signed in, or None. Raises: ApiError (403)."""
        found = super().authenticate(request)
        if found is not None and isinstance(found[0], User):
            setattr(found[0], REMEMBERED_TEAMS, {})
        return found

    def enforce_csrf(self, request: Request) -> None:
        """Refuse a write without the token."""
        check = authentication.CSRFCheck(lambda _request: None)  # type: ignore[arg-type]
        check.process_request(request)
        if check.process_view(request, None, (), {}):  # type: ignore[arg-type]
            cookie = settings.CSRF_COOKIE_NAME  # another in production
            raise forbidden("csrf_failed", f"Send the value of the cookie {cookie} as the header X-CSRFToken.")


def _person_of(key: ApiKey) -> User | AnonymousUser:
    """Whom the key acts for, narrowed to its team; nobody for an agent's key."""
    person = key.acts_for
    if person is None:
        return AnonymousUser()
    setattr(person, REMEMBERED_TEAMS, {person.role: [team for team in teams_of(person) if team == key.team_id]})
    return person


def _refused(code: KeyRefusal) -> ApiError:
    sentence = _SENTENCES.get(code, _UNKNOWN)
    return ApiError(Told(401, f"key_{code}", sentence, headers={"WWW-Authenticate": "ApiKey"}))


class _KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = KeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`ApiKey ` followed by the key as it was shown when it was made.",
        }


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A browser that has signed in; what changes something also sends `X-CSRFToken`.",
        }
