"""The queue: what waits, most urgent first, narrowed by what stands in the address."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django_htmx.http import HttpResponseClientRefresh

from accounts import saved
from accounts.access import page
from accounts.selectors import teams_of
from alerts import selectors
from alerts.errors import LookAgain
from alerts.models import SavedView
from alerts.queue_form import UNFOLDED
from alerts.seen import Seen
from alerts.selectors import AlertPage, Histogram, QueuePage
from alerts.selectors.meanwhile import meanwhile
from alerts.selectors.shapes import QueueRow
from alerts.views.answers import fragment, said, see_other
from alerts.views.asked import Queue, narrowed_to, read_queue, shortened, tokens
from alerts.views.frame import came_from, queue_address, queue_url, rights, way_back
from alerts.views.kql import marked
from alerts.views.no_rows import NOTHING, no_rows
from alerts.views.tabs import tabs
from engine import LanguageError
from soc.web.clock import now as clock_now
from soc.web.counts import Count
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole, wholes
from soc.web.read_aside import read_aside

__all__ = ["queue_context", "read_queue"]  # what acts on the queue answer with

PAGE_SIZE = 50
MOST_ROWS = 300
"""So many rows of a list that was read on are drawn anew after an undo."""
INSIDE = 50
LOUD = 1_000
DENSITY = "density"
DENSITIES = ("evidence", "compact")
_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Loud:
    """The rule that has made most of what is listed."""

    rule_id: str
    name: str
    count: Count
    alone: str  # the address with nothing but it


@page()
def queue(request: UserRequest) -> HttpResponseBase:
    """The queue page; for htmx its list, further rows when `after` asks for the next page, what is folded, bars, or
    how far the set-up is."""
    asked = read_queue(request, request.GET)
    after, inside = request.GET.get("after", ""), request.GET.get("inside", "")
    if inside and asked.folds and wants_part(request):
        return render_page(request, "alerts/queue.html", inside_context(request, asked), part="members")
    if request.htmx.target == "histogram":
        return render_page(request, "alerts/queue.html", _bars_alone(asked), part="histogram")
    if request.htmx.target == "first-run" and wants_part(request):
        return _first_run_again(request, asked)
    part = "rows" if after and wants_part(request) else "answer"
    answer = render_page(request, "alerts/queue.html", queue_context(request, asked, after), part=part)
    return shortened(request, asked, answer, queue_url(asked.query)) if wants_part(request) and not after else answer


def _first_run_again(request: UserRequest, asked: Queue) -> HttpResponseBase:
    """How far the set-up is by now: 204 where nothing has come of it since, so that what is being copied stays marked.
    Once it is over the page is fetched anew: nothing of the queue stands around its list yet.
    """
    context = queue_context(request, asked)
    if context.get("empty") != "first_run":
        return HttpResponseClientRefresh()
    if context["first"].told == request.GET.get("told"):
        return HttpResponse(status=204)
    return fragment(request, "alerts/_first_run.html", context)


@page()
def pulse(request: UserRequest) -> HttpResponseBase:
    """How many alerts came since the list was made, and what others did to those on screen; 204 while nothing is new,
    so that nothing is swapped. It says who is signed in: what one person left undone is not sent in another's name.
    """
    answer = _news(request)
    answer["X-Person"] = str(request.user.pk)
    return answer


def _news(request: UserRequest) -> HttpResponse:
    asked = read_queue(request, request.GET)
    since = request.GET.get("since", "")
    if (newest := whole(since)) is None:
        return HttpResponse(status=204)
    count, changed = _new_since(asked, newest), _changed(request)
    if not count.number and not changed:
        return HttpResponse(status=204)
    context = {
        "query": asked.query, "newest_id": since, "new_count": count, "now": asked.now, "changed": changed,
        "drawn_at": request.GET.get("at", ""),
    }  # fmt: skip
    return fragment(request, "alerts/queue.html#pulse", context)


@page(methods=("POST",))
def density(request: UserRequest) -> HttpResponseBase:
    """How tall rows are, kept in this browser."""
    chosen = request.POST.get(DENSITY, "")
    response = see_other(queue_url(came_from(request)))
    if chosen in DENSITIES:
        response.set_cookie(DENSITY, chosen, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
    return response


def queue_refused(request: UserRequest, status: int, message: str) -> HttpResponseBase:
    """The queue again, as it stood where the person comes from, with what was refused above its rows."""
    asked = read_queue(request, QueryDict(came_from(request)))
    asked.extra["bulk_error"] = message
    return render_page(request, "alerts/queue.html", queue_context(request, asked), part="answer", status=status)


def queue_context(request: UserRequest, asked: Queue, after: str = "") -> dict[str, Any]:
    """Everything the queue's template needs. A KQL text that cannot be read leaves the list empty and says where."""
    further = bool(after) and wants_part(request)
    # Asked before the rows: what comes between is no part of what the person is taken to have seen.
    seen, found = _as_listed(request, asked)
    if seen is None or found is None:
        seen = Seen(0 if further else selectors.newest_id(user=asked.user), asked.now)
        found = _found(asked, after, counted=not further)
    at = None  # what is added to a list brings no second cursor
    if not further:
        found, at = _pointed(request, asked, found, elsewhere=not after)
        seen = replace(seen, begins_with=found.begins_with)
    context = _rows_context(request, asked, found) | {"at": at, **asked.extra}
    return context if further else context | _around(request, asked, found, at, seen)


