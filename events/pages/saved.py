"""The searches that were saved, as the menu of the search page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts import saved
from accounts.models import Team
from accounts.selectors import teams_of
from events.models import SavedSearch
from soc.web.http import UserRequest

_NAMES = ("lang", "q", "in", "from", "to", "cols", "values")
"""What makes a search, in the order that it is kept in: nothing of the moment, such as the page one had come to."""


@dataclass(frozen=True, slots=True)
class Line:
    """A saved search of the menu; `whose` says who shares one that is somebody else's."""

    name: str
    url: str
    whose: str
    current: bool


@dataclass(frozen=True, slots=True)
class Deleted:
    """A search that the person deleted, and the address that brings it back."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class SavedMenu:
    """The menu. `opened` is the person's own search that the page shows, `changed` whether it asks something else now.

    `query` is what would be saved; `deleted` what was deleted in the last ten minutes.
    """

    lines: list[Line]
    opened: SavedSearch | None
    changed: bool
    query: str
    teams: list[Team]
    deleted: list[Deleted]


def saved_menu(request: UserRequest, asked: Any, now: datetime) -> SavedMenu:
    """What was saved, and what is open of it. Three queries."""
    teams = teams_of(request.user)
    rows, number = saved.seen(SavedSearch, request.user, teams), request.GET.get("saved", "")
    lines = [
        Line(row.name, url_of(row), "" if row.owner_id == request.user.pk else str(row.owner), str(row.pk) == number)
        for row in rows
    ]
    query = canonical(QueryDict(asked.url("").removeprefix("?")))
    opened = next((row for row in rows if str(row.pk) == number and row.owner_id == request.user.pk), None)
    changed = opened is not None and opened.query != query
    named = list(Team.objects.filter(pk__in=teams).order_by("name"))
    return SavedMenu(lines, opened, changed, query, named, _deleted(request, now))


def _deleted(request: UserRequest, now: datetime) -> list[Deleted]:
    return [
        Deleted(change.before.get("name", ""), reverse("events:saved_restore", args=[change.group]))
        for change in saved.deleted_lately(SavedSearch, request.user, now)
    ]


def url_of(row: SavedSearch) -> str:
    """The address that runs it."""
    return f"{reverse('events:search')}?{row.address}"


def canonical(asked: Mapping[str, str]) -> str:
    """The query string of a search without anything else; two that ask the same are equal."""
    return urlencode({name: asked[name] for name in _NAMES if asked.get(name)})
