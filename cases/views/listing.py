"""The list of cases: who does what by when, overdue first; or the same cases on a board by phase."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import may, page, reason_against
from accounts.models import Team
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from cases import selectors
from cases.forms import ListForm
from cases.headline import headline
from cases.machine import IN_HAND
from cases.models import Phase
from cases.selectors import CaseFilters, CasePage, CaseRow
from soc.web.clock import now as clock_now
from soc.web.counts import Count
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

PAGE_SIZE = 50
BOARD_SIZE = 200
_NARROWING = ("q", "status", "owner", "severity", "phase", "tag", "team", "overdue")


@dataclass(frozen=True, slots=True)
class Tab:
    """A view of the list that has a name and a number."""

    title: str
    number: Count | None
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A phase on the board."""

    title: str
    rows: list[CaseRow]


@page()
def list_cases(request: UserRequest) -> HttpResponseBase:
    """The list, or the board; for htmx only what the filters change."""
    team_ids, now = teams_of(request.user), clock_now()
    teams = list(Team.objects.filter(pk__in=team_ids).order_by("name"))
    form = ListForm(request.GET, people=people_to_assign(team_ids), teams=teams)
    chosen = form.chosen()
    board = chosen.get("show") == "board"
    found = selectors.listing(
        user=request.user,
        filters=_filters(chosen, board=board),
        after=request.GET.get("after") if not board else None,
        limit=BOARD_SIZE if board else PAGE_SIZE,
        now=now,
    )
    context = {
        "form": form,
        "page": found,
        "chosen": chosen,
        "narrowed": any(name in chosen for name in _NARROWING),
        "board": board,
        "columns": _columns(found) if board else [],
        "query": urlencode([(name, value) for name, value in _address(chosen).items() if name != "show"]),
        "tabs": _tabs(chosen, found),
        "headline": headline(user=request.user, now=now),
        "spoken_total": ngettext("%(n)s case", "%(n)s cases", found.total.number) % {"n": found.total},
        "any_case": any(found.counts.values()),
        "many_teams": len(teams) > 1,
        "may_work": may(request.user, Permission.WORK_CASES),
        "needs": reason_against(Permission.WORK_CASES),
        "now": now,
    }
    response = render_page(request, "cases/list.html", context, part="answer")
    if wants_part(request):  # without the filters that say nothing, so that shared addresses stay short
        response["HX-Push-Url"] = f"{reverse('cases:list')}?{urlencode(_address(chosen))}"
    return response


def _filters(chosen: dict[str, Any], *, board: bool) -> CaseFilters:
    status = chosen.get("status", "")
    return CaseFilters(
        statuses=(status,) if status else tuple(IN_HAND) if board else (),
        owner=chosen.get("owner", ""),
        severities=(int(chosen["severity"]),) if "severity" in chosen else (),
        tag=chosen.get("tag", ""),
        phase=chosen.get("phase", ""),
        overdue=bool(chosen.get("overdue")),
        text=chosen.get("q", ""),
        team_id=int(chosen["team"]) if "team" in chosen else None,
    )


def _columns(found: CasePage) -> list[Column]:
    rows = found.rows
    return [Column(str(phase.label), [row for row in rows if row.case.phase == phase.value]) for phase in Phase]


def _address(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: "1" if value is True else value for name, value in chosen.items()}


def _tabs(chosen: dict[str, Any], found: CasePage) -> list[Tab]:
    """The views with a name, as addresses; the one whose filters are exactly those that are on is the current one."""
    on = {name: value for name, value in _address(chosen).items() if name in _NARROWING}
    show = {"show": chosen["show"]} if "show" in chosen else {}
    views: list[tuple[str, str, dict[str, str]]] = [
        (_("Current"), "current", {}),
        (_("Overdue"), "overdue", {"overdue": "1"}),
        (_("Mine"), "mine", {"owner": "me"}),
        (_("On hold"), "on_hold", {"status": "on_hold"}),
        (_("Closed"), "closed", {"status": "closed"}),
    ]
    return [
        Tab(title, found.counts.get(name), f"{reverse('cases:list')}?{urlencode(wanted | show)}", on == wanted)
        for title, name, wanted in views
    ]