def _acted(request: UserRequest) -> bool:
    """Whether somebody acts on a list that stays on the screen, and asks only for what has become of it."""
    return request.method == "POST" and wants_part(request)


def _as_listed(request: UserRequest, asked: Queue) -> tuple[Seen | None, QueuePage | None]:
    """The list on the screen of somebody who acts on it, as it is now: what came since is announced, and moves no row.
    As many rows as there are on the screen, where these are more than a page. Nothing where nothing of it is left.
    """
    if not _acted(request):
        return None, None
    try:
        seen = replace(Seen.read(request.POST.get("seen", "")).checked(asked.now), at=asked.now)
    except (ValueError, LookAgain):
        return None, None
    shown = min(whole(request.POST.get("rows", ""), 4) or 0, MOST_ROWS)
    more: dict[str, Any] = {"limit": shown} if shown > PAGE_SIZE else {}
    after = _token_from(asked, seen)
    found = _found(asked, after, up_to=seen.up_to_id, **more)
    found = replace(found, begins_with=seen.begins_with if after else None)
    return (seen, found) if found.rows else (None, None)


def _token_from(asked: Queue, seen: Seen) -> str:
    """Where a list goes on from that was begun further down than at its top; nothing for one that was not."""
    if seen.begins_with is None:
        return ""
    sought: dict[str, Any] = {"user": asked.user, "filters": asked.filters(), "now": asked.now}
    try:
        return selectors.from_alert(**sought, number=seen.begins_with) or ""
    except LanguageError:
        return ""


def inside_context(request: UserRequest, asked: Queue) -> dict[str, Any]:
    """The alerts of one fold but the one that stands for them, to be listed under it."""
    face = request.GET.get("inside", "")
    found = _found(asked, "", counted=False, limit=INSIDE + 1)
    rows = [row for row in found.rows if str(row.alert.pk) != face]
    found = QueuePage(rows[:INSIDE], found.next_key if len(rows) <= INSIDE else "more", NOTHING)
    return _rows_context(request, asked, found) | {"inside": asked.chosen["fold"], "at": None}


def _rows_context(request: UserRequest, asked: Queue, found: QueuePage) -> dict[str, Any]:
    """What rows need, wherever they stand."""
    return {
        "page": found,
        "form": asked.form,
        "query": asked.query,
        "unfolding": queue_address(asked.data, "fold"),
        "kql_error": asked.kql_error,
        "unread": asked.unread,
        "tokens": tokens(asked),
        "people": asked.people,
        "now": asked.now,
        "spoken": None if wants_part(request) else said(request),
        "undo_back": way_back(asked.query),
        **rights(request.user),
    }


def _around(request: UserRequest, asked: Queue, found: QueuePage, at: int | None, seen: Seen) -> dict[str, Any]:
    """What stands around the list: tabs, preview, what to say when there are no rows, and but after an act the bars."""
    row = next((row for row in found.rows if row.alert.pk == at), None)
    # A template calls what can be called. Whoever acts on one alert after the other needs no new bars after each: the
    # page asks when the hands rest.
    bars = None if _acted(request) else read_aside(partial(_histogram, asked, found))
    # A list that is swapped keeps the preview it has.
    peeked = None if row is None or wants_part(request) else read_aside(partial(_peeked, asked, found, row))
    above = tabs(asked, found.total)
    around: dict[str, Any] = above | {
        "acted": _acted(request),
        "histogram": bars,
        "newest_id": seen.up_to_id,
        "drawn_at": seen.at.isoformat(),
        "seen": seen.told(),
        "peeked": peeked,
        "fresh": row.hidden.number if row and row.hidden else 0,
        "peeked_fold": row.fold if row else None,
        "behind": row.fold.count if row and row.fold else None,
        "density": _density(request),
        "unfolded": asked.chosen.get("fold") == UNFOLDED,
        "loud": _loud(asked, found),
        "deleted": _deleted(request),
        "empty": "",
    }
    return around if found.rows else around | no_rows(request, asked, above["counts"])


