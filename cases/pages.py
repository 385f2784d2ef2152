"""What the pages of one case are given: the case, what happened to it, what it is about, and what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import may, reason_against
from accounts.errors import OtherTeamsPage
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import people_to_assign
from cases import selectors
from cases.errors import CaseNotFound
from cases.forms import OwnerForm, TaskForm
from cases.linking import Links, as_html, links_in
from cases.models import Case, Phase, Status, Task
from cases.selectors import AlertRow, Entities, Entity, Moment
from soc.web import evidence
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

MOMENTS = 50
SHOWN_ALERTS = 50
MARKDOWN_BUDGET = 60_000
"""Characters rendered for one page, so that many long texts cannot hold it up; the rest is shown as written."""
SHOWN_ENTITIES = 8
KINDS = {
    "all": gettext_lazy("All"),
    "notes": gettext_lazy("Notes"),
    "comments": gettext_lazy("Comments"),
    "alerts": gettext_lazy("Alerts"),
    "tasks": gettext_lazy("Tasks"),
    "changes": gettext_lazy("Changes"),
}
_PHASES = list(Phase.values)


def seen_case(user: User, case_id: int) -> Case:
    """The case, or a 404 when it is not there or is of a team the person is not in."""
    try:
        return selectors.case_for(user, case_id)
    except CaseNotFound as error:
        raise Http404(error.message) from error


def opened_case(request: UserRequest, case_id: int) -> Case:
    """The case whose page is opened: of another team's the page says whose it is. A part of it is a 404 as ever.

    Raises: OtherTeamsPage, Http404.
    """
    try:
        return selectors.case_for(request.user, case_id)
    except CaseNotFound as error:
        if error.team is not None and not request.htmx:
            raise OtherTeamsPage(error.team, "cases") from error
        raise Http404(error.message) from error


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """A phase in the bar: what it is called, and whether it is past, current or ahead."""

    value: str
    title: str
    past: bool
    current: bool
    key: str


@dataclass(frozen=True, slots=True)
class ShownMoment:
    """A moment, with the person's own words as HTML."""

    moment: Moment
    html: SafeString | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A filter of the timeline, and how much it shows."""

    name: str
    title: str
    number: int
    current: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The moments of one day, in the reader's time zone."""

    title: str
    moments: list[ShownMoment]


@dataclass(frozen=True, slots=True)
class Touched:
    """A kind of thing that the case is about: the first few, and how many more there are."""

    kind: str
    title: str
    icon: str
    shown: list[Entity]
    more: list[Entity]


def case_page(request: UserRequest, case: Case) -> dict[str, Any]:
    """Everything the page of a case shows."""
    now, tasks = clock_now(), selectors.tasks_of(case)
    alerts, counts = selectors.alerts_in(case, limit=SHOWN_ALERTS), selectors.alert_counts(case)
    people, entities = people_to_assign([case.team_id]), selectors.entities(case)
    return {
        **form_page(request, case),
        **_moments(request, case, now),
        **_forms(people),
        "now": now,
        "phases": phases_of(case),
        "open_tasks": [task for task in tasks if task.state == Task.State.OPEN],
        "done_tasks": [task for task in tasks if task.state == Task.State.DONE],
        "dropped_tasks": [task for task in tasks if task.state == Task.State.DROPPED],
        "offered": selectors.offered_steps(case) if case.status != Status.CLOSED else [],
        "task_total": sum(task.state != Task.State.DROPPED for task in tasks),
        "entities": entities,
        "touched": touched(entities),
        "open_for": case.closed_at - case.opened_at if case.closed_at else None,
        "alerts": alerts,
        "first_alert": _first_alert(case, alerts),
        "counts": counts,
        "alert_total": sum(counts.values()),
        "open_alerts": counts["open"] + counts["acknowledged"],
        "chain": selectors.chain(case),
        "people": list(people),
    }


def timeline_page(request: UserRequest, case: Case) -> dict[str, Any]:
    """What the timeline alone shows, for who has the rest of the page already."""
    now = clock_now()
    return {**form_page(request, case), **_moments(request, case, now), "now": now}


def form_page(request: HttpRequest, case: Case) -> dict[str, Any]:
    """What every page about one case needs: the case, the frame, and what the person may do."""
    may_work = may(request.user, Permission.WORK_CASES)
    return {
        "case": case,
        "closed": case.status == Status.CLOSED,
        "held": case.status == Status.ON_HOLD,
        "may_work": may_work,
        "writable": may_work and case.status != Status.CLOSED,
        "needs": reason_against(Permission.WORK_CASES),
    }


