"""The queue: what waits, most urgent first, narrowed by what stands in the address."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.access import page
from accounts.models import Team, User
from accounts.selectors import people_to_assign, teams_of
from alerts import selectors
from alerts.models import Status
from alerts.queue_form import SEVERITIES, SORTS, STATUSES, TIMES, VIEWS, QueueForm, severities_of, since_of
from alerts.selectors import AlertPage, Histogram, QueueFilters, QueuePage
from alerts.views.answers import said
from alerts.views.first_run import first_run
from alerts.views.frame import queue_address, rights, way_back
from alerts.views.kql import MarkedError, marked
from engine import LanguageError
from soc.web.clock import now as clock_now
from soc.web.counts import Count
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

WAITING = (Status.OPEN.value, Status.ACKNOWLEDGED.value)
NOTHING = Count(0, False)
PAGE_SIZE = 100
_LABELS = {
    "status": (_("status"), dict(STATUSES)),
    "severity": (_("severity"), dict(SEVERITIES)),
    "time": (_("time"), dict(TIMES)),
    "past_target": (_("target"), {"1": _("past")}),
    "blocks": (_("building blocks"), {"1": _("shown too")}),
    "sort": (_("order"), dict(SORTS)),
}


@dataclass(frozen=True, slots=True)
class View:
    """A tab above the queue."""

    name: str
    title: str
    count: Count | None
    current: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A filter that is on, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(slots=True)
class Queue:
    """What the queue is asked for, read from the address once."""

    user: User
    now: datetime
    data: QueryDict
    form: QueueForm
    chosen: dict[str, str]
    people: list[User]
    query: str = ""
    kql_error: MarkedError | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def view(self) -> str:
        """The tab that is open."""
        return self.chosen.get("view", "triage")

    @property
    def narrowed(self) -> bool:
        """Whether anything but the tab and the order narrows the list."""
        return bool(set(self.chosen) - {"view", "sort"})

    def filters(self) -> QueueFilters:
        """What the selectors are asked for: the tab's filters, refined by those that were chosen."""
        base = base_filters(self.view, self.user, self.now)
        chosen = self.chosen
        return replace(
            base,
            statuses=_statuses(chosen.get("status", ""), base.statuses),
            severities=severities_of(chosen) or base.severities,
            rule_id=chosen.get("rule", ""),
            technique=chosen.get("technique", ""),
            host=chosen.get("host", ""),
            user_name=chosen.get("user", ""),
            assignee=chosen.get("assignee", base.assignee),
            tag=chosen.get("tag", ""),
            team_id=int(chosen["team"]) if "team" in chosen else None,
            since=since_of(chosen, self.now),
            kql=chosen.get("q", ""),
            past_target=bool(chosen.get("past_target")),
            building_blocks=bool(chosen.get("blocks")),
            sort=chosen.get("sort", "newest" if self.view == "closed" else "urgent"),
        )


def base_filters(view: str, user: User, now: datetime) -> QueueFilters:
    """What a tab shows before anything is chosen."""
    today = selectors.midnight_of(user, now)
    return {
        "mine": QueueFilters(statuses=WAITING, assignee="me"),
        "urgent": QueueFilters(statuses=WAITING, severities=(3, 4)),
        "closed": QueueFilters(statuses=(Status.CLOSED.value,), closed_since=today),
        "all": QueueFilters(),
    }.get(view, QueueFilters(statuses=WAITING))


def _statuses(chosen: str, base: tuple[str, ...]) -> tuple[str, ...]:
    return {"": base, "any": (), "waiting": WAITING}.get(chosen, (chosen,))


@page()
def queue(request: UserRequest) -> HttpResponseBase:
    """The queue page, its list for htmx, or further rows when `after` asks for the next page."""
    asked = read_queue(request, request.GET)
    after = request.GET.get("after", "")
    part = "rows" if after and wants_part(request) else "answer"
    return render_page(request, "alerts/queue.html", queue_context(request, asked, after), part=part)


@page()
def pulse(request: UserRequest) -> HttpResponseBase:
    """How many alerts came since the list was made; 204 while there is nothing new, so that nothing is swapped."""
    asked = read_queue(request, request.GET)
    since = request.GET.get("since", "")
    if not since.isdecimal() or len(since) > 18:
        return HttpResponse(status=204)
    count = _new_since(asked, int(since))
    if not count.number:
        return HttpResponse(status=204)
    context = {"query": asked.query, "newest_id": since, "new_count": count, "now": asked.now}
    return render_page(request, "alerts/queue.html", context, part="pulse")


