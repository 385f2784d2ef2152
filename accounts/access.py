"""Who may do what: the questions that services and pages ask of the table in accounts/roles.py.

`page` is the first line of every view for people: it signs in, checks the method and the permission, in that order.
A view that nobody needs to sign in for says `public`; tests/test_access.py lists both kinds.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.errors import NotAllowed
from accounts.models import User
from accounts.roles import PERMISSIONS, Permission, Role
from soc.web.errors import answer_error
from soc.web.http import UserRequest

P = ParamSpec("P")
V = TypeVar("V", bound=Callable[..., HttpResponseBase])
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
UserView = Callable[Concatenate[UserRequest, P], HttpResponseBase]
# What the person's teams are kept under while one request is answered; request.user is read anew for each.
REMEMBERED_TEAMS = "teams_while_answering"
_NO_PAGE_TITLE = "Nothing to look at here"
_NO_PAGE_SENTENCE = "This address belongs to a button of another page. Go there and press it."


def may(user: User | AnonymousUser, permission: Permission) -> bool:
    """Whether the person's role allows it; nobody who is signed out or deactivated may do anything."""
    return isinstance(user, User) and user.is_active and permission in PERMISSIONS[Role(user.role)]


def reason_against(permission: Permission) -> str:
    """The sentence for a control that the role lacks: "Needs the engineer role."."""
    lowest = next(role for role in Role if permission in PERMISSIONS[role])
    return f"Needs the {lowest.value} role."


def need(user: User | AnonymousUser, permission: Permission) -> None:
    """Raise NotAllowed, with the reason, unless the person may."""
    if not may(user, permission):
        raise NotAllowed(reason_against(permission))


def page(
    permission: Permission = Permission.VIEW, methods: Sequence[str] = ("GET",)
) -> Callable[[UserView[P]], View[P]]:
    """Guard a view: only for the signed in whose role has `permission`, only by `methods` (GET implies HEAD)."""
    allowed = (*methods, "HEAD") if "GET" in methods else tuple(methods)

    def guard(view: UserView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            need(request.user, Permission.VIEW)
            if request.method not in allowed:
                return wrong_method(request, allowed)
            need(request.user, permission)
            setattr(request.user, REMEMBERED_TEAMS, {})
            return view(cast(UserRequest, request), *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.methods = tuple(methods)  # type: ignore[attr-defined]
        return cast(View[P], guarded)

    return guard


def wrong_method(request: HttpRequest, allowed: Sequence[str]) -> HttpResponse:
    """405 in the shape of our error pages: mostly somebody opened the address of a button as if it were a page."""
    response = answer_error(request, 405, _NO_PAGE_SENTENCE, _NO_PAGE_TITLE)
    response["Allow"] = ", ".join(allowed)
    return response


def takes_get(view: Callable[..., object]) -> bool:
    """Whether the view is a page that one can come back to, rather than the address of a button."""
    return "GET" in getattr(view, "methods", ("GET",))


def public(view: V) -> V:
    """Mark a view that needs no sign-in."""
    view.public = True  # type: ignore[attr-defined]
    return view
