"""Everything needs sign-in unless it says otherwise, so that a forgotten check on a new page shows nothing."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.timezone import activate, deactivate

from accounts.access import takes_get
from accounts.models import User
from accounts.time_zones import zone_of
from soc.web.errors import answer_error

CHANGE_PASSWORD = "account_change_password"  # noqa: S105  (a URL name)
_OPEN_WITH_OLD_PASSWORD = {CHANGE_PASSWORD, "account_logout"}


def is_open(view: Callable[..., Any]) -> bool:
    """Whether the view takes care of who enters: public pages, and the API, whose classes check keys themselves."""
    return bool(getattr(view, "public", False)) or hasattr(view, "cls")


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
        """Turn away who has not signed in, and who still has to choose a password."""
        if is_open(view):
            return None
        user = request.user
        if not isinstance(user, User):
            return sign_in_first(request, come_back=takes_get(view))
        activate(zone_of(user.time_zone))
        match = request.resolver_match
        if user.must_change_password and match and match.view_name not in _OPEN_WITH_OLD_PASSWORD:
            return HttpResponseRedirect(reverse(CHANGE_PASSWORD))
        return None


def sign_in_first(request: HttpRequest, *, come_back: bool = True) -> HttpResponse:
    """The way to the sign-in page and back; htmx gets a 401, since a form in the middle of a page helps nobody.

    Without `come_back`, signing in leads home: what was asked for is no page.
    """
    if request.headers.get("HX-Request") == "true" or request.path.startswith("/api/"):
        return answer_error(request, 401)
    come_back = come_back and request.method == "GET" and request.path != "/"
    came_for = {"next": request.get_full_path()} if come_back else {}
    return HttpResponseRedirect(resolve_url(settings.LOGIN_URL) + (f"?{urlencode(came_for)}" if came_for else ""))
