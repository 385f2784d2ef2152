"""What the tabs beside an alert need of its guide: steps with their ticks, and searches with the alert's values."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _

from accounts.selectors import teams_of
from alerts.guides import Checklist, checklist_of, ticks_of
from alerts.guides.values import values_of
from alerts.selectors import AlertPage

register = template.Library()
_KEPT = "checklist_on_page"


@register.simple_tag(takes_context=True)
def checklist(context: dict[str, Any], page: AlertPage) -> Checklist:
    """`{% checklist page as list %}`: the alert's guide as work. Three queries at most, the second time none."""
    request = context["request"]
    kept: dict[int, Checklist] = request.__dict__.setdefault(_KEPT, {})
    alert = page.alert
    if alert.pk not in kept:
        values = values_of(alert, teams_of(request.user))
        kept[alert.pk] = checklist_of(page.definition, page.guide, values, ticks_of(alert.pk))
    return kept[alert.pk]


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
    related = page.related
    ids = {one.id for group in (related.same_host, related.same_user, related.same_hash) for one in group}
    return [
        SideTab("guide", _("Investigate"), of_all(shown.done, len(shown.steps))),
        SideTab("fp", _("False positives"), _number(len(page.guide.false_positive_items))),
        SideTab("respond", _("Respond"), of_all(shown.answered, len(shown.response))),
        SideTab("related", _("Related"), _number(len(ids))),
        SideTab("activity", _("Activity"), _number(len(page.activity))),
    ]


@register.simple_tag
def of_all(done: int, number: int) -> str:
    """ "2/6"; only "6" while nothing is done."""
    return f"{done}/{number}" if done else _number(number)


def _number(number: int) -> str:
    return str(number) if number else ""
