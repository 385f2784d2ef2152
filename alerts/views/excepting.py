"""An exception that begins at a value which no alert brought: of an event, or of a row that sums events up.

An exception is one of a rule, so the rule is chosen first; the panel on it then opens with the condition filled in.
"""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import page
from accounts.roles import Permission
from alerts.selectors.why_not import rules_like
from alerts.views.choices import RuleChoice
from soc.web.http import UserRequest

LONGEST_FIELD = 512
LONGEST_VALUE = 2_000


@page(Permission.EXCEPT)
def choose_rule(request: UserRequest) -> HttpResponse:
    """Rules to choose from, by the words in `q`, for a condition on the field of `add`.

    Its `value` may be left out where `event` and `day` name an event that has it, `nth` which of several it is there.
    """
    told = {name: request.GET.get(name, "") for name in ("add", "value", "nth", "event", "day")}
    told = {name: text[:LONGEST_VALUE] for name, text in told.items() if text}
    field, text = told.get("add", "")[:LONGEST_FIELD], request.GET.get("q", "").strip()[:200]
    condition = urlencode(condition_told(told))
    choices = [
        RuleChoice(rule, f"{reverse('alerts:exception_new', args=[rule.pk])}?{condition}")
        for rule in rules_like(request.user, text)
    ]
    context = {"field": field, "value": told.get("value", ""), "q": text, "kept": told, "choices": choices}
    return render(request, "alerts/choose_rule.html", context)


def condition_told(told: dict[str, str]) -> dict[str, str]:
    """What the panel's address says: the value itself, or where it is read."""
    if "value" in told:
        return {"field": told.get("add", ""), "operator": "is", "value": told["value"]}
    return told
