"""The steps of an alert's guide as they stand: who did which and when, and the searches each leads to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from alerts.guides.pivoting import ShownPivot, pivots_of
from alerts.guides.values import Values
from alerts.models import Alert, StepDone
from engine import RuleDefinition
from engine.guide import Guide, Step, split_guide
from rules.trees import definition_of

MOST_PIVOTS = 60
Ticks = Mapping[tuple[str, str], "Tick"]


@dataclass(frozen=True, slots=True)
class Tick:
    """That a step was done: by whom, when, and what it was called."""

    kind: str
    key: str
    title: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step with its number, its tick, and its searches."""

    number: int
    kind: str
    key: str
    text_md: str
    title: str
    tick: Tick | None
    pivots: tuple[ShownPivot, ...] = ()


@dataclass(frozen=True, slots=True)
class Checklist:
    """A guide as work. `pivots` are those that stand outside of steps; the numbers of all run on through the guide."""

    steps: tuple[ShownStep, ...]
    response: tuple[ShownStep, ...]
    pivots: tuple[ShownPivot, ...] = ()

    @property
    def done(self) -> int:
        """How many of the investigation steps were done."""
        return sum(step.tick is not None for step in self.steps)

    @property
    def answered(self) -> int:
        """How many of the response steps were done."""
        return sum(step.tick is not None for step in self.response)

    @property
    def can_be_asked(self) -> bool:
        """Whether there is a search to count."""
        return any(pivot.can_be_asked for pivot in self.all_pivots)

    @property
    def all_pivots(self) -> list[ShownPivot]:
        """Every search of the guide, by its number."""
        return [*self.pivots, *(pivot for step in self.steps for pivot in step.pivots)]


def guide_of(alert: Alert) -> tuple[RuleDefinition, Guide]:
    """The guide of the revision that raised the alert. No query where the revision is loaded along.

    Raises: TreeUnusable.
    """
    definition = definition_of(alert.revision)
    return definition, split_guide(definition.note, definition.setup, definition.false_positives, definition.name)


def steps_alone(guide: Guide, ticks: Ticks) -> Checklist:
    """The steps and their ticks, without searches. No query."""
    return Checklist(_all_shown(guide.steps, StepDone.Kind.GUIDE, ticks), _response(guide, ticks))


def checklist_of(definition: RuleDefinition, guide: Guide, values: Values, ticks: Ticks) -> Checklist:
    """The guide of an alert with its values. A query where a search follows the process tree, else none."""
    numbers = count(1)
    lead = pivots_of("", guide.calls, definition, values, numbers)
    steps, made = [], len(lead)
    for number, step in enumerate(guide.steps, start=1):
        room = made < MOST_PIVOTS and step.text_md
        found = pivots_of(step.text_md, step.calls, definition, values, numbers) if room else ()
        made += len(found)
        steps.append(_shown(step, number, StepDone.Kind.GUIDE, ticks, found))
    return Checklist(tuple(steps), _response(guide, ticks), lead)


def ticks_of(alert_id: int) -> Ticks:
    """The ticks of an alert by kind and key. One query."""
    return {(tick.kind, tick.key): tick for tick in done_of([alert_id]).get(alert_id, ())}


def done_of(alert_ids: Iterable[int]) -> dict[int, list[Tick]]:
    """What was ticked on each of these alerts, the first first. One query; none for no alerts."""
    wanted = list(alert_ids)
    found: dict[int, list[Tick]] = defaultdict(list)
    if wanted:
        for row in StepDone.objects.filter(alert_id__in=wanted).select_related("by").order_by("at", "pk"):
            found[row.alert_id].append(Tick(row.kind, row.key, row.title, str(row.by), row.at))
    return dict(found)


def _response(guide: Guide, ticks: Ticks) -> tuple[ShownStep, ...]:
    return _all_shown(guide.response_steps, StepDone.Kind.RESPONSE, ticks)


def _all_shown(steps: Iterable[Step], kind: StepDone.Kind, ticks: Ticks) -> tuple[ShownStep, ...]:
    return tuple(_shown(step, number, kind, ticks) for number, step in enumerate(steps, start=1))


def _shown(
    step: Step, number: int, kind: StepDone.Kind, ticks: Ticks, pivots: tuple[ShownPivot, ...] = ()
) -> ShownStep:
    tick = ticks.get((kind.value, step.key))
    return ShownStep(number, kind.value, step.key, step.text_md, step.title, tick, pivots)
