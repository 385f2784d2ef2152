"""What pages of other packages show of alerts: counts, a rule's latest alerts, and the ledger of its exceptions.

Rules may not import alerts, so their templates load these tags instead.
"""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts import selectors
from alerts.fault_words import why_false
from alerts.models import Alert, Kind, Status
from alerts.selectors import Verdicts
from alerts.selectors.ledger import rows_of_rule
from alerts.views.conditions import conditions_of
from alerts.views.frame import rights
from rules.models import Rule
from soc.web.clock import now as clock_now

register = template.Library()
RECENT = 8
NOTHING = Verdicts()


@register.simple_tag(takes_context=True)
def rule_verdicts(context: dict[str, Any], rule_ids: Iterable[str]) -> dict[str, Verdicts]:
    """`{% rule_verdicts rule_ids as verdicts %}`, then `{{ verdicts|of_rule:rule.pk }}`. Two queries."""
    return selectors.past_verdicts(rule_ids, teams_of(_user(context)))


@register.filter
def of_rule(verdicts: dict[str, Verdicts], rule_id: str) -> Verdicts:
    """Those of one rule; zeros for a rule that was not asked for."""
    return verdicts.get(rule_id, NOTHING)


@register.simple_tag(takes_context=True)
def alerts_waiting(context: dict[str, Any], rule_id: str) -> int:
    """`{% alerts_waiting rule.pk as waiting %}`: how many of its alerts are open. Two queries."""
    return _alerts(context).filter(rule_id=rule_id).exclude(status=Status.CLOSED).count()


@register.simple_tag(takes_context=True)
def why_false_positives(context: dict[str, Any], rule_id: str, verdicts: Verdicts) -> str:
    """`{% why_false_positives rule.pk verdicts as why %}`: "false positives: 3 rule logic, 1 data wrong"; empty
    where there are none. One query, or none."""
    return why_false(selectors.faults_of(rule_id, verdicts.false_positive, teams_of(_user(context))))


@register.inclusion_tag("alerts/_recent.html", takes_context=True)
def recent_alerts_of(context: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """`{% recent_alerts_of rule %}`: the rule's latest alerts that the person may see."""
    seen = _alerts(context).filter(rule=rule).order_by("-pk")
    briefs = selectors.briefs_of(list(seen.values_list("pk", flat=True)[:RECENT]))
    return {"alerts": sorted(briefs, key=lambda brief: -brief.id), "rule": rule, "now": context.get("now")}


@register.inclusion_tag("alerts/_ledger.html", takes_context=True)
def exception_ledger(context: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """`{% exception_ledger rule %}`: the rule's exceptions as the ledger across rules shows them, and what may be done
    with each. Some eight queries, however many they are."""
    request, now = context["request"], context.get("now") or clock_now()
    rows = rows_of_rule(rule, teams_of(_user(context)), now)
    return {
        "lines": [(row, conditions_of(row.item.entries)) for row in rows],
        "rule": rule,
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "now": now,
        **rights(request.user),
    }


def _alerts(context: dict[str, Any]) -> QuerySet[Alert]:
    """The alerts that the person sees; of a sequence the one, not its events."""
    return Alert.objects.filter(team_id__in=teams_of(_user(context))).exclude(kind=Kind.BLOCK)


def _user(context: dict[str, Any]) -> User:
    user: User = context["request"].user
    return user
