"""A case begins: on a form of its own, or from alerts that somebody sends here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.models import Team
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from alerts.act_forms import folds_in, seen_in
from alerts.errors import AlertError, FilterUnknown, NothingMatches, TooManyMatch
from alerts.models import Alert, Severity
from alerts.views.bulk import act_url, began, chosen_numbers
from alerts.views.frame import alert_address, came_from, queue_url
from cases import joining, opening, selectors, todo
from cases.errors import AlertInCase, CaseError, FieldRefused
from cases.forms import MOST_ALERTS, NewCaseForm, alert_numbers
from cases.models import Case, Status
from cases.selectors import OfferedStep
from cases.views.alerts import added_words
from cases.views.answers import Spoken, case_url, say
from cases.views.matching import Matching, matching_in, open_with_all
from engine import LanguageError
from soc.web.answers import SeeOther
from soc.web.clock import now as clock_now
from soc.web.errors import PageError
from soc.web.htmx import wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole


@dataclass(frozen=True, slots=True)
class Begin:
    """What a new case would begin with. `taken` are alerts that have a case already, `other` those of another team."""

    alerts: list[Alert] = field(default_factory=list)
    taken: list[tuple[int, Case]] = field(default_factory=list)
    other: list[Alert] = field(default_factory=list)
    steps: list[OfferedStep] = field(default_factory=list)
    missing: int = 0
    matching: Matching | None = None

    @property
    def first(self) -> Alert | None:
        """What the case is named after."""
        return self.matching.first if self.matching else next(iter(self.alerts), None)

    @property
    def team_id(self) -> int | None:
        """The team of the alerts."""
        return self.alerts[0].team_id if self.alerts else None


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def new(request: UserRequest) -> HttpResponseBase:
    """The form of a new case, filled in from the alerts in the address."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        matching = matching_in(request, sent)
    except (AlertError, LanguageError, forms.ValidationError) as error:
        return _back(request, _refusal(error), bad=True)
    begin = Begin(matching=matching) if matching else _begin(request, alert_numbers(sent.getlist("alert")))
    if request.method != "POST":
        return _show(request, begin, _form(request, begin))
    form = _form(request, begin, request.POST)
    if not form.is_valid():
        return _show(request, begin, form, 422)
    try:
        if matching is not None:
            return SeeOther(act_url(open_with_all(request, matching, form.cleaned_data, teams_of(request.user))))
        case = _open(request, begin, form.cleaned_data)
    except FieldRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _show(request, begin, form, 422)
    except (CaseError, AlertError) as error:
        return _show(request, begin, form, 409, problem=error.message)
    say(request, Spoken(_("Opened %(case)s.") % {"case": case}))
    return SeeOther(case_url(case.pk))


@page(Permission.WORK_CASES, methods=("POST",))
def add_from_alerts(request: UserRequest) -> HttpResponseBase:
    """Alerts from the queue or from an alert's page go into a new case, or into one of the open ones."""
    try:
        if matching := matching_in(request, request.POST):
            return _all_matching(request, matching)
        numbers = [*alert_numbers(request.POST.getlist("alert")), *_in_folds(request)]
    except (AlertError, LanguageError, forms.ValidationError) as error:
        return _back(request, _refusal(error), bad=True)
    if not numbers or len(numbers) > MOST_ALERTS:
        return _back(request, _("Select between 1 and %(most)s alerts for a case.") % {"most": MOST_ALERTS}, bad=True)
    if request.POST.get("to") != "existing":
        return _go(request, f"{reverse('cases:new')}?alert={','.join(map(str, numbers))}")
    if (chosen := _chosen_case(request)) is None:
        return _back(request, _("Choose a case."), bad=True)
    return _add(request, chosen, numbers)


def _chosen_case(request: UserRequest) -> int | None:
    return whole(request.POST.get("case", ""))


def _all_matching(request: UserRequest, matching: Matching) -> HttpResponseBase:
    """Everything that the queue's filters let through: a new case asks for its form first, an open one gets them."""
    if request.POST.get("to") != "existing":
        asked = urlencode({"all": 1, "seen": matching.told, "from": matching.query})
        return _go(request, f"{reverse('cases:new')}?{asked}")
    case = Case.objects.filter(pk=_chosen_case(request) or 0, team_id__in=teams_of(request.user)).first()
    if case is None or case.status == Status.CLOSED:
        return _back(request, _("Choose an open case."), bad=True)
    return began(request, matching.begin(case, request.user))


def _refusal(error: Exception) -> str:
    """Why nothing was chosen, as a sentence."""
    if isinstance(error, forms.ValidationError):
        return str(error.messages[0])
    if isinstance(error, FilterUnknown | NothingMatches | TooManyMatch):
        return error.message
    return _("The list has changed. Look again, then select anew.")


def _in_folds(request: UserRequest) -> list[int]:
    """The members of the folded rows that were ticked, as they were when the queue was drawn.

    Raises: ValidationError, LanguageError, LookAgain.
    """
    folded = folds_in(request.POST.getlist("fold"))
    if not folded:
        return []
    chosen: dict[str, Any] = {"versions": {}, "folds": folded, "seen": seen_in(request.POST.get("seen", ""))}
    return chosen_numbers(request, chosen, MOST_ALERTS)