def read_queue(request: UserRequest, data: QueryDict) -> Queue:
    """Read the filters in an address. Costs three queries: clock, rules to choose from, people to choose from; and
    one more for the names of the teams of a person who is in several.
    """
    team_ids = teams_of(request.user)
    people = list(people_to_assign(team_ids))
    teams = list(Team.objects.filter(pk__in=team_ids).order_by("name")) if len(team_ids) > 1 else []
    form = QueueForm(data, rules=selectors.rule_choices(user=request.user), people=people, teams=teams)
    chosen = form.chosen()
    return Queue(request.user, clock_now(), data, form, chosen, people, queue_address(data))


def queue_context(request: UserRequest, asked: Queue, after: str = "") -> dict[str, Any]:
    """Everything the queue's template needs. A KQL text that cannot be read leaves the list empty and says where."""
    found = _found(asked, after)
    at = _cursor(request, found)
    context = {
        "page": found,
        "form": asked.form,
        "query": asked.query,
        "at": at,
        "kql_error": asked.kql_error,
        "tokens": _tokens(asked),
        "people": asked.people,
        "now": asked.now,
        "spoken": None if wants_part(request) else said(request),
        "undo_back": way_back(asked.query),
        **rights(request.user),
        **asked.extra,
    }
    if after and wants_part(request):
        return context
    return context | _around(request, asked, found, at)


def _around(request: UserRequest, asked: Queue, found: QueuePage, at: int | None) -> dict[str, Any]:
    """What stands around the list: tabs, histogram, preview, and what to say when there are no rows."""
    counts = selectors.view_counts(user=asked.user, now=asked.now)
    around: dict[str, Any] = {
        "views": [View(name, str(title), counts.get(name), name == asked.view) for name, title in VIEWS],
        "histogram": _histogram(asked),
        "newest_id": selectors.newest_id(user=asked.user),
        "peeked": _peeked(request, asked, found, at),
        "empty": "",
    }
    return around if found.rows else around | _emptiness(request, asked, counts)


def _emptiness(request: UserRequest, asked: Queue, counts: dict[str, Count]) -> dict[str, Any]:
    """Why there are no rows."""
    if not counts.get("all", NOTHING).number:
        return {"empty": "first_run", "first": first_run(request)}
    if asked.narrowed:
        without = f"?view={asked.view}" if asked.view != "triage" else "?"
        return {"empty": "filters", "open_without": counts.get(asked.view, NOTHING), "without_filters": without}
    last = selectors.last_alert_at(user=asked.user)
    return {"empty": "view", "closed_today": counts.get("closed", NOTHING), "last_alert": last}


def _found(asked: Queue, after: str) -> QueuePage:
    try:
        return selectors.queue(
            user=asked.user, filters=asked.filters(), after=after or None, limit=PAGE_SIZE, now=asked.now
        )
    except LanguageError as error:
        asked.kql_error = marked(asked.chosen.get("q", ""), error)
        return QueuePage(rows=[], next_key=None, total=NOTHING)


def _histogram(asked: Queue) -> Histogram | None:
    if asked.kql_error:
        return None
    return selectors.histogram(user=asked.user, filters=asked.filters(), now=asked.now)


def _new_since(asked: Queue, since: int) -> Count:
    try:
        return selectors.new_since(user=asked.user, filters=asked.filters(), since_id=since, now=asked.now)
    except LanguageError:
        return NOTHING


def _cursor(request: UserRequest, found: QueuePage) -> int | None:
    """The alert the cursor is on: the one in the address if it is in the list, else the first."""
    numbers = [row.alert.pk for row in found.rows]
    wanted = request.GET.get("at", "")
    if wanted.isdecimal() and int(wanted[:18]) in numbers:
        return int(wanted[:18])
    return numbers[0] if numbers else None


def _peeked(request: UserRequest, asked: Queue, found: QueuePage, at: int | None) -> AlertPage | None:
    """The preview, for a whole page only: a list that is swapped keeps the preview it has."""
    if at is None or wants_part(request):
        return None
    alert = next(row.alert for row in found.rows if row.alert.pk == at)
    return selectors.alert_page(alert=alert, user=asked.user, now=asked.now, times=found.targets)


def _tokens(asked: Queue) -> list[Token]:
    """The filters that are on, but not the KQL text, which stands in its own box."""
    found = []
    for name, value in asked.chosen.items():
        if name in {"view", "q", "sort", "time"}:
            continue
        label, words = _LABELS.get(name, (str(asked.form.fields[name].label).lower(), {}))
        shown = words.get(value) or _word_of(asked, name, value)
        found.append(Token(str(label), str(shown), queue_address(asked.data, without=name)))
    return found


def _word_of(asked: Queue, name: str, value: str) -> str:
    choices = getattr(asked.form.fields[name], "choices", ())
    return str(dict(choices).get(value, value))
