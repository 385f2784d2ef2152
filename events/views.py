"""Doors to the event pages. What they show is in events/pages/."""

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import may, page
from accounts.roles import Permission
from accounts.selectors import teams_of
from engine import PatternError
from events.completing import Unknown
from events.named import event_in
from events.overlaying import today
from events.pages.asked import PRESETS, Asked, fixed, moment_of, read_asked
from events.pages.language import asked_language, language_of, remembered, switch
from events.pages.longer import longer
from events.pages.one_event import OPEN, event_page, opened, pretty
from events.pages.reached import address_now, reached, row_named
from events.pages.recent import forget, recent
from events.pages.results import (
    LONG_SECONDS,
    NOTHING,
    SALT,
    Counts,
    Results,
    Row,
    StepMark,
    columns_of,
    counts,
    looked_back,
    results,
    results_from,
    results_piped,
    row,
    wider,
)
from events.pages.row_links import address_of_value
from events.pages.rows import RowsFound, rows_found
from events.pages.rows_asked import EXAMPLES, RowsAsked, address_of, read_rows_asked
from events.pages.saved import saved_menu
from events.pages.starting import EQL_EXAMPLES, try_these
from events.pages.together import TogetherFound, mistake_of_pattern, together
from events.pages.unknown import unknown_in
from events.progress import watch_of
from events.stored import StoredEvent
from events.watching import only_for
from soc.web import clock
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.paging import After, read_key

Answer = TypeVar("Answer", TogetherFound, RowsFound, Results)
AT_ONCE_SECONDS = 1.0
"""How long an address that was opened waits for an answer that may take long, before the page looks on instead."""
_SMALL_NUMBER = re.compile(r"[0-9]{1,12}")


@page()
def search(request: UserRequest) -> HttpResponseBase:
    """Search events; htmx gets the results alone, or for a further page only its rows, or only the histogram."""
    language = language_of(request)
    now = clock.now()
    response = _rows(request, now) if language == "esql" else _events(request, asked_of(request, now, language), now)
    return remembered(response, request, language)


def asked_of(request: UserRequest, now: datetime, language: str = "") -> Asked:
    """What the address of any page about a search asks."""
    asked = {name: request.GET.get(name, "") for name in ("q", "from", "to", "in", "cols")}
    now = moment_of(request.GET.get("at", ""), now)
    read = read_asked(
        asked["q"],
        asked["from"],
        asked["to"],
        now,
        language=language or asked_language(request),
        of_alerts=asked["in"] == "alerts",
        columns=asked["cols"],
    )
    return fixed(read, now)


def _events(request: UserRequest, asked: Asked, now: datetime) -> HttpResponseBase:
    """In KQL or EQL: a table of events, or blocks of them."""
    context = _frame(request, asked, now)
    if not asked.readable:
        context["examples"] = [] if asked.mistaken else EQL_EXAMPLES
        return render_page(request, "events/search.html", context, "results", 422 if asked.mistaken else 200)
    if asked.joins:
        return _joined(request, asked, context, now)
    if asked.piped:
        return _piped(request, asked, context, now)
    if request.GET.get("part") == "counts":
        context["counts"] = counts(asked, teams_of(request.user), seconds=LONG_SECONDS)
        return render_page(request, "events/search.html", context | {"counted_on": True}, "counted")
    return _table(request, asked, context, now)


def _table(request: UserRequest, asked: Asked, context: dict[str, Any], now: datetime) -> HttpResponseBase:
    """The first page of rows with what stands around it, or the rows that follow."""
    teams, after = teams_of(request.user), read_key(request.GET.get("after"), SALT)
    first = after.values is None
    context |= {"notice": after.notice} | _columns(asked)
    context["paused"] = "pause" in request.GET
    if context["paused"] and not first and wants_part(request):
        told = {"next_key": request.GET["after"], "looked": looked_back(asked, after)}
        return render(request, "events/_paused.html", context | told)
    found = _led_to(request, asked, teams, after, context)
    if first or not wants_part(request):
        context["counts"] = counts(asked, teams)
    if not asked.text and first:
        context["try_these"] = try_these(found.rows, asked)
    if not found.rows and (first or "nothing" in request.GET):
        context |= _nothing(asked, teams, found, now, first=first)
    if context.get("ended"):
        return _ended(request, context)
    return render_page(request, "events/search.html", context, "results" if first else "rows")


def _columns(asked: Asked) -> dict[str, Any]:
    columns = columns_of(asked)
    return {"columns": columns, "width": len(columns) + (2 if asked.columns else 3)}