def closing_page(request: UserRequest, case: Case) -> dict[str, Any]:
    """What is asked, and shown, before a case is closed."""
    counts = selectors.alert_counts(case)
    open_tasks = [task for task in selectors.tasks_of(case) if task.state == Task.State.OPEN]
    return {
        **form_page(request, case),
        "now": clock_now(),
        "open_alerts": counts["open"] + counts["acknowledged"],
        "counts": counts,
        "open_tasks": open_tasks,
    }


def phases_of(case: Case) -> list[PhaseStep]:
    """The four phases as the bar draws them."""
    at = _PHASES.index(case.phase)
    return [
        PhaseStep(phase.value, str(phase.label), place < at, place == at, str(place + 1))
        for place, phase in enumerate(Phase)
    ]


def touched(entities: Entities) -> list[Touched]:
    """Hosts, users, addresses and file hashes, those that stand in most alerts first."""
    kinds = (
        ("host", _("hosts"), "host", entities.hosts),
        ("user", _("users"), "user", entities.users),
        ("address", _("addresses"), "pivot", entities.addresses),
        ("hash", _("file hashes"), "file", entities.hashes),
    )
    return [
        Touched(kind, title, icon, found[:SHOWN_ENTITIES], found[SHOWN_ENTITIES:])
        for kind, title, icon, found in kinds
        if found
    ]


def _moments(request: UserRequest, case: Case, now: datetime) -> dict[str, Any]:
    """A stretch of the timeline, newest first, and what its texts name."""
    kind, before = request.GET.get("kind", "all"), request.GET.get("before") or None
    kind = kind if kind in KINDS else "all"
    found = selectors.timeline_page(case, kind=kind, before=before, limit=MOMENTS)
    texts = [case.summary, case.closing_note, *(moment.text for moment in found.items)]
    links = links_in(texts, user=request.user, team_ids=[case.team_id])
    return {
        "days": _days(found.items, links, now),
        "older": found.next_key or "",
        "timeline_notice": found.notice,
        "before": before,
        "kind": kind,
        "kinds": _kinds(case, kind),
        "summary_html": as_html(case.summary, links) if case.summary else "",
        "closing_html": as_html(case.closing_note, links) if case.closing_note else "",
    }


def _kinds(case: Case, current: str) -> list[Kind]:
    """The filters over the timeline; those of nothing are left out, except the chosen one."""
    counts = selectors.timeline_counts(case)
    kinds = (Kind(name, str(title), counts.get(name, 0), name == current) for name, title in KINDS.items())
    return [kind for kind in kinds if kind.number or kind.current or kind.name == "all"]


def _days(moments: Sequence[Moment], links: Links, now: datetime) -> list[Day]:
    by_day = groupby(moments, key=lambda moment: localdate(moment.at))
    today = localdate(now)
    left = MARKDOWN_BUDGET
    shown = {}
    for moment in moments:
        left -= len(moment.text)
        shown[moment.key] = ShownMoment(moment, _told(moment.text, links, plain=left < 0) if moment.text else None)
    return [
        Day(
            title=_day_title(localtime(group[0].at), (today - day).days, today.year),
            moments=[shown[moment.key] for moment in group],
        )
        for day, group in ((day, list(found)) for day, found in by_day)
    ]


def _told(text: str, links: Links, *, plain: bool) -> SafeString:
    return format_html('<p class="note">{}</p>', evidence.show(text)) if plain else as_html(text, links)


def _day_title(moment: datetime, ago: int, year: int) -> str:
    if ago in (0, 1):
        return _("Yesterday") if ago else _("Today")
    written = f"{moment:%A} {moment.day} {moment:%b}"
    return written if moment.year == year else f"{written} {moment.year}"


def _forms(people: QuerySet[User]) -> dict[str, Any]:
    """The empty forms of the page; a form that was refused takes the place of its empty one."""
    return {"task_form": TaskForm(people=people), "owner_form": OwnerForm(people=people)}


def _first_alert(case: Case, alerts: Sequence[AlertRow]) -> int | None:
    """The alert that the case was opened from, if it was."""
    return next((row.alert_id for row in alerts if row.added_at == case.opened_at), None)
