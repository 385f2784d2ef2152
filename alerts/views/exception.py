"""The page of one exception, and the click that says that it was reviewed."""

from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.audit.words import did
from accounts.models import Change
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.errors import AlertError
from alerts.exception_undo import undoable
from alerts.exceptions.draft_keeping import OBJECT_TYPE
from alerts.exceptions.saving import named_after
from alerts.reviewing.renewing import review_again
from alerts.selectors.exception_page import ExceptionPage, exception_page
from alerts.views.conditions import conditions_of
from alerts.views.exception_answers import refused, told
from alerts.views.exceptions import seen_item
from alerts.views.frame import rights
from alerts.views.way_back import back_of, ledger_of, with_back
from rules.errors import RulesError
from soc.web import charts
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest
from soc.web.numbers import whole


@page()
def show(request: UserRequest, item_id: int) -> HttpResponseBase:
    """What it says, what it held back, whether it still serves, and who changed it."""
    item, now, ledger = seen_item(request.user, item_id), clock_now(), ledger_of(request)
    shown = exception_page(item, request.user, teams_of(request.user), now)
    ways_back = undoable(shown.history, {item.pk: item}, request.user, now)
    context = {
        "title": item.reason.split("\n", 1)[0] if item.name == named_after(item.entries) else item.name,
        "page": shown,
        "row": shown.row,
        "item": item,
        "conditions": conditions_of(item.entries),
        "chart": _chart(shown, now),
        "history": [(change, _did(change), change.pk in ways_back) for change in shown.history],
        "here": quote(with_back(request.path, ledger), safe=""),
        "ledger": ledger or reverse("alerts:exceptions"),
        "back": ledger or request.path,
        "now": now,
        **rights(request.user),
    }
    return render(request, "alerts/exception.html", context)


@page(Permission.EXCEPT, methods=("POST",))
def reviewed(request: UserRequest, item_id: int) -> HttpResponseBase:
    """Say that it was reviewed; it comes back in ninety days."""
    item, seen, group = seen_item(request.user, item_id), whole(request.POST.get("version", ""), 9), uuid4()
    back = back_of(request) or reverse("alerts:exception", args=[item.pk])
    try:
        review_again(item=item, version=seen, actor=request.user, now=clock_now(), group=group)
    except (AlertError, RulesError) as error:
        return refused(request, error.message, back)
    return told(request, _("Reviewed. It comes up again in 90 days."), group, back)


def _did(change: Change) -> str:
    """What was done, with what it was done to: the exception, or a draft of a change of it."""
    if change.object_type == OBJECT_TYPE:
        words = {
            "draft": _("sent a change of it for review"),
            "return": _("sent a change of it back"),
            "withdraw": _("withdrew a change of it"),
        }
        return words.get(change.verb) or _("took back an act on a change of it")
    return _("%(did)s it") % {"did": did(change.object_type, change.verb)}


def _chart(shown: ExceptionPage, now: datetime) -> SafeString | None:
    if not shown.held:
        return None
    first = localtime(now).date() - timedelta(days=len(shown.days) - 1)
    days = [first + timedelta(days=at) for at in range(len(shown.days))]
    columns = [
        charts.Column((number,), f"{day:%-d %b}: {number:,}") for day, number in zip(days, shown.days, strict=True)
    ]
    ticks = [(at, f"{days[at]:%-d %b}") for at in range(0, len(days), 15)]
    held = ngettext("1 event", "%(n)s events", shown.held) % {"n": f"{shown.held:,}"}
    summary = _("Held back on each of %(days)s days, %(events)s in all.") % {"days": len(days), "events": held}
    return charts.histogram(columns, summary=summary, ticks=ticks, classes=("accent",), width=820, height=84)
