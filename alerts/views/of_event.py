"""The door from an event to the alerts that rest on it, asked for by the pages about events."""

from urllib.parse import urlencode

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.selectors.of_event import MOST, alerts_of_event
from alerts.views.excepting import LONGEST_FIELD, LONGEST_VALUE, condition_told
from events.named import day_in, uid_in
from soc.web import clock
from soc.web.htmx import render_page
from soc.web.http import UserRequest


@page()
def of_event(request: UserRequest, uid: str) -> HttpResponseBase:
    """The alerts, as a line for the event's row or as a page.

    With `add`, on to an exception on that field, and with `value` or `nth` on that value of it alone: of the newest
    alert, or of a rule that is chosen first.
    """
    named = uid_in(uid)
    if named is None:
        raise Http404
    found = alerts_of_event(named, day_in(request.GET.get("day", "")), teams_of(request.user))
    field = request.GET.get("add", "")[:LONGEST_FIELD]
    if field and found:
        url = reverse("alerts:detail", args=[found[0].pk])
        condition = condition_told({"add": field} | _value_told(request, uid))
        return redirect(f"{url}?side=exception&{urlencode(condition)}")
    if field and may(request.user, Permission.EXCEPT):
        told = {name: request.GET.get(name, "") for name in ("add", "value", "nth", "day")}
        return redirect(f"{reverse('alerts:exception_for')}?{urlencode(told | {'event': uid})}")
    context = {
        "alerts": found[:MOST],
        "more": len(found) > MOST,
        "why_not": reason_against(Permission.EXCEPT) if field else "",
        "may_triage": may(request.user, Permission.TRIAGE),
        "may_except": may(request.user, Permission.EXCEPT),
        "now": clock.now(),
    }
    return render_page(request, "alerts/of_event.html", context, part="line")


def _value_told(request: UserRequest, uid: str) -> dict[str, str]:
    """Which value of the field was pressed: itself, or the how-maniest of the event; nothing where all are meant."""
    if value := request.GET.get("value", "")[:LONGEST_VALUE]:
        return {"value": value}
    nth = request.GET.get("nth", "")[:LONGEST_VALUE]
    return {"event": uid, "day": request.GET.get("day", "")[:LONGEST_VALUE], "nth": nth} if nth else {}
