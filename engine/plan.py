"""What a rule does with the events that its filters let through, when one event alone does not decide.

A plan is data, made when the rule is compiled and stored with its tree: sequences and samples of events, counts over
groups, indicators, pipelines of rows. The filters in it take part in the one pass as parts of the rule (`parts_of`);
joining what they let through is in engine/joining/, running pipelines over it in engine/pipelines/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from engine.errors import TreeError
from engine.stored_trees import tree_from_json, tree_to_json
from engine.tree import Tree, any_of

EVENT = "event"
UNTIL = "until"
INDICATOR = "indicator"


@dataclass(frozen=True, slots=True)
class JoinKey:
    """A field whose value must be the same in all steps. Optional (`?field`): events without it join each other."""

    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One `[ … ]` of a sequence or sample: what lets an event in, and its keys (those shared by all steps first).

    `missing` is `![ … ]`: the step stands for the absence of such an event. `runs` is `with runs=n`.
    """

    tree: Tree
    by: tuple[JoinKey, ...] = ()
    missing: bool = False
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """Events in order of time, the last at most `maxspan` after the first; `until` takes pending ones back."""

    steps: tuple[Step, ...]
    maxspan: timedelta | None = None
    until: Step | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in any order, one for each step, that share their keys."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """At least `value` events of a group within the look-back; where a cardinality field is named, with at least so
    many different values of it. Without fields all events are one group."""

    fields: tuple[str, ...]
    value: int
    cardinality_field: str | None = None
    cardinality_value: int = 0


@dataclass(frozen=True, slots=True)
class MappingEntry:
    """An entry of `threat_mapping`: the event's field has the value of the indicator's (negated: has it not)."""

    field: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Indicators:
    """Events that meet an indicator: for one of `items` every entry agrees. `tree` and `indices` let indicators in;
    `path` is where the indicator stands in its event; `history` how old it may be."""

    items: tuple[tuple[MappingEntry, ...], ...]
    tree: Tree
    indices: tuple[str, ...]
    path: str
    history: timedelta


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A query that works on rows (ES|QL): `text` is the query with the rule's own words, compiled again where it runs.

    `aggregating`: its rows are groups of events, told apart by the columns `by`; else each row is an event.
    `at_once`: every command looks at one row at a time, so that each event is judged as it comes; else the pipeline
    runs over the events of a window. `fields` are the columns of an event that it asks for, and `whole` says that it
    asks for the event as such. `any_match`: a comparison holds when it holds for any value of a field with several.
    """

    text: str
    aggregating: bool
    at_once: bool
    by: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    whole: bool = False
    any_match: bool = False


Joining: TypeAlias = Sequence | Sample | Threshold | Indicators
"""A plan that joins events by keys (engine/joining/)."""
Plan: TypeAlias = Joining | Pipeline


@dataclass(frozen=True, slots=True)
class Part:
    """One filter of a rule as it takes part in the pass; `name` says what a match of it is for."""

    name: str
    tree: Tree
    indices: tuple[str, ...]


def parts_of(tree: Tree, plan: Plan | None, indices: tuple[str, ...]) -> tuple[Part, ...]:
    """The filters of a rule: `event`; for sequences and samples `1`, `2`, … and `until`; for indicator match also
    `indicator`."""
    match plan:
        case Sequence(steps, _, until):
            numbered = [Part(str(number), step.tree, indices) for number, step in enumerate(steps, 1)]
            return (*numbered, *([Part(UNTIL, until.tree, indices)] if until else []))
        case Sample(steps):
            return tuple(Part(str(number), step.tree, indices) for number, step in enumerate(steps, 1))
        case Indicators():
            return (Part(EVENT, tree, indices), Part(INDICATOR, plan.tree, plan.indices))
    return (Part(EVENT, tree, indices),)


