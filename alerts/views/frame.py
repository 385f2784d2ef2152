"""What every alert page is told about the person who looks: what he may do, and why not the rest."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import may, reason_against
from accounts.models import User
from accounts.roles import Permission
from alerts.queue_form import VIEWS

QUEUE_KEYS = (
    "view",
    "q",
    "status",
    "severity",
    "rule",
    "technique",
    "host",
    "user",
    "lacks",
    "assignee",
    "tag",
    "team",
    "past_target",
    "blocks",
    "snoozed",
    "fold",
    "time",
    "since",
    "until",
    "sort",
    "saved",
)
FACTS = ("all", "raw")
LONGEST_VALUE = 4_000
LONGEST_ADDRESS = 16 * LONGEST_VALUE  # a letter may take twelve in it; a shorter one might lose a filter at its end


def rights(user: User) -> dict[str, Any]:
    """What the controls need: what is allowed, and the sentence for what is not."""
    return {
        "may_triage": may(user, Permission.TRIAGE),
        "may_except": may(user, Permission.EXCEPT),
        "needs": {
            "triage": reason_against(Permission.TRIAGE),
            "except": reason_against(Permission.EXCEPT),
            "override": reason_against(Permission.OVERRIDE_GUARD),
            "keys": reason_against(Permission.MANAGE_KEYS),
        },
    }


def queue_address(data: QueryDict, *without: str) -> str:
    """The queue's filters as a query string of known keys only, so that it can be carried from page to page."""
    kept = QueryDict(mutable=True)
    for key in QUEUE_KEYS:
        value = data.get(key, "")
        if value and key not in without and len(value) <= LONGEST_VALUE:
            kept[key] = value
    return kept.urlencode()


def queue_url(query: str) -> str:
    """The queue under a query string of ours."""
    return reverse("alerts:queue") + (f"?{query}" if query else "")


def groups_url(by: str, query: str = "") -> str:
    """The groups of what the queue lists under a query string of ours."""
    return f"{reverse('alerts:groups')}?by={by}" + (f"&{query}" if query else "")


def came_from(request: HttpRequest) -> str:
    """The queue this alert was opened from, out of `from`, which may have been tampered with."""
    given = request.POST.get("from") or request.GET.get("from", "")
    return queue_address(QueryDict(given[:LONGEST_ADDRESS]))


def alert_address(alert_id: int, query: str = "", **state: str) -> str:
    """An alert's page in a state of it, with the queue that it was opened from; what is empty is left out."""
    told = QueryDict(mutable=True)
    for name, value in (*state.items(), ("from", query)):
        if value:
            told[name] = value
    address = reverse("alerts:detail", args=[alert_id])
    return f"{address}?{told.urlencode()}" if told else address


def facts_asked(request: HttpRequest) -> str:
    """Which facts are open: those that a button of the exception panel asked for, those that were, or the address's."""
    sent = request.POST.get("show_facts") or request.POST.get("facts")
    asked = sent or request.GET.get("facts", "")
    return asked if asked in FACTS else ""


def way_back(query: str, alert_id: int | None = None) -> str:
    """The query string by which an undo leads back to where the person is."""
    state = QueryDict(mutable=True)
    if alert_id is not None:
        state["alert"] = str(alert_id)
    if query:
        state["from"] = query
    return state.urlencode()


def view_title(query: str) -> str:
    """The name of the view that a queue address is in."""
    name = QueryDict(query).get("view") or "triage"
    return str(dict(VIEWS).get(name, _("Alerts")))
