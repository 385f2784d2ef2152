"""What the queue is asked for: its filters, read from an address once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.selectors import teams_of
from alerts import selectors
from alerts.queue_form import (
    LACKS,
    SEVERITIES,
    SORTS,
    SPANS,
    STATUSES,
    TIMES,
    UNFOLDED,
    Named,
    QueueForm,
    severities_of,
    since_of,
    until_of,
    usual_sort,
)
from alerts.selectors import QueueFilters, filters_of_views
from alerts.views.filter_choices import Choices, choices_for
from alerts.views.frame import queue_address
from alerts.views.kql import MarkedError
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

_LABELS = {
    "status": (gettext_lazy("status"), dict(STATUSES)),
    "severity": (gettext_lazy("severity"), dict(SEVERITIES)),
    "time": (gettext_lazy("time"), dict(TIMES)),
    "lacks": (gettext_lazy("lacks"), dict(LACKS)),
    "past_target": (gettext_lazy("target"), {"1": gettext_lazy("past")}),
    "blocks": (gettext_lazy("building blocks"), {"1": gettext_lazy("shown too")}),
    "snoozed": (gettext_lazy("snoozed"), {"1": gettext_lazy("only")}),
    "fold": (gettext_lazy("alike"), {UNFOLDED: gettext_lazy("a row each")}),
    "sort": (gettext_lazy("order"), dict(SORTS)),
}
_ELSEWHERE = frozenset({"view", "q", "sort", "time", "since", "until", "saved"})  # shown in boxes and tabs of their own


@dataclass(frozen=True, slots=True)
class Token:
    """A filter that is on, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A filter that is left out because its value means nothing, and why."""

    label: str
    value: str
    why: str


@dataclass(slots=True)
class Queue:
    """What the queue is asked for, read from the address once."""

    user: User
    now: datetime
    data: QueryDict
    choices: Choices
    form: QueueForm
    chosen: dict[str, str]
    query: str = ""
    kql_error: MarkedError | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def people(self) -> tuple[Named, ...]:
        """Who may own an alert."""
        return self.choices.people

    @property
    def view(self) -> str:
        """The tab that is open."""
        return self.chosen.get("view", "triage")

    @property
    def saved(self) -> int | None:
        """The number of the saved view that is open."""
        return int(self.chosen["saved"]) if "saved" in self.chosen else None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the tab, the order and the folds narrows the list."""
        return bool({key for key in self.chosen if key != "fold" or self.folds} - {"view", "sort", "saved"})

    @property
    def folds(self) -> bool:
        """Whether the alerts of one fold are asked for."""
        return self.chosen.get("fold", UNFOLDED) != UNFOLDED

    @property
    def unread(self) -> list[Unread]:
        """The filters that the address names and that cannot be used."""
        errors = {name: errors[0] for name, errors in self.form.errors.items() if self.data.get(name)}
        return [Unread(str(self.form[name].label), str(self.data[name]), str(why)) for name, why in errors.items()]

    def filters(self) -> QueueFilters:
        """What the selectors are asked for: the tab's filters, refined by those that were chosen."""
        return filters_of(self.chosen, self.user, self.now)


def filters_of(chosen: Mapping[str, str], user: User, now: datetime) -> QueueFilters:
    """The filters that were chosen, over those of the tab."""
    views = filters_of_views(user, now)
    view = chosen.get("view", "triage")
    base, fold = views.get(view, views["triage"]), chosen.get("fold", "")
    return replace(
        base,
        statuses=_statuses(chosen.get("status", ""), base.statuses),
        severities=severities_of(dict(chosen)) or base.severities,
        rule_id=chosen.get("rule", ""),
        technique=chosen.get("technique", ""),
        host=chosen.get("host", ""),
        user_name=chosen.get("user", ""),
        lacks=chosen.get("lacks", ""),
        assignee=chosen.get("assignee", base.assignee),
        tag=chosen.get("tag", ""),
        team_id=int(chosen["team"]) if "team" in chosen else None,
        since=since_of(dict(chosen), now),
        until=until_of(dict(chosen)),
        kql=chosen.get("q", ""),
        past_target=bool(chosen.get("past_target")),
        building_blocks=bool(chosen.get("blocks")),
        snoozed="only" if chosen.get("snoozed") else base.snoozed,
        fold=bytes.fromhex(fold) if fold not in ("", UNFOLDED) else b"",
        folded=not fold,
        sort=chosen.get("sort", usual_sort(view)),
    )


