"""Saving the queue's filters as a view, and what can be done with one: plain forms, each answered by a redirect."""

from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext as _

from accounts import saved
from accounts.access import page
from accounts.errors import SavedError, SavedNotFound
from accounts.models import Team
from accounts.selectors import teams_of
from alerts.models import SavedView
from alerts.views.answers import Spoken, say, see_other
from alerts.views.frame import came_from, queue_address, queue_url
from alerts.views.queue import queue_refused
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page(methods=("POST",))
def save(request: UserRequest) -> HttpResponseBase:
    """Save the filters that are on."""
    try:
        view = saved.create(
            SavedView, name=request.POST.get("name", ""), query=_filters(request), team=_team(request),
            actor=request.user, now=clock_now(), team_ids=teams_of(request.user),
        )  # fmt: skip
    except SavedError as error:
        return queue_refused(request, 422, error.message)
    return _to(request, view, _("Saved “%(name)s”.") % {"name": view.name})


@page(methods=("POST",))
def change(request: UserRequest, view_id: int) -> HttpResponseBase:
    """Rename a view, share it, or give it the filters that are on."""
    try:
        view = saved.change(
            SavedView, saved_id=view_id, name=request.POST.get("name", ""), team=_team(request), actor=request.user,
            query=_filters(request) if request.POST.get("filters") else None, now=clock_now(),
            team_ids=teams_of(request.user),
        )  # fmt: skip
    except SavedError as error:
        return queue_refused(request, 404 if isinstance(error, SavedNotFound) else 422, error.message)
    return _to(request, view, _("Changed “%(name)s”.") % {"name": view.name})


@page(methods=("POST",))
def move(request: UserRequest, view_id: int) -> HttpResponseBase:
    """One place to the left or to the right."""
    try:
        by = -1 if request.POST.get("to") == "left" else 1
        view = saved.move(SavedView, saved_id=view_id, by=by, actor=request.user, now=clock_now())
    except SavedNotFound as error:
        return queue_refused(request, 404, error.message)
    return see_other(queue_url(view.address))


@page(methods=("POST",))
def remove(request: UserRequest, view_id: int) -> HttpResponseBase:
    """Delete a view; the page that follows can bring it back."""
    try:
        group = saved.remove(SavedView, saved_id=view_id, actor=request.user, now=clock_now())
    except SavedNotFound as error:
        return queue_refused(request, 404, error.message)
    return see_other(queue_url(f"deleted={group}"))


@page(methods=("POST",))
def restore(request: UserRequest, group: UUID) -> HttpResponseBase:
    """Bring back what was deleted."""
    try:
        view = saved.restore(
            SavedView, group=group, actor=request.user, now=clock_now(), team_ids=teams_of(request.user)
        )
    except SavedError as error:
        return queue_refused(request, 422, error.message)
    return _to(request, view, _("“%(name)s” is back.") % {"name": view.name})


def _filters(request: UserRequest) -> str:
    """The filters of the queue that the person is in."""
    return queue_address(QueryDict(came_from(request)), "saved")


def _team(request: UserRequest) -> Team | None:
    """The team to share with; none of it is his own."""
    return saved.team_to_share(teams_of(request.user), request.POST.get("share", ""))


def _to(request: UserRequest, view: SavedView, words: str) -> HttpResponseBase:
    say(request, Spoken(words))
    return see_other(queue_url(view.address))
