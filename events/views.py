"""Doors to the event pages. What they show is in events/pages/."""

import re
from datetime import date, datetime, timedelta

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_date

from accounts.access import may, page
from accounts.roles import Permission
from accounts.selectors import teams_of
from events import store
from events.pages.asked import PRESETS, read_asked
from events.pages.one_event import event_page, pretty
from events.pages.results import SALT, results, wider
from events.pages.rows import rows_found
from events.pages.rows_asked import EXAMPLES, address_of, as_pipeline, read_rows_asked
from events.stored import StoredEvent
from soc.web import clock
from soc.web.htmx import render_page
from soc.web.http import UserRequest
from soc.web.paging import read_key

_WIDER = timedelta(days=7)
_UID = re.compile(r"[0-9a-f]{32}")


@page()
def search(request: UserRequest) -> HttpResponseBase:
    """Search events; htmx gets the results alone, or for a further page only its rows."""
    now = clock.now()
    if request.GET.get("lang") == "esql":
        return _rows(request, now)
    asked = read_asked(request.GET.get("q", ""), request.GET.get("from", ""), request.GET.get("to", ""), now)
    after = read_key(request.GET.get("after"), SALT)
    context = {
        "asked": asked,
        "presets": PRESETS,
        "now": now,
        "notice": after.notice,
        "may_see_dead_letters": may(request.user, Permission.MANAGE_KEYS),
        "esql_url": address_of(request.path, as_pipeline(asked.text), asked.start, asked.end),
    }
    if not asked.readable:
        return render_page(request, "events/search.html", context, part="results", status=422)
    team_ids = teams_of(request.user)
    found = results(asked, team_ids, after, with_chart=after.values is None)
    context["results"] = found
    if not found.rows and after.values is None and asked.window and now - asked.window.start < _WIDER:
        context["in_a_week"] = wider(asked, team_ids, store.Window(now - _WIDER, asked.window.end))
    return render_page(request, "events/search.html", context, part="rows" if after.values else "results")


def _rows(request: UserRequest, now: datetime) -> HttpResponseBase:
    """The same page in ES|QL: rows of whatever columns."""
    asked = read_rows_asked(request.GET.get("q", ""), request.GET.get("from", ""), request.GET.get("to", ""), now)
    context = {
        "asked": asked,
        "presets": PRESETS,
        "now": now,
        "may_see_dead_letters": may(request.user, Permission.MANAGE_KEYS),
    }
    if asked.readable and asked.prepared:
        context["results"] = rows_found(asked, teams_of(request.user))
    elif asked.readable:
        context["examples"] = [(title, text, address_of(request.path, text, "now-7d", "")) for title, text in EXAMPLES]
    status = 200 if asked.readable else 422
    return render_page(request, "events/search_rows.html", context, part="results", status=status)


@page()
def event(request: UserRequest, uid: str) -> HttpResponseBase:
    """One event: its fields, its process's relatives, the raw document."""
    asked = {name: request.GET.get(name, "")[:4_000] for name in ("q", "from", "to")}
    shown = event_page(_event_of(request, uid), query=asked["q"], start=asked["from"], end=asked["to"])
    return render_page(request, "events/event.html", {"page": shown, "asked": asked, "now": clock.now()}, part="fields")


@page()
def raw(request: UserRequest, uid: str) -> HttpResponseBase:
    """The document of one event, to keep as a file."""
    found = _event_of(request, uid)
    response = HttpResponse(pretty(found), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.uid.hex()}.json"'
    return response


def _event_of(request: UserRequest, uid: str) -> StoredEvent:
    """The event, or a 404 when it is not stored (any more) or is of a team the person is not in."""
    if not _UID.fullmatch(uid):  # bytes.fromhex alone would pass over white space
        raise Http404
    found = store.get(team_ids=teams_of(request.user), uid=bytes.fromhex(uid), day=_day(request.GET.get("day", "")))
    if found is None:
        raise Http404
    return found


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
