"""Doors beside the search page: its list of fields, its answer as a file or as a rule, and looking on while it runs."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.roles import Permission
from accounts.selectors import teams_of
from events.pages.asked import Asked, fixed, moment_of
from events.pages.field_list import FieldList, field_list
from events.pages.files import cells_of, events_of, header_of, lines_of, table_of
from events.pages.language import asked_language
from events.pages.one_event import address_part
from events.pages.row_told import fields_of_row, read_row
from events.pages.rows import fields_of_rows, rows_found
from events.pages.rows_asked import RowsAsked, address_of, read_rows_asked
from events.pages.rule_file import NoRule, rule_file
from events.pages.rule_of_event import index_of, query_of
from events.pages.together import fields_together
from events.progress import progress_of, stop
from events.searching import ORDINARY
from events.stored import StoredEvent
from events.views import asked_of, event_of
from soc.web import clock, csv
from soc.web.htmx import render_page
from soc.web.http import UserRequest

_LIMIT_SECONDS = 10


@page()
def fields(request: UserRequest) -> HttpResponseBase:
    """The fields of the newest events that match; a search that cannot be read has none."""
    opened, find = request.GET.get("field", "")[:512], request.GET.get("find", "").strip()[:100]
    asked = rows_asked(request) if asked_language(request) == "esql" else asked_of(request, clock.now())
    back = asked.url(reverse("events:search"))
    if asked.window is None or (not asked.prepared if isinstance(asked, RowsAsked) else not asked.readable):
        return redirect(back)
    found = _fields(asked, teams_of(request.user), opened, find)
    context = {"listed": found, "back_url": back, "focus": bool(opened)}
    return render_page(request, "events/fields.html", context, part="list")


def _fields(asked: Asked | RowsAsked, team_ids: Sequence[int], opened: str, find: str) -> FieldList:
    if isinstance(asked, RowsAsked):
        return fields_of_rows(asked, team_ids, opened, find)
    if asked.joins:
        return fields_together(asked, team_ids, opened, find, now=clock.now())
    return field_list(asked, team_ids, opened, find)


@page()
def export(request: UserRequest) -> HttpResponseBase:
    """The newest events that match, or the rows of a query in ES|QL, as a file."""
    now, as_lines = clock.now(), request.GET.get("format") == "ndjson"
    if asked_language(request) == "esql":
        return _rows_file(request)
    asked = asked_of(request, now)
    if not asked.readable or asked.joins:
        return redirect(asked.url(reverse("events:search")))
    found = events_of(asked, teams_of(request.user))
    if as_lines:
        response = StreamingHttpResponse(lines_of(found), content_type="application/x-ndjson")
        response["Content-Disposition"] = 'attachment; filename="events.ndjson"'
        response["Cache-Control"] = "no-store"
        return response
    return csv.answer("events.csv", header_of(asked), cells_of(found, asked))


def _rows_file(request: UserRequest) -> HttpResponseBase:
    asked = rows_asked(request)
    if asked.prepared is None or asked.window is None:
        return redirect(address_of(reverse("events:search"), asked.text, asked.start, asked.end, asked.values))
    return csv.answer("rows.csv", *table_of(rows_found(asked, teams_of(request.user))))


def rows_asked(request: UserRequest) -> RowsAsked:
    """What the address of a page about a search in ES|QL asks."""
    text, start, end, values = (request.GET.get(name, "") for name in ("q", "from", "to", "values"))
    now = moment_of(request.GET.get("at", ""), clock.now())
    return fixed(read_rows_asked(text, start, end, now, values), now)


@page()
def row_alone(request: UserRequest) -> HttpResponse:
    """A row of groups on a page of its own, as its button tells of it."""
    asked = rows_asked(request)
    told = read_row(request.GET.get("columns", ""), request.GET.get("row", ""))
    may_except = may(request.user, Permission.EXCEPT)
    context = {
        "asked": asked,
        "fields": fields_of_row(told, asked, may_except=may_except),
        "back_url": asked.url(reverse("events:search")),
        "rule_url": asked.url(reverse("events:make_rule")),
        "note_url": row_url(request, asked, reverse("cases:note_row")),
        "may_work_cases": may(request.user, Permission.WORK_CASES),
        "why_no_exception": "" if may_except else reason_against(Permission.EXCEPT),
    }
    return render(request, "events/row.html", context)


def row_url(request: UserRequest, asked: RowsAsked, path: str = "") -> str:
    """An address about the row that the request's own address tells of; its page where no other is named."""
    told = {name: request.GET.get(name, "") for name in ("columns", "row", "at")}
    return asked.url(path or reverse("events:row_alone"), **told)


@page()
def make_rule(request: UserRequest) -> HttpResponseBase:
    """The search, or an event, as the beginning of a rule file, to look at or to keep.

    Where the address names an event, it is what there is to begin with unless a query was asked too: then `of` chooses.
    """
    asked, named = asked_of(request, clock.now()), _named_event(request)
    of_event = named is not None and (not asked.text or request.GET.get("of") == "event")
    context = {"back_url": asked.url(reverse("events:search")), "now": clock.now()} | _ways(asked, named, of_event)
    try:
        text = _rule_of_event(named, asked) if named and of_event else _rule_of_search(request, asked)
    except NoRule as reason:
        return render(request, "events/make_rule.html", context | {"why_not": reason.sentence}, status=422)
    if "download" in request.GET:
        response = HttpResponse(text, content_type="application/toml; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="new_rule.toml"'
        return response
    download = _rule_url(asked, named, of="event" if of_event else "", download="1")
    return render(request, "events/make_rule.html", context | {"text": text, "download_url": download})


def _named_event(request: UserRequest) -> StoredEvent | None:
    """The event that the address names, if it names one; a 404 when that is not there."""
    uid = request.GET.get("event", "")
    return event_of(request, uid) if uid else None


def _rule_of_search(request: UserRequest, asked: Asked) -> str:
    query = request.GET.get("q", "")[:10_000].replace("\r\n", "\n").strip()
    return rule_file(asked_language(request), query, asked.indices if asked.of_alerts else ORDINARY)


def _rule_of_event(event: StoredEvent, asked: Asked) -> str:
    query = query_of(event)
    if not query:
        raise NoRule("This event has no field that tells what happened, so no rule can begin with it.")
    return rule_file("kql", query, asked.indices if asked.of_alerts else (index_of(event),))


def _ways(asked: Asked, named: StoredEvent | None, of_event: bool) -> dict[str, Any]:
    """What the rule is made of, and the other way where there are two: title, address, whether it is this."""
    if named is None or not asked.text:
        return {"of_event": of_event}
    ways = [("Of the search", _rule_url(asked, named), not of_event)]
    ways += [("Of the event", _rule_url(asked, named, of="event"), of_event)]
    return {"of_event": of_event, "ways": ways}


def _rule_url(asked: Asked, named: StoredEvent | None, **more: str) -> str:
    return asked.url(reverse("events:make_rule"), **(address_part(named) if named else {}), **more)


@page()
def progress(request: UserRequest, token: str) -> HttpResponse:
    """How far a search that runs has come."""
    found = progress_of(request.user.pk, token)
    share = min(round(100 * found.seconds / _LIMIT_SECONDS), 100) if found else 0
    return render(request, "events/_progress.html", {"progress": found, "share": share})


@page(methods=("POST",))
def cancel(request: UserRequest, token: str) -> HttpResponse:
    """End a search that runs; the page that waits for it says so."""
    stop(request.user.pk, token)
    return HttpResponse("Stopping…", content_type="text/plain; charset=utf-8")
