"""What the tabs beside an alert need of its guide: steps with their ticks, and searches with the alert's values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.selectors import teams_of
from alerts.guides import Checklist, checklist_of, ticks_of
from alerts.guides.excepting import RuleExceptions, exceptions_beside
from alerts.guides.practice import Practice, practice_of
from alerts.guides.values import values_of
from alerts.models import Alert
from alerts.selectors import AlertPage
from engine import Guide, RuleDefinition
from soc.web import when

register = template.Library()
_KEPT = "checklist_on_page"


@register.simple_tag(takes_context=True)
def checklist(context: dict[str, Any], page: AlertPage) -> Checklist:
    """`{% checklist page as list %}`: the alert's guide as work. Three queries at most, the second time none."""
    request = context["request"]
    kept: dict[int, Checklist] = request.__dict__.setdefault(_KEPT, {})
    alert = page.alert
    if alert.pk not in kept:
        values = values_of(alert, teams_of(request.user), page.document)
        kept[alert.pk] = checklist_of(page.definition, page.guide, values, ticks_of(alert.pk) if page.ticked else {})
    return kept[alert.pk]


@register.simple_tag(takes_context=True)
def exceptions_of_rule(context: dict[str, Any], alert: Alert, now: datetime) -> RuleExceptions:
    """`{% exceptions_of_rule alert now as found %}`: the rule's exceptions, and which of them fit the alert."""
    return exceptions_beside(alert, team_ids=teams_of(context["request"].user), now=now)


@register.simple_tag(takes_context=True)
def guide_in_practice(
    context: dict[str, Any], rule_id: str, definition: RuleDefinition, guide: Guide, now: datetime
) -> Practice:
    """`{% guide_in_practice rule.pk page.definition page.guide now as practice %}`, for the page of a rule."""
    team_ids = teams_of(context["request"].user)
    return practice_of(rule_id=rule_id, definition=definition, guide=guide, team_ids=team_ids, now=now)


@register.simple_tag
def near_time(moment: datetime, other: datetime) -> SafeString:
    """When something was, seen from the alert: the time of day, and on another day that day too."""
    local = localtime(moment)
    same_day = local.date() == localtime(other).date()
    return when.element(moment, f"{local:%H:%M:%S}" if same_day else f"{local:%-d %b %H:%M}")


@dataclass(frozen=True, slots=True)
class SideTab:
    """A tab beside the facts; `count` says how much is behind it, and `id` lets an answer change that."""

    name: str
    title: str
    count: str

    @property
    def id(self) -> str:
        """Where the number stands on the page."""
        return f"n-{self.name}"


@register.simple_tag
def guide_tabs(page: AlertPage, shown: Checklist) -> list[SideTab]:
    """The tabs beside the facts, with how much is behind each and how much of it is done."""
    return [
        SideTab("guide", _("Investigate"), of_all(shown.done, len(shown.steps))),
        SideTab("fp", _("False positives"), _number(len(page.guide.false_positive_items))),
        SideTab("respond", _("Respond"), of_all(shown.answered, len(shown.response))),
        SideTab("related", _("Related"), _number(page.related.number)),
        SideTab("activity", _("Activity"), _number(page.entries)),
    ]


@register.simple_tag
def of_all(done: int, number: int) -> str:
    """ "2/6"; only "6" while nothing is done."""
    return f"{done}/{number}" if done else _number(number)


def _number(number: int) -> str:
    return str(number) if number else ""