def _piped(request: UserRequest, asked: Asked, context: dict[str, Any], now: datetime) -> HttpResponseBase:
    """The first or last events in EQL: all at once, after what looks on where that takes long."""
    teams = teams_of(request.user)
    found = _answer(request, partial(results_piped, asked, teams))
    if found is None:
        return _running(request, "events/search.html", context)
    context |= {"results": found} | _columns(asked) | _opened(request, found.rows, asked)
    if not found.rows and not found.cancelled:
        context |= _nothing(asked, teams, found, now, first=True)
    return render_page(request, "events/search.html", context, "results")


def _led_to(request: UserRequest, asked: Asked, teams: Sequence[int], after: After, context: dict[str, Any]) -> Results:
    """The rows, with that open whose event the address names. Where it is not among them they begin with it, if the
    search finds it."""
    found, above = results(asked, teams, after), after.values is not None
    if row_named(request, found.rows) is None and (named := _named(request, teams)):
        from_it = results_from(asked, teams, named)
        found, above = (from_it, True) if from_it else (found, above)
    context |= {"results": found, "above": above} | _opened(request, found.rows, asked)
    return found


def _named(request: UserRequest, teams: Sequence[int]) -> StoredEvent | None:
    """The event that the address of a search names, where the person may see it."""
    return event_in(request.GET.get("event", ""), request.GET.get("day", ""), teams)


def _opened(request: UserRequest, rows: Sequence[Row], asked: Asked) -> dict[str, Any]:
    """The row that the address leads to, open."""
    row = reached(request, rows, asked, may_except=_may_except(request))
    return {"reached": row, "may_work_cases": _may_work_cases(request)} if row else {}


def _nothing(asked: Asked, teams: Sequence[int], found: Results, now: datetime, *, first: bool) -> dict[str, Any]:
    """What is said where nothing was found so far: why that may be, and, at the end, where there may be some. What
    took long is not counted further back: that would take as long again."""
    told: dict[str, Any] = {"nothing": True, "unknown": unknown_in(asked, teams, now)}
    if found.stopped:
        return told
    if first:
        return told | {"wider": wider(asked, teams, now)}
    return told | {"ended": True, "counts": Counts(NOTHING, None, 0), "longer": longer(asked, now)}


def _ended(request: UserRequest, context: dict[str, Any]) -> HttpResponse:
    """The end of a long search that found nothing: in place of the empty table that was to be filled, if that still
    stands there."""
    response = render_page(request, "events/search.html", context, "results")
    response["HX-Retarget"], response["HX-Reswap"] = "closest #results", "outerHTML"
    return response


def _joined(request: UserRequest, asked: Asked, context: dict[str, Any], now: datetime) -> HttpResponseBase:
    """Sequences and samples."""
    teams = teams_of(request.user)
    try:
        found = _answer(request, partial(together, asked, teams, now=now))
    except PatternError as error:
        context["pattern_mistake"] = mistake_of_pattern(asked.text, str(error))
        return render_page(request, "events/search.html", context, "results", 422)
    if found is None:
        return _running(request, "events/search.html", context)
    rows = [step.row for block in found.blocks for step in block.steps if step.row]
    context |= {"together": found, "longer": longer(asked, now)} | _opened(request, rows, asked)
    if not found.blocks and not found.busy and not found.cancelled:
        context["unknown"] = unknown_in(asked, teams, now)
    return render_page(request, "events/search.html", context, "results")


def _answer(request: UserRequest, find: Callable[..., Answer]) -> Answer | None:
    """What a search finds that may take long, or None where the page is to look on first: where a script sent it off,
    or where the answer of an address that was opened is not there at once. Who looked on names that with `run`."""
    if token := request.GET.get("run", ""):
        return find(watch=watch_of(request.user.pk, token))
    if wants_part(request):
        return None
    found = find(watch=only_for(AT_ONCE_SECONDS), seconds=AT_ONCE_SECONDS)
    return None if found.late else found


