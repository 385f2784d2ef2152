"""Saving a search, and what can be done with one: plain forms, each answered by a redirect to the search page."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse

from accounts import saved
from accounts.access import page
from accounts.errors import SavedError, SavedNotFound
from accounts.models import Team
from accounts.selectors import teams_of
from events.models import SavedSearch
from events.pages.saved import canonical, url_of
from soc.web import clock
from soc.web.answers import SeeOther
from soc.web.http import UserRequest


@page(methods=("POST",))
def save(request: UserRequest) -> HttpResponse:
    """Save the search that is on the page."""
    try:
        row = saved.create(
            SavedSearch, name=request.POST.get("name", ""), query=_query(request), team=_team(request),
            actor=request.user, now=clock.now(), team_ids=teams_of(request.user),
        )  # fmt: skip
    except SavedError as error:
        return _refused(request, error)
    return _to(request, row, f"Saved “{row.name}”.")


@page(methods=("POST",))
def change(request: UserRequest, search_id: int) -> HttpResponse:
    """Rename a search, share it, or let it ask what the page asks now."""
    try:
        row = saved.change(
            SavedSearch, saved_id=search_id, name=request.POST.get("name", ""), team=_team(request),
            query=_query(request) if request.POST.get("filters") else None, actor=request.user, now=clock.now(),
            team_ids=teams_of(request.user),
        )  # fmt: skip
    except SavedError as error:
        return _refused(request, error)
    return _to(request, row, f"Changed “{row.name}”.")


@page(methods=("POST",))
def remove(request: UserRequest, search_id: int) -> HttpResponse:
    """Delete a search; what follows can bring it back."""
    try:
        group = saved.remove(SavedSearch, saved_id=search_id, actor=request.user, now=clock.now())
    except SavedError as error:
        return _refused(request, error)
    messages.success(request, "The saved search is deleted.", extra_tags=reverse("events:saved_restore", args=[group]))
    return SeeOther(_here(request))


@page(methods=("POST",))
def restore(request: UserRequest, group: UUID) -> HttpResponse:
    """Bring back what was deleted."""
    try:
        row = saved.restore(
            SavedSearch, group=group, actor=request.user, now=clock.now(), team_ids=teams_of(request.user)
        )
    except SavedError as error:
        return _refused(request, error)
    return _to(request, row, f"“{row.name}” is back.")


def _query(request: UserRequest) -> str:
    return canonical(QueryDict(request.POST.get("from", "")))


def _team(request: UserRequest) -> Team | None:
    return saved.team_to_share(teams_of(request.user), request.POST.get("share", ""))


def _to(request: UserRequest, row: SavedSearch, words: str) -> HttpResponse:
    messages.success(request, words)
    return SeeOther(url_of(row))


def _refused(request: UserRequest, error: SavedError) -> HttpResponse:
    """Back to the search, which says why. Raises: Http404 for one that is not the person's."""
    if isinstance(error, SavedNotFound):
        raise Http404
    messages.warning(request, error.message)
    return SeeOther(_here(request))


def _here(request: UserRequest) -> str:
    query = _query(request)
    return reverse("events:search") + (f"?{query}" if query else "")
