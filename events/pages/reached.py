"""The row of a search that stands open, as the address of the search holds it, so that Back or a colleague comes to it.

The address names the event, what is shown of it, and the moment that "now" meant, since a minute later a hundred newer
events may stand before it. What an address names is looked for among what the search finds for whoever opens it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import QueryDict
from django.urls import reverse

from events.named import uid_in
from events.pages.asked import Asked
from events.pages.one_event import OPEN, Opened, address_part, opened
from events.pages.results import SALT, Row, key_after
from events.searching import SearchKey
from events.stored import StoredEvent
from soc.web.http import UserRequest
from soc.web.paging import read_key

_PLACE = ("event", "day", "open")
_LONGEST = 3_000
"""Of the address that is told in a header, of which servers on the way may take few thousand characters."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The row that an address leads to, where it stands in the answer, and what is shown of it."""

    row: Row
    opened: Opened


def row_named(request: UserRequest, rows: Iterable[Row]) -> Row | None:
    """The first of these rows whose event the address of the search names."""
    uid = uid_in(request.GET.get("event", ""))
    return next((row for row in rows if row.event.uid == uid), None) if uid else None


def reached(request: UserRequest, rows: Iterable[Row], asked: Asked, *, may_except: bool) -> Reached | None:
    """The same, opened."""
    found = row_named(request, rows)
    if found is None:
        return None
    asked_for = request.GET.get("open", "")
    show = asked_for if asked_for in OPEN else OPEN[0]
    return Reached(found, opened(found.event, asked, show, found.mark, may_except=may_except))


def address_now(request: UserRequest, event: StoredEvent, asked: Asked, show: str) -> str:
    """What the address of the search becomes when a row of it was opened (`show` says what of it) or closed; empty
    where it stays, and on any other page."""
    try:
        here = urlsplit(request.htmx.current_url or "")
    except ValueError:  # no address that a browser shows
        return ""
    query = QueryDict(here.query, mutable=True)
    if here.path != reverse("events:search") or (not show and query.get("event") != event.uid.hex()):
        return ""
    for name in _PLACE:
        query.pop(name, None)
    if not _follows(event, query.get("after")):
        query.pop("after", None)
    if show:
        query.update(address_part(event) | ({"open": show} if show != OPEN[0] else {}))
        query["at"] = asked.at
    elif "after" not in query:
        query.pop("at", None)
    address = f"{here.path}?{query.urlencode()}" if query else here.path
    return address if len(address) <= _LONGEST else ""


def _follows(event: StoredEvent, after: str | None) -> bool:
    """Whether it stands behind where a further page begins: rows of the pages before may be on the screen, too."""
    key = key_after(read_key(after, SALT))
    return key is not None and SearchKey(event.time, event.uid) < key
