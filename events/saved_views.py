"""The doors of saved searches (accounts/views/saved.py); each is answered by a redirect to the search page."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, QueryDict
from django.urls import reverse

from accounts.access import page
from accounts.errors import SavedError, SavedNotFound
from accounts.views.saved import Doors
from events.models import SavedSearch
from events.pages.saved import canonical, url_of
from soc.web.answers import SeeOther
from soc.web.http import UserRequest


@page(methods=("POST",))
def save(request: UserRequest) -> HttpResponseBase:
    """Save the search that is on the page."""
    return _DOORS.save(request)


@page(methods=("POST",))
def change(request: UserRequest, search_id: int) -> HttpResponseBase:
    """Rename a search, share it, or let it ask what the page asks now."""
    return _DOORS.change(request, search_id)


@page(methods=("POST",))
def remove(request: UserRequest, search_id: int) -> HttpResponseBase:
    """Delete a search; what follows can bring it back."""
    return _DOORS.remove(request, search_id)


@page(methods=("POST",))
def restore(request: UserRequest, group: UUID) -> HttpResponseBase:
    """Bring back what was deleted."""
    return _DOORS.restore(request, group)


def _query(request: UserRequest) -> str:
    return canonical(QueryDict(request.POST.get("from", "")))


def _show(request: UserRequest, row: SavedSearch, words: str) -> HttpResponseBase:
    messages.success(request, words)
    return SeeOther(url_of(row))


def _deleted(request: UserRequest, group: UUID) -> HttpResponseBase:
    messages.success(request, "The saved search is deleted.", extra_tags=reverse("events:saved_restore", args=[group]))
    return SeeOther(_here(request))


def _refuse(request: UserRequest, error: SavedError) -> HttpResponseBase:
    """Back to the search, which says why. Raises: Http404 for one that is not the person's."""
    if isinstance(error, SavedNotFound):
        raise Http404
    messages.warning(request, error.message)
    return SeeOther(_here(request))


def _here(request: UserRequest) -> str:
    query = _query(request)
    return reverse("events:search") + (f"?{query}" if query else "")


_DOORS = Doors(SavedSearch, _query, _show, _deleted, _refuse)
