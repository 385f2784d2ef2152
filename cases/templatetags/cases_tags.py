"""What pages of alerts show of cases: which case an alert is in, and the way into one.

Alerts may not import cases, so their templates load these tags instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.access import may, reason_against
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.models import Alert
from cases.models import CaseAlert, Status, Task
from cases.overview import sql
from cases.selectors.steps import step_key
from soc.web.http import UserRequest

register = template.Library()
CHOICES = 50  # open cases offered to add an alert to; an older one is reached from its own page
# Written out: every queue and every alert's page asks them.
_CASES_OF = """
SELECT cases_case.id, title, status, alert_id
FROM cases_casealert JOIN cases_case ON cases_case.id = case_id WHERE alert_id = ANY(%s) AND team_id = ANY(%s)
"""
_OPEN_CASES = """
SELECT id, title, status, owner_id FROM cases_case
WHERE team_id = ANY(%s) AND status <> %s ORDER BY updated_at DESC LIMIT %s
"""
_FOUND = "cases_of_alerts_on_page"
_OPEN = "open_cases_on_page"
_TASKS = "tasks_of_steps_on_page"


@dataclass(frozen=True, slots=True)
class Marked:
    """What pages of alerts say of a case."""

    pk: int
    title: str
    status: str

    def __str__(self) -> str:
        return f"CASE-{self.pk}"


@register.simple_tag(takes_context=True)
def case_chips(context: dict[str, Any], rows: Iterable[Any]) -> dict[int, SafeString]:
    """`{% case_chips page.rows as chips %}`: the chips of those rows that are in a case, by the alert's number."""
    found = _found(context["request"], [_number(row) for row in rows])
    return {number: _chip(case) for number, case in found.items() if case}


@lru_cache(maxsize=256)
def _chip(case: Marked) -> SafeString:
    """It says nothing but the case, in no language: drawn once."""
    return mark_safe(render_to_string("cases/_chip.html", {"case": case}).strip())  # noqa: S308  (it escapes)


@register.inclusion_tag("cases/_chip.html", takes_context=True)
def case_of_alert(context: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """`{% case_of_alert alert.pk %}`: a chip that leads to the alert's case, or nothing."""
    return {"case": _found(context["request"], [alert_id])[alert_id]}


@register.inclusion_tag("cases/_add_to_case.html", takes_context=True)
def add_to_case(context: dict[str, Any], *alert_ids: int, **classes: str) -> dict[str, Any]:
    """`{% add_to_case alert.pk %}`: a menu that puts the alerts into a new case or one of the open ones.

    `menu="up"` opens it upwards, `button="small"` makes its button smaller; `part="more"`: it is a part of a menu, of
    whose parts so named one is open at a time. Nothing for an alert that is in a case.
    """
    request: UserRequest = context["request"]
    free = [number for number, case in _found(request, alert_ids).items() if case is None]
    told = {"request": request}  # whose keys its hints name
    return _menu(context, classes) | told | {"alert_ids": [number for number in alert_ids if number in free]}


@register.inclusion_tag("cases/_add_to_case_bulk.html", takes_context=True)
def add_to_case_bulk(context: dict[str, Any], **classes: str) -> dict[str, Any]:
    """`{% add_to_case_bulk %}` inside the form of a list of alerts: sends the ticked ones, or all that match."""
    page = context.get("page")
    total = page.total if page and page.next_key else None
    return _menu(context, {"button": "small", **classes}) | {"total": total}


@register.inclusion_tag("cases/_offer.html", takes_context=True)
def offer_case(context: dict[str, Any], alert_ids: Iterable[int]) -> dict[str, Any]:
    """`{% offer_case ids %}` after a true positive: the newest open case about its host, or a new one. Two queries."""
    user, numbers = context["request"].user, list(alert_ids)
    about = CaseAlert.objects.filter(case__team_id__in=teams_of(user)).exclude(case__status=Status.CLOSED)
    hosts = Alert.objects.filter(pk__in=numbers).exclude(host_name=None).values_list("host_name", flat=True)
    near = about.filter(alert__host_name__in=list(hosts[:10])).exclude(alert_id__in=numbers)
    found = near.select_related("case").order_by("-case_id").first()
    told = ",".join(str(number) for number in numbers)
    return {"case": found and found.case, "numbers": told, "allowed": may(user, Permission.WORK_CASES)}


@register.inclusion_tag("cases/_step_task.html", takes_context=True)
def response_step_task(context: dict[str, Any], alert: Alert, title: str) -> dict[str, Any]:
    """`{% response_step_task alert step.title %}`: of an alert in a case, the step as a task of it: the way to it, or
    a button that makes it one. Nothing for an alert without a case. One query for all steps of a page."""
    request: UserRequest = context["request"]
    case = _found(request, [alert.pk])[alert.pk]
    if case is None:
        return {"case": None}
    key = step_key(alert.rule_id, title)
    return {
        "case": case,
        "key": key,
        "task": _tasks_by_step(request, case).get(key),
        "allowed": may(request.user, Permission.WORK_CASES) and case.status != Status.CLOSED,
        "title": title,
        "csrf_token": context.get("csrf_token"),
    }


def _tasks_by_step(request: UserRequest, case: Marked) -> dict[str, Task]:
    """The tasks that were made of response steps, kept for the rest of the page."""
    known: dict[int, dict[str, Task]] = request.__dict__.setdefault(_TASKS, {})
    if case.pk not in known:
        known[case.pk] = {task.step or "": task for task in Task.objects.filter(case_id=case.pk, step__isnull=False)}
    return known[case.pk]


def _menu(context: dict[str, Any], classes: dict[str, str]) -> dict[str, Any]:
    request: UserRequest = context["request"]
    allowed = may(request.user, Permission.WORK_CASES)
    return {
        "allowed": allowed,
        "needs": reason_against(Permission.WORK_CASES),
        "choices": _open_cases(request) if allowed else [],
        "query": context.get("query", ""),
        "csrf_token": context.get("csrf_token"),
        "classes": classes,
    }


def _found(request: UserRequest, alert_ids: Iterable[int]) -> dict[int, Marked | None]:
    """The case of each alert that the person may see, kept for the rest of the page. One query for all that is new."""
    known: dict[int, Marked | None] = request.__dict__.setdefault(_FOUND, {})
    wanted = set(alert_ids) - known.keys()
    if wanted:
        known.update(dict.fromkeys(wanted))
        rows = sql.rows(_CASES_OF, [list(wanted), teams_of(request.user)])
        known.update({alert_id: Marked(number, title, status) for number, title, status, alert_id in rows})
    return known


def _open_cases(request: UserRequest) -> list[Marked]:
    """The open cases to choose from: the person's own first, then what changed last. One query a page."""
    if _OPEN not in request.__dict__:
        request.__dict__[_OPEN] = _read_open_cases(request.user)
    return list(request.__dict__[_OPEN])


def _read_open_cases(user: User) -> list[Marked]:
    newest = sql.rows(_OPEN_CASES, [teams_of(user), Status.CLOSED.value, CHOICES])
    own_first = sorted(newest, key=lambda row: row[-1] != user.pk)
    return [Marked(number, title, status) for number, title, status, _ in own_first]


def _number(row: Any) -> int:
    if isinstance(row, int):
        return row
    number: int = row.alert.pk if hasattr(row, "alert") else row.pk
    return number