def _add(request: UserRequest, case_id: int, numbers: Sequence[int]) -> HttpResponseBase:
    try:
        joined = joining.add_alerts(
            case_id=case_id,
            alert_ids=numbers,
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except AlertInCase as taken:
        return _back(request, _linked(taken.message, taken.case_id), bad=True)
    except (CaseError, AlertError) as error:
        return _back(request, error.message, bad=True)
    return _back(request, _linked(added_words(len(joined.added)), case_id))


def _linked(sentence: str, case_id: int) -> SafeString:
    return format_html('{} <a href="{}">CASE-{}</a>', sentence, case_url(case_id), case_id)


def _back(request: UserRequest, sentence: str, *, bad: bool = False) -> HttpResponseBase:
    """To where the alerts were chosen, with the sentence at its foot."""
    (messages.warning if bad else messages.success)(request, sentence)
    alert_id, query = whole(request.POST.get("from_alert", "")), came_from(request)
    if alert_id is not None:
        return _go(request, alert_address(alert_id, query))
    return _go(request, queue_url(query))


def _go(request: UserRequest, address: str) -> HttpResponseBase:
    """To another page; a list that htmx holds cannot be swapped for it, so the browser goes there itself."""
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return SeeOther(address)


def _begin(request: UserRequest, numbers: Sequence[int]) -> Begin:
    """The alerts as they are now, those that can be in a new case apart from the rest. Raises: PageError."""
    if len(numbers) > MOST_ALERTS:
        raise PageError(
            _("A new case takes at most %(most)s alerts; add the rest on its page.") % {"most": MOST_ALERTS}
        )
    if not numbers:
        return Begin()
    seen = Alert.objects.filter(pk__in=numbers, team_id__in=teams_of(request.user)).order_by("event_time", "pk")
    alerts, homes = list(seen), selectors.case_of_alerts(numbers)
    free = [alert for alert in alerts if alert.pk not in homes]
    mine = [alert for alert in free if alert.team_id == free[0].team_id]
    steps = selectors.steps_of(Alert.objects.filter(pk__in=[alert.pk for alert in mine])) if mine else []
    return Begin(
        alerts=mine,
        taken=[(alert.pk, homes[alert.pk]) for alert in alerts if alert.pk in homes],
        other=[alert for alert in free if alert.team_id != free[0].team_id],
        steps=list({step.key: step for step in steps}.values()),
        missing=len(numbers) - len(alerts),
    )


def _form(request: UserRequest, begin: Begin, data: Any = None) -> NewCaseForm:
    team_ids = teams_of(request.user)
    teams = Team.objects.filter(pk__in=[begin.team_id] if begin.team_id else team_ids).order_by("name")
    first = begin.first
    named = [*begin.alerts, *([first] if first else [])]
    highest = max((alert.severity for alert in named), default=int(Severity.MEDIUM))
    initial = {
        "title": opening.title_from(first) if first else "",
        "severity": str(highest),
        "owner": request.user.pk,
        "team": first.team_id if first else None,
    }
    people = people_to_assign([begin.team_id] if begin.team_id else team_ids)
    return NewCaseForm(data, people=people, teams=teams, titled=first is not None, initial=initial)


def _open(request: UserRequest, begin: Begin, data: dict[str, Any]) -> Case:
    """The case with its alerts and the steps that were ticked: all of it or nothing."""
    by: dict[str, Any] = {"actor": request.user, "now": clock_now(), "team_ids": teams_of(request.user)}
    wanted = data | {"severity": int(data["severity"])}
    with transaction.atomic():
        case = opening.open_case(alert_ids=[alert.pk for alert in begin.alerts], **wanted, **by)
        if keys := request.POST.getlist("step")[:100]:
            todo.take_steps(case_id=case.pk, keys=keys, **by)
    return case


def _show(request: UserRequest, begin: Begin, form: NewCaseForm, status: int = 200, **more: Any) -> HttpResponseBase:
    context = {
        "begin": begin,
        "form": form,
        "chosen": set(request.POST.getlist("step")),
        "left_out": _left_out(begin),
        "now": clock_now(),
        **more,
    }
    return render(request, "cases/new.html", context, status=status)


def _left_out(begin: Begin) -> list[str]:
    """Why some alerts do not come along, in sentences."""
    said = [
        _("AL-%(n)s is in %(case)s already and is left out.") % {"n": number, "case": case}
        for number, case in begin.taken
    ]
    if begin.other:
        count = len(begin.other)
        said.append(
            ngettext(
                "1 alert is of another team and is left out: a case belongs to one team.",
                "%(n)s alerts are of another team and are left out: a case belongs to one team.",
                count,
            )
            % {"n": count}
        )
    if begin.missing:
        words = ngettext("1 alert is not there.", "%(n)s alerts are not there.", begin.missing)
        said.append(words % {"n": begin.missing})
    return said
