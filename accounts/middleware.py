"""Everything needs sign-in unless it says otherwise, so that a forgotten check on a new page shows nothing.

Who has signed in still has to do first what comes first: choose a password, set up the second factor that the role
needs. And a session that has lasted its time, or in which nothing has happened for long, is over.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.timezone import activate, deactivate

from accounts import second_factor, sessions
from accounts.access import takes_get
from accounts.models import User
from accounts.time_zones import zone_of
from soc.web.errors import answer_error

NEEDS_FACTOR = "needs_second_factor"
CHANGE_PASSWORD = "account_change_password"  # noqa: S105  (a URL name)


@dataclass(frozen=True, slots=True)
class First:
    """What comes before everything else: where it is done, what is open meanwhile, what a client is told."""

    url_name: str
    open_views: frozenset[str]
    sentence: str


PASSWORD_FIRST = First(
    CHANGE_PASSWORD,
    frozenset({CHANGE_PASSWORD, "account_logout"}),
    "Choose a password of your own first: sign in with a browser and do so.",
)
FACTOR_FIRST = First(
    "accounts:security",
    frozenset(
        {
            CHANGE_PASSWORD,
            "account_logout",
            "account_reauthenticate",
            "accounts:security",
            "accounts:end_session",
            "accounts:end_other_sessions",
            "mfa_index",
            "mfa_activate_totp",
            "mfa_add_webauthn",
            "mfa_list_webauthn",
            "mfa_view_recovery_codes",
        }
    ),
    "Your role needs a second factor: sign in with a browser and set one up.",
)


def is_api(view: Callable[..., Any]) -> bool:
    """Whether it is a view of the API, whose classes check keys themselves."""
    return hasattr(view, "cls")


class SignedInMiddleware:
    """Sends the signed out to the sign-in page, and shows times in the zone of who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the person's time zone."""
        try:
            return self.get_response(request)
        finally:
            deactivate()

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Turn away who has not signed in, whose session is over, and who has to do something else first."""
        if getattr(view, "public", False):
            return None
        user, come_back = request.user, takes_get(view)
        if not isinstance(user, User):
            return None if is_api(view) else sign_in_first(request, come_back=come_back, why=why_signed_out(request))
        at = time.time()  # as Django's sessions do; asking the database for the time would cost a query a request
        if why := sessions.over(request.session, at):
            logout(request)
            return sign_in_first(request, come_back=come_back, why=why)
        activate(zone_of(user.time_zone))
        _note_presence(request, user, at)
        return _what_comes_first(request, user)


def _note_presence(request: HttpRequest, user: User, at: float) -> None:
    """Once a minute: write down that the person is there, and look whether the role's policy has changed."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in settings.SESSION_BACKGROUND_VIEWS or not sessions.is_due(request.session, at):
        return
    sessions.touch(request, user, at)
    request.session[NEEDS_FACTOR] = second_factor.must_set_up(user)


def _what_comes_first(request: HttpRequest, user: User) -> HttpResponse | None:
    if user.must_change_password:
        return _lead_to(request, PASSWORD_FIRST)
    if not request.session.get(NEEDS_FACTOR):
        return None
    if not second_factor.must_set_up(user):
        request.session[NEEDS_FACTOR] = False
        return None
    return _lead_to(request, FACTOR_FIRST)


def _lead_to(request: HttpRequest, first: First) -> HttpResponse | None:
    match = request.resolver_match
    if match and match.view_name in first.open_views:
        return None
    if request.path.startswith("/api/"):
        return answer_error(request, 403, first.sentence)
    if request.headers.get("HX-Request") == "true":  # a redirect would put the page into the middle of this one
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(first.url_name)})
    return HttpResponseRedirect(reverse(first.url_name))


def why_signed_out(request: HttpRequest) -> sessions.Ended | None:
    """Why a browser that still names a session has none; nothing to say to one that never had any."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    if request.session.get("_auth_user_id"):  # the session is there, and its person was switched off
        return "deactivated"
    return (sessions.why_ended(key) or "ended") if request.session.is_empty() else None


def sign_in_first(request: HttpRequest, *, come_back: bool = True, why: sessions.Ended | None = None) -> HttpResponse:
    """The way to the sign-in page and back; htmx gets a 401, since a form in the middle of a page helps nobody.

    Without `come_back`, signing in leads home: what was asked for is no page.
    """
    if request.headers.get("HX-Request") == "true" or request.path.startswith("/api/"):
        return answer_error(request, 401, sessions.WHY[why] if why else "")
    come_back = come_back and request.method == "GET" and request.path != "/"
    told = {"next": request.get_full_path()} if come_back else {}
    told |= {"why": why} if why else {}
    return HttpResponseRedirect(resolve_url(settings.LOGIN_URL) + (f"?{urlencode(told)}" if told else ""))
