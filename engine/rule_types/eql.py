"""`eql`: events, or sequences and samples of events, that a query of the event query language finds.

Every event that an event query lets in is a hit. A sequence or sample is a hit when its events are found together;
the rule's filters then hold for each of them, those of `until` included.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import LanguageError
from engine.languages.eql import EqlQuery, parse_eql
from engine.languages.filters import parse_filters
from engine.plan import Logic, Sample, Sequence, Step, steps_tree
from engine.rule_types.base import RuleType
from engine.tree import Tree, all_of

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition

DEFAULT_CATEGORY_FIELD = "event.category"
DEFAULT_TIMESTAMP_FIELD = "@timestamp"


def compile_eql(definition: "RuleDefinition") -> Logic:
    """The logic of an EQL rule: tree, and plan of a sequence or sample, with the rule's filters in every step.

    Raises: LanguageError for the query (pipes among it: a rule wants all that it finds), FilterError for the filters.
    """
    query = parse_rule_query(definition)
    if query.pipes:
        first = query.pipes[0]
        message = f"a rule raises an alert for all that its query finds, so `{first.name}` has no place in it"
        raise LanguageError.at(definition.query, first.start, first.width, message, "Take the pipe out.")
    filters = parse_filters(definition.filters)
    if query.plan is None:
        return Logic(all_of(query.tree, filters))
    plan = _filtered(query.plan, filters)
    return Logic(steps_tree(_all_steps(plan)), plan)


def parse_rule_query(definition: "RuleDefinition") -> EqlQuery:
    """The rule's query, read with the fields that the rule names for category, time and order.

    Raises: LanguageError.
    """
    return parse_eql(
        definition.query,
        category_field=_named(definition, "event_category_override") or DEFAULT_CATEGORY_FIELD,
        timestamp_field=_named(definition, "timestamp_field") or DEFAULT_TIMESTAMP_FIELD,
        tiebreaker_field=_named(definition, "tiebreaker_field"),
    )


def order_fields(definition: "RuleDefinition") -> tuple[str, str | None]:
    """The fields that events of a sequence are ordered by: the time, and what decides between equal times."""
    return _named(definition, "timestamp_field") or DEFAULT_TIMESTAMP_FIELD, _named(definition, "tiebreaker_field")


def _named(definition: "RuleDefinition", key: str) -> str | None:
    value = definition.raw.get(key)
    return value if isinstance(value, str) and value else None


def _filtered(plan: Sequence | Sample, filters: Tree) -> Sequence | Sample:
    steps = tuple(_with_filters(step, filters) for step in plan.steps)
    if isinstance(plan, Sample):
        return replace(plan, steps=steps)
    return replace(plan, steps=steps, until=_with_filters(plan.until, filters) if plan.until else None)


def _with_filters(step: Step, filters: Tree) -> Step:
    return replace(step, tree=all_of(step.tree, filters))


def _all_steps(plan: Sequence | Sample) -> tuple[Step, ...]:
    until = (plan.until,) if isinstance(plan, Sequence) and plan.until else ()
    return (*plan.steps, *until)


EQL = RuleType("eql", "EQL", {"eql": None}, compile_eql)