def _running(request: UserRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """What stands in the place of an answer that takes long, with the page around it where an address was opened."""
    token, query = secrets.token_hex(16), request.GET.copy()
    query["run"] = token
    query.pop("typed", None)
    context |= {"run_url": f"{request.path}?{query.urlencode()}", "token": token}
    if wants_part(request):
        return render(request, "events/_running.html", context)
    return render_page(request, template, context)


def _frame(request: UserRequest, asked: Any, now: datetime) -> dict[str, Any]:
    """What every form of the search page shows around its answer."""
    return {
        "asked": asked,
        "pinned": "event" in request.GET or (not wants_part(request) and bool({"at", "after"} & set(request.GET))),
        "presets": PRESETS,
        "now": now,
        "languages": switch(asked, reverse("events:search")),
        "may_see_dead_letters": may(request.user, Permission.MANAGE_KEYS),
        "rule_url": asked.url(reverse("events:make_rule")),
        "csv_url": asked.url(reverse("events:export"), format="csv", at=asked.at),
        "ndjson_url": asked.url(reverse("events:export"), format="ndjson", at=asked.at),
        "fields_url": asked.url(reverse("events:fields"), at=asked.at),
        "counts_url": asked.url(reverse("events:search"), part="counts", at=asked.at),
        "queue_query": urlencode({"view": "all", "q": asked.text}),
        "recent": recent(request, asked),
        "saved_menu": partial(saved_menu, request, asked, now),  # asked by the templates that show it, and by no part
    }


def _rows(request: UserRequest, now: datetime) -> HttpResponseBase:
    """The same page in ES|QL: rows of whatever columns."""
    text, start, end, values = (request.GET.get(name, "") for name in ("q", "from", "to", "values"))
    asked = fixed(read_rows_asked(text, start, end, now, values), now)
    followed = address_of_value(asked, request.GET["only"]) if "only" in request.GET else None
    if followed:
        return redirect(followed)
    context = _frame(request, asked, now)
    if asked.readable and asked.prepared:
        teams = teams_of(request.user)
        found = _answer(request, partial(rows_found, asked, teams))
        if found is None:
            return _running(request, "events/search_rows.html", context)
        context |= {"results": found, "longer": longer(asked, now), "unknown": _blank(asked, teams, found, now)}
    elif asked.readable:
        context["examples"] = [(title, text, address_of(request.path, text, "now-7d", "")) for title, text in EXAMPLES]
    status = 200 if asked.readable else 422
    return render_page(request, "events/search_rows.html", context, part="results", status=status)


def _blank(asked: RowsAsked, teams: Sequence[int], found: RowsFound, now: datetime) -> list[Unknown]:
    """The fields that nothing seems to have: all of them where there is no row, else those that are empty columns."""
    if found.busy or (found.lines and not found.blank):
        return []
    return [one for one in unknown_in(asked, teams, now) if not found.lines or one.name in found.blank]


@page(methods=("POST",))
def forget_recent(request: UserRequest) -> HttpResponse:
    """Keep none of the searches that the person made lately."""
    forget(request.user.pk)
    return redirect("events:search")


@page()
def event(request: UserRequest, uid: str) -> HttpResponseBase:
    """One event: its fields, its process's relatives, the raw document."""
    now = clock.now()
    asked = asked_of(request, now)
    shown = event_page(event_of(request, uid), asked, may_except=_may_except(request))
    context = {"page": shown, "asked": asked, "now": now, "may_work_cases": _may_work_cases(request)}
    return render_page(request, "events/event.html", context, part="fields")


@page()
def event_row(request: UserRequest, uid: str) -> HttpResponseBase:
    """An event as a row of the table, opened in place or closed again; a browser without scripts gets its page."""
    if not wants_part(request):
        return event(request, uid)
    now = clock.now()
    asked, found = asked_of(request, now), event_of(request, uid)
    show, mark = request.GET.get("open", ""), _mark(request)
    if show in OPEN:
        shown = opened(found, asked, show, mark, may_except=_may_except(request))
        context: dict[str, Any] = {"opened": shown, "row": shown.row, "asked": asked, "now": now}
        context["may_work_cases"] = _may_work_cases(request)
    else:
        context = {"row": row(found, asked, mark=mark), "asked": asked, "now": now, "focus": True}
    response = render(request, "events/_row.html", context)
    if here := address_now(request, found, asked, show if show in OPEN else ""):
        response["HX-Replace-Url"] = here
    return response


def _may_work_cases(request: UserRequest) -> bool:
    return may(request.user, Permission.WORK_CASES)


def _may_except(request: UserRequest) -> bool:
    return may(request.user, Permission.EXCEPT)


def _mark(request: UserRequest) -> StepMark | None:
    step, gap = request.GET.get("step", ""), request.GET.get("gap", "")
    if not _SMALL_NUMBER.fullmatch(step):
        return None
    return StepMark(int(step), int(gap) if _SMALL_NUMBER.fullmatch(gap) else None)


@page()
def raw(request: UserRequest, uid: str) -> HttpResponseBase:
    """The document of one event, to keep as a file."""
    found = event_of(request, uid)
    response = HttpResponse(pretty(found), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.uid.hex()}.json"'
    return response


def event_of(request: UserRequest, uid: str) -> StoredEvent:
    """The event, or a 404 when it is not stored (any more) or is of a team the person is not in."""
    found = event_in(uid, request.GET.get("day", ""), teams_of(request.user))
    if found is None:
        raise Http404
    return today([found])[0]
