"""Why a rule's filters let an event in or not: each clause with what the event had, and the first that failed."""

from typing import Any

from engine.explain import Clause, Explanation, explain
from engine.indices import index_matches
from engine.plan import Indicators, Part, Sample, Sequence
from engine.running.events import Event
from engine.running.rules import Rule

LONGEST_CLAUSE = 2_000


def told_of_event(rule: Rule, event: Event) -> dict[str, Any]:
    """The explanation as plain JSON: for a rule about single events its clauses, for one with several filters (steps
    of a sequence or sample, events and indicators) those of each.

    `matched` says that a filter lets the event in; whether that becomes a hit of a threshold, a sequence or new terms
    hangs on other events.
    """
    told: dict[str, Any] = {"rule_id": rule.definition.rule_id, "type": rule.definition.type, "line": event.line}
    parts = [_part(part, event) for part in rule.compiled.parts]
    if not isinstance(rule.compiled.plan, Sequence | Sample | Indicators):
        return told | parts[0]
    names = [{"step": _name(part.name)} for part in rule.compiled.parts]
    steps = [name | part for name, part in zip(names, parts, strict=True)]
    return told | {"matched": any(part["matched"] for part in parts), "steps": steps}


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
