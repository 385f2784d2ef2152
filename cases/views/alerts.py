"""Alerts come into a case from its own page, found by number or by KQL among the team's, and leave it again."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import selectors as alert_selectors
from alerts.errors import AlertError, AlertNotFound
from alerts.models import Alert
from alerts.models import Status as AlertStatus
from alerts.selectors import QueueFilters
from alerts.views.kql import MarkedError, marked
from cases import joining, selectors
from cases.errors import AlertInCase, CaseError, CaseNotFound, Conflict
from cases.forms import MOST_ALERTS, alert_numbers
from cases.models import Case, Status
from cases.pages import form_page, seen_case
from cases.views.answers import Spoken, case_url, done, say, show_case
from engine import LanguageError
from soc.web.answers import SeeOther
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

SHOWN = 50
WAITING = (AlertStatus.OPEN.value, AlertStatus.ACKNOWLEDGED.value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert that may be added, or the case that has it already."""

    alert: Alert
    case: Case | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for alerts came to."""

    candidates: list[Candidate]
    more: bool = False
    kql_error: MarkedError | None = None


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def add(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Find alerts of the team, tick them, add them."""
    case = seen_case(request.user, case_id)
    if case.status == Status.CLOSED:
        say(request, Spoken(_("A closed case is read-only. Reopen it to change it.")))
        return SeeOther(case_url(case_id))
    return _add(request, case) if request.method == "POST" else _show(request, case)


def _add(request: UserRequest, case: Case) -> HttpResponseBase:
    numbers = alert_numbers(request.POST.getlist("alert"))
    if not numbers:
        return _show(request, case, 422, problem=_("Tick at least one alert."))
    if len(numbers) > MOST_ALERTS:
        return _show(request, case, 422, problem=_("Add at most %(most)s alerts at a time.") % {"most": MOST_ALERTS})
    try:
        joined = joining.add_alerts(
            case_id=case.pk,
            alert_ids=numbers,
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except CaseNotFound as error:
        raise Http404(error.message) from error
    except AlertInCase as taken:
        return _show(request, case, 409, problem=taken.message)
    except (CaseError, AlertError) as error:
        return _show(request, case, 409 if isinstance(error, Conflict) else 422, problem=error.message)
    say(request, Spoken(added_words(len(joined.added))))
    return SeeOther(case_url(case.pk))


@page(Permission.WORK_CASES, methods=("POST",))
def remove(request: UserRequest, case_id: int) -> HttpResponseBase:
    """Take an alert out of the case; the alert itself stays as it is."""
    case = seen_case(request.user, case_id)
    numbers = alert_numbers(request.POST.getlist("alert"))
    if not numbers:
        return show_case(request, case, 422, problem=_("Say which alert."))
    try:
        joining.remove_alert(
            case_id=case.pk,
            alert_id=numbers[0],
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except AlertNotFound:
        return show_case(request, case, 409, problem=_("AL-%(n)s is not in this case any more.") % {"n": numbers[0]})
    except CaseNotFound as error:
        raise Http404(error.message) from error
    except CaseError as error:
        return show_case(request, case, 409, problem=error.message)
    return done(request, case.pk, Spoken(_("Took AL-%(n)s out.") % {"n": numbers[0]}))


def added_words(number: int) -> str:
    """What adding alerts came to, in a sentence."""
    if not number:
        return _("Nothing to add: the case has them already.")
    return ngettext("Added 1 alert.", "Added %(n)s alerts.", number) % {"n": number}


def _show(request: UserRequest, case: Case, status: int = 200, **more: Any) -> HttpResponseBase:
    query = (request.POST.get("q") or request.GET.get("q", "")).strip()[:4_000]
    ticked = set(alert_numbers(request.POST.getlist("alert")))
    found = _found(request.user, case, query)
    context = {**form_page(request, case), "q": query, "found": found, "ticked": ticked, "now": clock_now(), **more}
    return render(request, "cases/add_alerts.html", context, status=status)


def _found(user: User, case: Case, query: str) -> Found:
    """The alerts of the case's team with these numbers, or the open ones that a KQL text is true of, newest first."""
    pieces = query.replace(",", " ").split()
    numbers = alert_numbers(pieces)
    if numbers and len(numbers) == len(set(pieces)):
        named = Alert.objects.filter(pk__in=numbers[:SHOWN], team_id=case.team_id).order_by("-pk")
        return Found(_candidates(list(named)), len(numbers) > SHOWN)
    filters = QueueFilters(statuses=WAITING, kql=query, sort="newest")
    try:
        rows = alert_selectors.queue(user=user, filters=filters, limit=SHOWN, now=clock_now())
    except LanguageError as error:
        return Found([], kql_error=marked(query, error))
    found = _candidates([row.alert for row in rows.rows if row.alert.team_id == case.team_id])
    return Found([one for one in found if one.case != case], rows.next_key is not None)


def _candidates(alerts: list[Alert]) -> list[Candidate]:
    homes = selectors.case_of_alerts([alert.pk for alert in alerts])
    return [Candidate(alert, homes.get(alert.pk)) for alert in alerts]
