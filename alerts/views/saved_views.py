"""The doors of views, the filters of the queue under a name (accounts/views/saved.py), answered by the queue."""

from uuid import UUID

from django.http import HttpResponseBase, QueryDict

from accounts.access import page
from accounts.errors import SavedError, SavedNotFound
from accounts.views.saved import Doors
from alerts.models import SavedView
from alerts.views.answers import Spoken, say, see_other
from alerts.views.frame import came_from, queue_address, queue_url
from alerts.views.queue import queue_refused
from soc.web.http import UserRequest


@page(methods=("POST",))
def save(request: UserRequest) -> HttpResponseBase:
    """Save the filters that are on."""
    return _DOORS.save(request)


@page(methods=("POST",))
def change(request: UserRequest, view_id: int) -> HttpResponseBase:
    """Rename a view, share it, or give it the filters that are on."""
    return _DOORS.change(request, view_id)


@page(methods=("POST",))
def move(request: UserRequest, view_id: int) -> HttpResponseBase:
    """One place to the left or to the right."""
    return _DOORS.move(request, view_id)


@page(methods=("POST",))
def remove(request: UserRequest, view_id: int) -> HttpResponseBase:
    """Delete a view; the page that follows can bring it back."""
    return _DOORS.remove(request, view_id)


@page(methods=("POST",))
def restore(request: UserRequest, group: UUID) -> HttpResponseBase:
    """Bring back what was deleted."""
    return _DOORS.restore(request, group)


def _filters(request: UserRequest) -> str:
    """The filters of the queue that the person is in."""
    return queue_address(QueryDict(came_from(request)), "saved")


def _show(request: UserRequest, view: SavedView, words: str) -> HttpResponseBase:
    if words:
        say(request, Spoken(words))
    return see_other(queue_url(view.address))


def _deleted(_request: UserRequest, group: UUID) -> HttpResponseBase:
    return see_other(queue_url(f"deleted={group}"))


def _refuse(request: UserRequest, error: SavedError) -> HttpResponseBase:
    return queue_refused(request, 404 if isinstance(error, SavedNotFound) else 422, error.message)


_DOORS = Doors(SavedView, _filters, _show, _deleted, _refuse)