@dataclass(frozen=True, slots=True)
class Logic:
    """What a rule looks for, compiled: the tree lets in every event that may take part, the plan says what then.

    Without a plan every event that the tree lets in is a hit (new terms: one whose terms are new).
    """

    tree: Tree
    plan: Plan | None = None

    def parts(self, indices: tuple[str, ...]) -> tuple[Part, ...]:
        """The rule's filters as they take part in the pass."""
        return parts_of(self.tree, self.plan, indices)


def logic_to_json(logic: Logic) -> dict[str, Any]:
    """The logic as plain JSON, as it is stored with a revision; without a plan just the tree."""
    tree = tree_to_json(logic.tree)
    return tree if logic.plan is None else {"tree": tree, "plan": plan_to_json(logic.plan)}


def logic_from_json(data: Mapping[str, Any]) -> Logic:
    """The logic that `logic_to_json` wrote.

    Raises: TreeError.
    """
    if "plan" in data:
        return Logic(tree_from_json(data["tree"]), plan_from_json(data["plan"]))
    return Logic(tree_from_json(data))


def steps_tree(steps: tuple[Step, ...]) -> Tree:
    """What lets an event into any of the steps."""
    return any_of(*(step.tree for step in steps))


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON, as it is stored with a rule's revision."""
    match plan:
        case Sequence(steps, maxspan, until):
            return {
                "sequence": [_step_to_json(step) for step in steps],
                "maxspan_ms": None if maxspan is None else maxspan // timedelta(milliseconds=1),
                "until": _step_to_json(until) if until else None,
            }
        case Sample(steps):
            return {"sample": [_step_to_json(step) for step in steps]}
        case Threshold():
            cardinality = [plan.cardinality_field, plan.cardinality_value] if plan.cardinality_field else None
            return {"threshold": list(plan.fields), "value": plan.value, "cardinality": cardinality}
        case Indicators():
            return {
                "indicators": [[[entry.field, entry.value, entry.negated] for entry in item] for item in plan.items],
                "tree": tree_to_json(plan.tree),
                "indices": list(plan.indices),
                "path": plan.path,
                "history_seconds": int(plan.history.total_seconds()),
            }
        case Pipeline():
            return {
                "pipeline": plan.text,
                "aggregating": plan.aggregating,
                "at_once": plan.at_once,
                "by": list(plan.by),
                "fields": list(plan.fields),
                "whole": plan.whole,
                "any_match": plan.any_match,
            }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote.

    Raises: TreeError when the data is of another kind; compile the rule's source again then.
    """
    try:
        return _from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TreeError("the stored plan cannot be read") from error


def _from_json(data: Mapping[str, Any]) -> Plan:
    if "sequence" in data:
        span, until = data["maxspan_ms"], data["until"]
        return Sequence(
            tuple(map(_step_from_json, data["sequence"])),
            None if span is None else timedelta(milliseconds=span),
            _step_from_json(until) if until else None,
        )
    if "sample" in data:
        return Sample(tuple(map(_step_from_json, data["sample"])))
    if "threshold" in data:
        field, value = data["cardinality"] or (None, 0)
        return Threshold(tuple(data["threshold"]), int(data["value"]), field, int(value))
    if "pipeline" in data:
        flags = {name: bool(data[name]) for name in ("aggregating", "at_once", "whole", "any_match")}
        return Pipeline(str(data["pipeline"]), by=tuple(data["by"]), fields=tuple(data["fields"]), **flags)
    items = tuple(tuple(MappingEntry(str(f), str(v), bool(n)) for f, v, n in item) for item in data["indicators"])
    history = timedelta(seconds=data["history_seconds"])
    return Indicators(items, tree_from_json(data["tree"]), tuple(data["indices"]), str(data["path"]), history)


def _step_to_json(step: Step) -> dict[str, Any]:
    by = [[key.field, key.optional] for key in step.by]
    return {"tree": tree_to_json(step.tree), "by": by, "missing": step.missing, "runs": step.runs}


def _step_from_json(data: Mapping[str, Any]) -> Step:
    by = tuple(JoinKey(str(field), bool(optional)) for field, optional in data["by"])
    return Step(tree_from_json(data["tree"]), by, bool(data["missing"]), int(data["runs"]))
