"""Why an alert was raised: the clauses of the tree that judged its event, and for new terms the history before it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from alerts.facts import BlockFacts, facts_of
from alerts.models import Alert, Kind
from alerts.selectors.shapes import NewTerms, OtherBranch, Why
from alerts.terms_told import HOST, USER, TermsTold, terms_told
from engine import Clause, Document, EngineError, Explanation, Logic, Tree, explain
from engine.plan import Sample, Sequence
from engine.rule_types.new_terms import terms_hash
from engine.wording import shortened
from rules.models import SeenTerm
from rules.trees import TreeUnusable, definition_of, load_logic

MOST_BRANCHES = 12
_LONGEST_BRANCH = 600
_MOST_FAILED = 3
GONE = "What was kept of the event cannot be judged any more, so the clauses cannot be shown."
UNREADABLE = "The version of the rule that raised this can no longer be read, so its clauses cannot be shown."


def logic_of(alert: Alert) -> Logic | None:
    """What the rule's revision that raised the alert looks for; None when this version cannot read it.

    Expects the revision to be loaded; one query for its compiled logic.
    """
    try:
        return load_logic(definition_of(alert.revision), alert.revision)
    except TreeUnusable:
        return None


def why_it_fired(alert: Alert, document: Document | None, logic: Logic | None) -> Why:
    """The clauses of the rule's logic, judged once more on the event that the alert kept.

    Nothing for a sequence: there each step has its own clauses.
    """
    if alert.kind in (Kind.SEQUENCE, Kind.SAMPLE):
        return Why()
    if document is None:
        return Why(problem=GONE)
    return Why(problem=UNREADABLE) if logic is None else why_of(_judged_by(alert, logic), document)


def _judged_by(alert: Alert, logic: Logic) -> Tree:
    """The filter that let the alert's event in: for an event of a sequence that of its step."""
    facts = facts_of(alert.kind, alert.facts)
    steps = logic.plan.steps if isinstance(logic.plan, Sequence | Sample) else ()
    step = facts.step.removeprefix("step ") if isinstance(facts, BlockFacts) else ""
    number = int(step) if step.isdecimal() else 0
    return steps[number - 1].tree if 0 < number <= len(steps) else logic.tree


def why_of(tree: Tree, document: Document) -> Why:
    """The clauses of a tree, judged on an event."""
    try:
        explanation = explain(tree, document)
    except EngineError:
        return Why(problem=UNREADABLE)
    clauses = list(dict.fromkeys(explanation.clauses()))  # conditions of a pipeline may come to the same
    held = _branches_named_where_several([clause for clause in clauses if clause.held])
    others = list(_others(explanation))
    return Why(
        asked=[clause for clause in held if not clause.negated and clause.discriminating],
        also=[clause for clause in held if not clause.negated and not clause.discriminating],
        exclusions=[clause for clause in held if clause.negated],
        branches_not_held=len(others),
        branches=tuple(map(_other, others[:MOST_BRANCHES])),
    )


def _others(node: Explanation) -> Iterator[Explanation]:
    """Alternatives over different fields that did not hold, in the branches that did."""
    if not node.held or node.kind == "not":
        return
    several = len({child.field for child in node.children if child.kind == "leaf"}) != 1
    if node.kind == "or" and (several or any(child.kind != "leaf" for child in node.children)):
        yield from (child for child in node.children if not child.held)
    for child in node.children:
        yield from _others(child)


def _other(branch: Explanation) -> OtherBranch:
    failed = [clause for clause in branch.clauses() if not clause.held]
    return OtherBranch(shortened(branch.clause, _LONGEST_BRANCH), tuple(failed[:_MOST_FAILED]))


def _branches_named_where_several(clauses: list[Clause]) -> list[Clause]:
    """Where one alternative held its number says nothing; where several did it says which clauses go together."""
    named = {clause.branch for clause in clauses if clause.branch}
    last = max(named, key=len, default="")
    return clauses if any(not last.startswith(one) for one in named) else [replace(one, branch=None) for one in clauses]


def new_terms_of(alert: Alert, team_id: int | None) -> NewTerms | None:
    """What was new and against which history; when the same was seen outside it. One query for a new-terms alert.

    `team_id` is the team whose events raised it, None where the person does not see that team.
    """
    kept = alert.new_terms
    if not kept:
        return None
    start = datetime.fromisoformat(kept["history_start"])
    end = datetime.fromisoformat(kept["history_end"])
    seen = SeenTerm.objects.filter(
        logic_hash=bytes(alert.revision.logic_hash), team_id=team_id or 0, terms_hash=terms_hash(kept["values"])
    )
    moments = [at for row in seen.values_list("first_at", "last_at") for at in row]
    return NewTerms(
        fields=tuple(kept["fields"]),
        values=tuple(kept["values"]),
        history_start=start,
        history_end=end,
        history=kept["history"],
        told=new_terms_told(alert),
        earlier=max((at for at in moments if at < start), default=None),
        later=max((at for at in moments if at > end), default=None),
    )


def new_terms_told(alert: Alert) -> TermsTold:
    """How the new terms of an alert that has some are told beside its host and user."""
    kept = alert.new_terms or {"fields": [], "values": []}
    known = [name for name, value in ((HOST, alert.host_name), (USER, alert.user_name)) if value]
    return terms_told(zip(kept["fields"], kept["values"], strict=False), known)
