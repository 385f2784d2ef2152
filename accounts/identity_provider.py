"""Signing in with the organisation's identity provider (OpenID Connect, by allauth.socialaccount).

Who comes is known by an identity linked earlier, else by a verified e-mail address that exactly one active person has,
and is linked then. A person has one identity of the provider: a second with the same address may be somebody who was
given the address later, so it is refused until an administrator unties the first (accounts.people.unlink_identity).
Nobody else gets in, unless OIDC_CREATE_USERS says that the provider decides who may.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from allauth.utils import get_request_param
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from requests import RequestException

from accounts.models import Change, User
from accounts.record import record_change
from accounts.selectors import default_team
from soc.web import clock
from soc.web.errors import answer_error

log = structlog.get_logger(__name__)
PROVIDER_ID = "oidc"
TITLE = "That did not sign you in"
NOBODY = "Nobody here has an account for that identity. Ask your administrator to make one with your e-mail address."
UNVERIFIED = "The identity provider does not vouch for your e-mail address, so your account cannot be found by it."
SEVERAL = "More than one account has your e-mail address. Ask your administrator to set that right."
ANOTHER = (
    "The account with your e-mail address is tied to another identity of this provider. "
    "If it is yours, ask your administrator to untie that one."
)
SWITCHED_OFF = "Your account was switched off. Ask your administrator."
CANCELLED = "The identity provider was told no, or asked for something that you did not confirm. Try again."
BROKEN = (
    "The identity provider's answer could not be used: it came too late, came twice, or does not fit what was asked. "
    "Begin again from the sign-in page."
)
AWAY = "The identity provider does not answer. Try again in a minute, or sign in with a password."


class IdentityProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who may come in by the identity provider, and what people are told when it does not work."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the person before allauth signs anybody in. Raises: ImmediateHttpResponse (a refusal)."""
        if sociallogin.is_existing:
            if not sociallogin.user.is_active:
                _refuse(request, SWITCHED_OFF)
            return
        now = clock.now()
        with transaction.atomic():
            user = _person_for(request, sociallogin, now)
            sociallogin.email_addresses = []  # a person's address is kept in one place, which is not allauth's
            sociallogin.connect(request, user)
            told = {"username": user.username, "provider": settings.OIDC_NAME, "identity": sociallogin.account.uid}
            _record(user, "link_identity", told, now, actor=user)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        """Never by allauth's own pages: `pre_social_login` decides."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ARG002
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Say in our words what went wrong; the reason goes to the log, without the answer. Raises always."""
        log.warning("identity provider", error=str(error), exception=type(exception).__name__)
        if error == AuthError.CANCELLED:
            _refuse(request, CANCELLED, 401)
        away = exception is not None and "Connection" in type(exception).__name__
        _refuse(request, AWAY if away else BROKEN, 401)

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """What happens to an account stands in the record."""


def in_words(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard a view that asks the provider: one that is away, or whose answers cannot be read, becomes a sentence.

    Raises: Http404.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if get_request_param(request, "process") is not None:  # allauth's connecting of accounts: there is none here
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except RequestException as error:
            log.warning("identity provider is away", exception=type(error).__name__)
            return answer_error(request, 503, AWAY, TITLE)
        except (LookupError, TypeError, ValueError) as error:  # documents of the provider that lack what they need
            log.warning("identity provider answers nonsense", exception=type(error).__name__)
            return answer_error(request, 503, BROKEN, TITLE)

    return guarded


def _person_for(request: HttpRequest, sociallogin: SocialLogin, now: datetime) -> User:
    """The one person whom the verified address names, or a new one. Raises: ImmediateHttpResponse."""
    addresses = [one.email for one in sociallogin.email_addresses if one.verified is True]
    if not addresses:
        _refuse(request, UNVERIFIED)
    having = list(User.objects.select_for_update().filter(email__iexact=addresses[0]))
    active = [user for user in having if user.is_active]
    if len(active) == 1:
        _need_no_other_identity(request, sociallogin, active[0])
        return active[0]
    if having:
        _refuse(request, SEVERAL if active else SWITCHED_OFF)
    if not settings.OIDC_CREATE_USERS:
        _refuse(request, NOBODY)
    return _make(sociallogin.user, addresses[0], now)


def _need_no_other_identity(request: HttpRequest, sociallogin: SocialLogin, user: User) -> None:
    """The caller holds the person's row, so that of two identities that come at once one is refused."""
    if SocialAccount.objects.filter(user=user, provider=sociallogin.account.provider).exists():
        log.warning("identity provider: another identity with the address of an account", user=user.pk)
        _refuse(request, ANOTHER)


def _make(suggested: User, email: str, now: datetime) -> User:
    """An account for somebody whom the provider vouches for, in the default team, with the role for such."""
    user = User(
        username=free_username(suggested.username or email.partition("@")[0]),
        first_name=suggested.first_name[:150],
        last_name=suggested.last_name[:150],
        email=email,
        role=settings.OIDC_DEFAULT_ROLE,
    )
    user.set_unusable_password()
    user.save()
    team = default_team()
    user.teams.set([team])
    _record(user, "create", {"username": user.username, "email": email, "role": user.role, "teams": [team.slug]}, now)
    return user


def free_username(wanted: str) -> str:
    """The name, in the characters that names have, with a number where somebody has it already."""
    name = re.sub(r"[^\w.@+-]", "", wanted)[:140] or "person"
    taken = set(User.objects.filter(username__istartswith=name).values_list("username", flat=True))
    lower = {one.lower() for one in taken}
    if name.lower() not in lower:
        return name
    return next(f"{name}{number}" for number in range(2, len(lower) + 3) if f"{name}{number}".lower() not in lower)


def _record(user: User, verb: str, after: dict[str, Any], now: datetime, actor: User | None = None) -> None:
    record_change(
        at=now,
        actor=actor,
        door=Change.Door.PAGE if actor else Change.Door.SYSTEM,
        verb=verb,
        object_type="user",
        object_id=user.pk,
        after=after,
    )


def _refuse(request: HttpRequest, sentence: str, status: int = 403) -> NoReturn:
    raise ImmediateHttpResponse(answer_error(request, status, sentence, TITLE))