def _statuses(chosen: str, base: tuple[str, ...]) -> tuple[str, ...]:
    return {"": base, "any": (), "waiting": selectors.WAITING}.get(chosen, (chosen,))


def read_queue(request: UserRequest, data: QueryDict) -> Queue:
    """Read the filters in an address. A query for the clock; up to three more for what there is to choose from."""
    data = _with_span(data)
    choices = choices_for(request.user, teams_of(request.user), data)
    form = choices.form(data)
    chosen = form.chosen()
    data = without_idle(data, chosen)
    return Queue(request.user, clock_now(), data, choices, form, chosen, queue_address(data))


def _with_span(data: QueryDict) -> QueryDict:
    """A span that is written where a moment belongs, as people write it: since=24h, or now-24h."""
    span = data.get("since", "").removeprefix("now-")
    if span not in SPANS or data.get("time") or data.get("until"):
        return data
    meant = data.copy()
    meant["time"] = span
    meant.pop("since")
    return meant


def without_idle(data: QueryDict, chosen: Mapping[str, str]) -> QueryDict:
    """An address without what makes no difference: the order that its tab has, and the stretch that a time takes the
    place of.
    """
    usual = data.get("sort") == usual_sort(chosen.get("view", "triage"))
    idle = (["sort"] if usual else []) + (["since", "until"] if "time" in chosen else [])
    short = data.copy()
    for name in idle:
        short.pop(name, None)
    return short


def narrowed_to(asked: Queue, key: str, value: str) -> QueryDict:
    """What was asked for with one filter set to this."""
    narrower = asked.data.copy()
    narrower[key] = value
    return narrower


def shortened(request: UserRequest, asked: Queue, answer: HttpResponse, address: str) -> HttpResponse:
    """With the address without what a form sends though nothing was chosen, so that it is short where it is shared."""
    if asked.data.keys() != request.GET.keys() or "" in request.GET.values():
        answer["HX-Push-Url"] = address
    return answer


def tokens(asked: Queue) -> list[Token]:
    """The filters that are on, but not the KQL text, which stands in its own box."""
    found = []
    for name, value in asked.chosen.items():
        if name not in _ELSEWHERE:
            label, words = _LABELS.get(name, (str(asked.form.fields[name].label).lower(), {}))
            shown = words.get(value) or _word_of(asked, name, value)
            found.append(Token(str(label), str(shown), queue_address(asked.data, name)))
    stretch = _stretch(asked)
    return [*found, Token(_("from"), stretch, queue_address(asked.data, "since", "until"))] if stretch else found


def _word_of(asked: Queue, name: str, value: str) -> str:
    if name == "fold":
        return _("one row's alerts")
    choices = getattr(asked.form.fields[name], "choices", ())
    return str(dict(choices).get(value, value))


def _stretch(asked: Queue) -> str:
    """A stretch of time in words: "21 Nov 14:00 to 15:30"."""
    if not {"since", "until"} & asked.chosen.keys():
        return ""
    filters = asked.filters()
    start = f"{localtime(filters.since):%-d %b %H:%M}" if filters.since else _("the beginning")
    same_day = filters.since and filters.until and localtime(filters.since).date() == localtime(filters.until).date()
    end = f"{localtime(filters.until):{'%H:%M' if same_day else '%-d %b %H:%M'}}" if filters.until else _("now")
    return _("%(start)s to %(end)s") % {"start": start, "end": end}
