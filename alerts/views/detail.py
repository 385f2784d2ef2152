"""The alert page: what happened, why it fired, what usually happens, and beside the facts what to do next."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.access import page
from accounts.errors import OtherTeamsPage
from accounts.models import User
from accounts.selectors import people_to_assign, teams_of
from alerts import selectors
from alerts.errors import AlertNotFound
from alerts.forms import CommentForm
from alerts.models import Alert
from alerts.selectors import QueueFilters
from alerts.views.answers import fragment, said
from alerts.views.asked import filters_of
from alerts.views.composing import compose_new
from alerts.views.filter_choices import choices_for
from alerts.views.frame import came_from, facts_asked, queue_address, rights, view_title, way_back
from soc.web.clock import now as clock_now
from soc.web.counts import Count
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole

SIDES = {
    "guide": _("Guide"),
    "fp": _("False positives"),
    "respond": _("Response"),
    "related": _("Related alerts"),
    "activity": _("Activity"),
    "exception": _("Exception"),
}


@page()
def detail(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """One alert, with what `side` asks for beside it; for htmx only that side, and what hangs on it."""
    alert = opened_alert(request, alert_id)
    side = request.GET.get("side", "guide")
    context = alert_context(request, alert, side if side in SIDES else "guide")
    if context["side"] == "exception":
        context["composer"] = compose_new(request, context["page"])
    return render_page(request, "alerts/detail.html", context, part="tab")


@page()
def peek(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """The preview beside the queue; without htmx the address leads to the page itself."""
    alert = seen_alert(request.user, alert_id)
    if not request.htmx:
        return detail(request, alert_id=alert_id)
    now = clock_now()
    context = {
        "alert": alert,
        "now": now,
        "page": selectors.alert_page(alert=alert, user=request.user, now=now, brief=True),
        "query": queue_address(request.GET),
        "fresh": _fresh(request.GET.get("fresh", "")),
        "behind": _behind(request.GET.get("behind", "")),
        **rights(request.user),
    }
    return fragment(request, "alerts/_peek.html", context)


@page()
def raw(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """The alert's event as it was received, to keep as a file."""
    alert = seen_alert(request.user, alert_id)
    found = selectors.alert_page(alert=alert, user=request.user, now=clock_now())
    response = HttpResponse(found.raw, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="AL-{alert.pk}.json"'
    return response


def _fresh(told: str) -> int:
    """How many of the alerts behind the row are open and nobody's, as the row told it."""
    return whole(told, 5) or 0


def _behind(told: str) -> Count | None:
    """How many alerts the row stands for, as it told it; None for one alone."""
    number = _fresh(told.removesuffix("+"))
    return Count(number, told.endswith("+")) if number > 1 else None


def seen_alert(user: User, alert_id: int) -> Alert:
    """The alert, or a 404 when it is not there or is of a team the person is not in."""
    try:
        return selectors.alert_for(user, alert_id)
    except AlertNotFound as error:
        raise Http404(error.message) from error


def opened_alert(request: UserRequest, alert_id: int) -> Alert:
    """The alert whose page is opened: of another team's the page says whose it is. A part of it is a 404 as ever.

    Raises: OtherTeamsPage, Http404.
    """
    try:
        return selectors.alert_for(request.user, alert_id)
    except AlertNotFound as error:
        if error.team is not None and not request.htmx:
            raise OtherTeamsPage(error.team, "alerts") from error
        raise Http404(error.message) from error


def alert_context(request: UserRequest, alert: Alert, side: str) -> dict[str, Any]:
    """Everything the alert page needs, but for the exception composer."""
    query, now = came_from(request), clock_now()
    people = list(people_to_assign([alert.team_id]))
    filters = _filters(request.user, query, now)
    found = selectors.alert_page(alert=alert, user=request.user, now=now, filters=filters, side=side)
    return {
        "page": found,
        "alert": alert,
        "now": now,
        "side": side,
        "side_title": SIDES[side],
        "part": _part_of(request, side),
        "query": query,
        "view_title": view_title(query),
        "facts": facts_asked(request),
        "people": people,
        "comment_form": CommentForm(),
        "composer": None,
        "spoken": None if wants_part(request) else said(request),
        "undo_back": way_back(query, alert.pk),
        **rights(request.user),
    }


def _part_of(request: UserRequest, side: str) -> str:
    """Which part a phone shows, where there is room for one only: the facts, unless something beside them was asked.
    The tabs name the facts that are open, but ask for their own part."""
    facts = "facts" in request.GET and request.GET.get("part") != "side"
    if facts or (request.method == "GET" and "side" not in request.GET):
        return "facts"
    return "related" if side == "related" else "guide"


def _filters(user: User, query: str, now: datetime) -> QueueFilters:
    """The queue the alert was opened from, to find the ones before and after it; no queries but for the choices."""
    if not query:
        return filters_of({}, user, now)
    return filters_of(choices_for(user, teams_of(user), QueryDict(query)).chosen_in(query), user, now)
