"""The queue in groups: by rule, host or user, each a link to the queue with nothing but its alerts."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy

from accounts.access import page
from alerts import selectors
from alerts.queue_form import GROUPINGS, UNFOLDED
from alerts.selectors import Group, Groups
from alerts.selectors.grouping import By
from alerts.views.asked import Queue, Unread, narrowed_to, read_queue, shortened, tokens
from alerts.views.frame import groups_url, queue_address, queue_url
from alerts.views.kql import marked
from alerts.views.no_rows import no_rows
from alerts.views.tabs import tabs
from engine import LanguageError
from soc.web.counts import of
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole

LAST_PAGE = 999
_BY = forms.ChoiceField(label=gettext_lazy("Grouped by"), choices=GROUPINGS, required=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A group under the name that people know, and the queue with nothing but it; no address where no filter says
    exactly that."""

    group: Group
    name: str
    address: str


@page()
def groups(request: UserRequest) -> HttpResponseBase:
    """The groups of what the queue with the same address lists; for htmx what the filters change of the page."""
    asked = read_queue(request, request.GET)
    by, left_out = _grouping(request.GET.get("by", ""))
    found = _found(asked, by, request.GET.get("page", ""))
    context = _context(asked, by, found) | {"unread": [*left_out, *asked.unread]}
    if not found.rows and not found.too_long:
        context |= no_rows(request, asked, context["counts"]) | {"without_filters": groups_url(by, _view_alone(asked))}
    answer = render_page(request, "alerts/groups.html", context, part="answer")
    return shortened(request, asked, answer, groups_url(by, asked.query)) if wants_part(request) else answer


def _grouping(text: str) -> tuple[By, list[Unread]]:
    """What is grouped by: rules, unless something else is asked for; and what was asked for that means nothing."""
    try:
        return cast("By", _BY.clean(text) or GROUPINGS[0][0]), []
    except forms.ValidationError as error:
        return cast("By", GROUPINGS[0][0]), [Unread(str(_BY.label), text, str(error.messages[0]))]


def _found(asked: Queue, by: By, number: str) -> Groups:
    """A page of groups; none for KQL that cannot be read, whose mistake is marked."""
    at = whole(number, len(str(LAST_PAGE))) or 1
    try:
        return selectors.groups(user=asked.user, filters=asked.filters(), by=by, now=asked.now, page=at)
    except LanguageError as error:
        asked.kql_error = marked(asked.chosen.get("q", ""), error)
        return Groups([])


def _context(asked: Queue, by: By, found: Groups) -> dict[str, Any]:
    total = None if found.too_long else of(found.alerts)
    return tabs(asked, total) | {
        "page": found,
        "lines": _lines(asked, by, found.rows),
        "by": by,
        "form": asked.form,
        "query": asked.query,
        "unfolding": queue_address(asked.data, "fold"),
        "unfolded": asked.chosen.get("fold") == UNFOLDED,
        "tokens": tokens(asked),
        "kql_error": asked.kql_error,
        "now": asked.now,
        "empty": "",
    }


def _lines(asked: Queue, by: By, rows: list[Group]) -> list[Line]:
    """The groups as people know them, in their order."""
    if by == "rule":
        return _lines_of_rules(asked, rows)
    return [Line(one, one.name or "", _alone(asked, by, one.name)) for one in rows]


def _lines_of_rules(asked: Queue, rows: list[Group]) -> list[Line]:
    """A query where the rules to choose from lack one of these, and one for each that they lack."""
    offered, wanted = dict(asked.choices.rules), {str(one.name) for one in rows}
    if wanted - offered.keys():
        offered = dict(selectors.rule_choices(user=asked.user))
    others = wanted - offered.keys()
    names = offered | {rule: selectors.raised_as(user=asked.user, rule_id=rule) for rule in others}
    lines = ((one, str(one.name)) for one in rows)
    return [Line(one, names[rule], _with(asked, "rule", rule) if rule in offered else "") for one, rule in lines]


def _alone(asked: Queue, by: By, name: str | None) -> str:
    """The queue as it was asked for with nothing but what is of this host or user, or of none; nothing where a name is
    such that no filter can say it."""
    if name is None:
        other = "user" if by == "host" else "host"
        return _with(asked, "lacks", "both" if asked.chosen.get("lacks") in (other, "both") else by)
    try:
        return _with(asked, by, name) if asked.form.fields[by].clean(name) == name else ""
    except forms.ValidationError:
        return ""


def _with(asked: Queue, key: str, value: str) -> str:
    return queue_url(queue_address(narrowed_to(asked, key, value)))


def _view_alone(asked: Queue) -> str:
    return "" if asked.view == "triage" else f"view={asked.view}"
