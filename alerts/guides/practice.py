"""Which steps of a rule's guide are really done before its alerts are closed: what a guide is worth, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count as CountOf
from django.db.models import F

from alerts.models import Alert, Kind, Status, StepDone
from engine import RuleDefinition
from engine.guide import Guide
from engine.pivots import Search, searches_of
from soc.web.counts import Count, capped

LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step with the searches that were found for it, and on how many of the closed alerts it was done."""

    number: int
    text_md: str
    searches: tuple[Search, ...]
    done: int


@dataclass(frozen=True, slots=True)
class Practice:
    """The steps of a guide, and how many alerts people closed in thirty days."""

    steps: tuple[GuideStep, ...]
    closed: Count

    @property
    def with_searches(self) -> int:
        """How many steps lead to a search."""
        return sum(bool(step.searches) for step in self.steps)


def practice_of(
    *, rule_id: str, definition: RuleDefinition, guide: Guide, team_ids: Sequence[int], now: datetime
) -> Practice:
    """The guide as it is used within these teams. Two queries."""
    since = now - LATELY
    closed = Alert.objects.filter(
        rule_id=rule_id, team_id__in=team_ids, status=Status.CLOSED, closed_at__gte=since, closed_by_exception=None
    ).exclude(kind=Kind.BLOCK)
    ticks = StepDone.objects.filter(
        kind=StepDone.Kind.GUIDE,
        alert__rule_id=rule_id,
        alert__team_id__in=team_ids,
        alert__status=Status.CLOSED,
        alert__closed_at__gte=since,
        alert__closed_by_exception=None,
        at__lte=F("alert__closed_at"),
    )
    done = dict(ticks.order_by().values_list("key").annotate(CountOf("pk")))
    steps = tuple(
        GuideStep(
            number, step.text_md, searches_of(step.text_md, step.calls, definition.transform), done.get(step.key, 0)
        )
        for number, step in enumerate(guide.steps, start=1)
    )
    return Practice(steps, capped(closed))
