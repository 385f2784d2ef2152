"""The door from an event to the alerts that rest on it, asked for by the pages about events."""

import re
from datetime import date
from urllib.parse import urlencode

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_date

from accounts.access import may, page
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.selectors.of_event import MOST, alerts_of_event
from soc.web import clock
from soc.web.htmx import render_page
from soc.web.http import UserRequest

_UID = re.compile(r"[0-9a-f]{32}")


@page()
def of_event(request: UserRequest, uid: str) -> HttpResponseBase:
    """The alerts, as a line for the event's row or as a page. With `add`, on to an exception on that field."""
    if not _UID.fullmatch(uid):
        raise Http404
    found = alerts_of_event(bytes.fromhex(uid), _day(request.GET.get("day", "")), teams_of(request.user))
    field = request.GET.get("add", "")[:512]
    if field and found:
        url = reverse("alerts:detail", args=[found[0].pk])
        return redirect(f"{url}?side=exception&{urlencode({'add': field})}")
    context = {
        "alerts": found[:MOST],
        "more": len(found) > MOST,
        "field": field,
        "may_triage": may(request.user, Permission.TRIAGE),
        "now": clock.now(),
    }
    return render_page(request, "alerts/of_event.html", context, part="line")


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
