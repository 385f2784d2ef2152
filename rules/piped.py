"""A pipeline of a rule in words: over which events it runs and when, what its rows are, and how they become alerts."""

from dataclasses import dataclass
from datetime import timedelta

from engine import EngineError, Logic, RuleDefinition, format_duration
from engine.linting import Finding, lint
from engine.pipelines.types import Multivalue
from engine.plan import Pipeline
from engine.rule_types.esql import NEEDS_MODEL, multivalue_of
from rules import schedule
from rules.models import Rule
from rules.pipelines import asked_of

SEVERAL = "several_values"
"""What the linter calls a comparison that several values make null."""
TITLES = {Multivalue.STRICT: "Strict", Multivalue.ANY: "Any of them"}
MEANS = {
    Multivalue.STRICT: "A comparison with a field of several values is null, so the event does not pass; as in "
    "Elasticsearch.",
    Multivalue.ANY: "A comparison with a field of several values holds when any one of them meets it.",
}


@dataclass(frozen=True, slots=True)
class Piped:
    """What a rule's pipeline comes to.

    `when` says over what it runs and how often, `rows` what a row is, `alerts` how rows become alerts; `by` names what
    groups events (none: all are one group, or nothing is grouped), `conditions` are the last that a row has to meet.
    `any_match` is the switch in force, `lost` what the linter says that strict loses.
    """

    at_once: bool
    aggregating: bool
    when: str
    rows: str
    alerts: str
    by: tuple[str, ...]
    made: tuple[str, ...]
    conditions: tuple[str, ...]
    any_match: bool
    lost: tuple[Finding, ...] = ()

    @property
    def several(self) -> str:
        """What the rule makes of fields with several values, in a sentence."""
        return MEANS[Multivalue.ANY if self.any_match else Multivalue.STRICT]


def piped(definition: RuleDefinition, logic: Logic | None) -> Piped | None:
    """The pipeline in words; None for a rule without one, or that this version cannot read. `definition` is in force.

    Compiles the query once a process, which costs some milliseconds.
    """
    plan = logic.plan if logic else None
    if not isinstance(plan, Pipeline):
        return None
    try:
        asked = asked_of(plan)
    except EngineError:
        return None
    return Piped(
        at_once=plan.at_once,
        aggregating=plan.aggregating,
        when=_when(definition, plan),
        rows=_rows(plan),
        alerts=_alerts(definition, plan),
        by=plan.by,
        made=tuple(sorted(asked.made)),
        conditions=tuple(one.text for one in asked.last),
        any_match=multivalue_of(definition) is Multivalue.ANY,
        lost=lost_by_strict(definition),
    )


def lost_by_strict(definition: RuleDefinition) -> tuple[Finding, ...]:
    """What the linter says of comparisons that several values make null; nothing where the rule asks any of them."""
    return tuple(one for one in lint(definition) if one.code == SEVERAL) if definition.type == "esql" else ()


def needs_model(rule: Rule) -> bool:
    """Whether the rule is not evaluated because its query asks a language model."""
    return not rule.evaluated and rule.not_evaluated_because == NEEDS_MODEL


def _when(definition: RuleDefinition, plan: Pipeline) -> str:
    if plan.at_once:
        return "Every event is judged as it comes, by itself."
    apart = schedule.spacing(schedule.interval(definition))
    return (
        f"Every event of {_in_words(schedule.lookback(definition))} is looked at together, again as events come: "
        f"windows end every {_in_words(apart, 'every')} of the clock."
    )


def _rows(plan: Pipeline) -> str:
    if not plan.aggregating:
        return "A row is an event, with what the query makes beside its fields."
    return "A row is a group of events with the same" if plan.by else "All events of a window come to one row."


def _alerts(definition: RuleDefinition, plan: Pipeline) -> str:
    if not plan.aggregating:
        return "Each row that is left at the end is an alert, once for each event."
    again = format_duration(schedule.interval(definition))
    return (
        "Each row that is left at the end is an alert. Its group alerts again only for events that no alert has "
        f"counted, and {again} later at the earliest."
    )


_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


def _in_words(span: timedelta, before: str = "the last") -> str:
    """ "the last 9 minutes", "the last hour"; after "every": "minute", "2 minutes"."""
    lead = "" if before == "every" else f"{before} "
    for size, unit in _UNITS:
        if span >= size and not span % size:
            number = span // size
            return f"{lead}{unit}" if number == 1 else f"{lead}{number} {unit}s"
    return f"{lead}{format_duration(span)}"