def _found(
    asked: Queue, after: str, *, counted: bool = True, limit: int = PAGE_SIZE, up_to: int | None = None
) -> QueuePage:
    filters = replace(asked.filters(), up_to_id=up_to)
    try:
        return selectors.queue(
            user=asked.user, filters=filters, after=after or None, limit=limit, now=asked.now, counted=counted
        )
    except LanguageError as error:
        asked.kql_error = marked(asked.chosen.get("q", ""), error)
        return QueuePage(rows=[], next_key=None, total=NOTHING)


def _bars_alone(asked: Queue) -> dict[str, Any]:
    """The bars above a list whose rows were drawn before. Costs what the list does: how far the bars go back is told by
    counting it, and with a query by searching it.
    """
    found = _found(asked, "", limit=1)
    return {"histogram": _histogram(asked, found), "query": asked.query}


def _histogram(asked: Queue, found: QueuePage) -> Histogram | None:
    if asked.kql_error:
        return None
    return selectors.histogram(user=asked.user, filters=asked.filters(), now=asked.now, spread=found.spread)


def _new_since(asked: Queue, since: int) -> Count:
    try:
        return selectors.new_since(user=asked.user, filters=asked.filters(), since_id=since, now=asked.now)
    except LanguageError:
        return NOTHING


def _changed(request: UserRequest) -> dict[int, Any]:
    """What others did to the rows on screen since these were drawn, by the number of the alert."""
    shown = wholes(request.GET.getlist("shown"))
    try:
        at = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        return {}
    if not shown or at.tzinfo is None or at > clock_now():
        return {}
    found = meanwhile(user=request.user, team_ids=teams_of(request.user), shown=shown, since=at)
    return {one.alert_id: one for one in found}


def _loud(asked: Queue, found: QueuePage) -> Loud | None:
    """The rule to speak about where it has made most of very many alerts."""
    if found.loudest is None or asked.chosen.get("rule") or asked.folds:
        return None
    rule_id, number = found.loudest
    if number < LOUD or number * 2 < found.total.number:
        return None
    name = dict(asked.choices.rules).get(rule_id) or selectors.raised_as(user=asked.user, rule_id=rule_id)
    alone = queue_address(narrowed_to(asked, "rule", rule_id), "saved")
    return Loud(rule_id, name, Count(number, found.total.capped), alone)


def _deleted(request: UserRequest) -> dict[str, Any] | None:
    """The saved view that the person has just deleted, while it can be brought back."""
    try:
        group = UUID(request.GET.get("deleted", ""))
    except ValueError:
        return None
    change = saved.deletion(SavedView, group, request.user)
    return {"name": change.before.get("name", ""), "group": group} if change else None


def _density(request: UserRequest) -> str:
    chosen = request.COOKIES.get(DENSITY, "")
    return chosen if chosen in DENSITIES else DENSITIES[0]


def _pointed(request: UserRequest, asked: Queue, found: QueuePage, *, elsewhere: bool) -> tuple[QueuePage, int | None]:
    """The list and the alert under the cursor: the one in the address, whose row may be `elsewhere` than on the page,
    else the first.
    """
    number, at = whole(request.GET.get("at", "")), None
    shown = [row.alert.pk for row in found.rows]
    if number in shown:
        return found, number
    if number is not None and shown and elsewhere:
        sought: dict[str, Any] = {"user": asked.user, "filters": asked.filters(), "now": asked.now}
        found, at = selectors.page_with(**sought, page=found, number=number, most=MOST_ROWS)
    return found, at or next(iter(shown), None)


def _peeked(asked: Queue, found: QueuePage, row: QueueRow) -> AlertPage:
    """The preview of the alert under the cursor."""
    alert = selectors.with_rule(row.alert)
    return selectors.alert_page(alert=alert, user=asked.user, now=asked.now, times=found.targets, brief=True)
