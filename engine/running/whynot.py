"""Why a rule's filters let an event in or not: each clause with what the event had, and the first that failed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from engine.explain import Clause, Explanation, explain
from engine.indices import index_matches
from engine.plan import EVENT, Indicators, Part, Pipeline, Sample, Sequence
from engine.running.events import Event
from engine.running.passing import let_in
from engine.running.pipelines import window_of
from engine.running.rules import Rule
from engine.running.whynot_rows import told_of_rows

LONGEST_CLAUSE = 2_000


def told_of_event(rule: Rule, event: Event, events: Iterable[Event] = ()) -> dict[str, Any]:
    """The explanation as plain JSON: for a rule about single events its clauses, for one with several filters (steps
    of a sequence or sample, events and indicators) those of each.

    `matched` says that a filter lets the event in; whether that becomes a hit of a threshold, a sequence or new terms
    hangs on other events. Of a pipeline it says that a row of the event is left at the end, when the rule runs over
    `events`: at the time of the last of them, or where that is too late for the event, when the event is just in.
    """
    told: dict[str, Any] = {"rule_id": rule.definition.rule_id, "type": rule.definition.type, "line": event.line}
    parts = [_part(part, event) for part in rule.compiled.parts]
    if isinstance(rule.compiled.plan, Pipeline):
        return told | _rows(rule, rule.compiled.plan, event, list(events), parts[0])
    if not isinstance(rule.compiled.plan, Sequence | Sample | Indicators):
        return told | parts[0]
    names = [{"step": _name(part.name)} for part in rule.compiled.parts]
    steps = [name | part for name, part in zip(names, parts, strict=True)]
    return told | {"matched": any(part["matched"] for part in parts), "steps": steps}


def _rows(rule: Rule, plan: Pipeline, event: Event, events: list[Event], part: dict[str, Any]) -> dict[str, Any]:
    """What the pass asks of the event (`clauses`: in doubt they hold), and what the pipeline then makes of it."""
    if not part["matched"] and part["why_not"].get("field") == "_index":
        return part | {"commands": [], "row": None}
    now = _run_at(rule, event, events)
    parts = [(EVENT, one.tree, one.indices) for one in rule.compiled.parts]
    others = [one for one in let_in(parts, events).get(EVENT, []) if one.line != event.line]
    rows = told_of_rows(plan, window_of(rule, [*others, event], now), event, now)
    return {"matched": rows.pop("matched"), "clauses": part["clauses"]} | rows


def _run_at(rule: Rule, event: Event, events: list[Event]) -> datetime:
    """When the rule runs: at the last event's time; before that where the event would no longer count."""
    moments = [moment.at for one in [*events, event] if (moment := one.moment(*rule.time_fields))]
    own = event.moment(*rule.time_fields)
    if own is None or not moments:
        return max(moments, default=datetime(1970, 1, 1, tzinfo=UTC))
    now = max(moments)
    since, _ = rule.window(now)
    return now if own.at >= since else own.at + (now - since)


def _name(part: str) -> str | int:
    return int(part) if part.isdecimal() else part


def _part(part: Part, event: Event) -> dict[str, Any]:
    explanation = explain(part.tree, event.document_for(part.tree))
    clauses = [_clause(clause) for clause in explanation.clauses()]
    wrong_index = None if event.index is None or index_matches(part.indices, event.index) else _index(part, event.index)
    matched = explanation.held and wrong_index is None
    told = {"matched": matched, "clauses": [wrong_index, *clauses] if wrong_index else clauses}
    return told if matched else told | {"why_not": wrong_index or _first_failing(explanation)}


def _index(part: Part, index: str) -> dict[str, Any]:
    asked = f"is like any of {', '.join(part.indices)}"
    return {"clause": f"_index {asked}", "held": False, "field": "_index", "found": [index], "asked": asked}


def _clause(clause: Clause) -> dict[str, Any]:
    told = {
        "clause": f"{clause.field} {clause.asked}".strip()[:LONGEST_CLAUSE],
        "held": clause.held,
        "field": clause.field or None,
        "found": list(clause.found),
        "asked": clause.asked,
    }
    return told | {"branch": clause.branch} if clause.branch else told


def _first_failing(explanation: Explanation) -> dict[str, Any]:
    """The first condition, in the order of the rule, that does not hold."""
    if explanation.kind == "and":
        return _first_failing(next(child for child in explanation.children if not child.held))
    failing = [clause for clause in explanation.clauses() if not clause.held]
    if failing:
        return _clause(failing[0])
    clause = explanation.clause[:LONGEST_CLAUSE]
    return {"clause": clause, "held": False, "field": explanation.field, "found": [], "asked": clause}
