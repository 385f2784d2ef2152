"""What a pipeline asks of events before it looks at more than one of them, as a tree for the one pass.

The tree lets in every event whose row can pass the WHEREs up to the first command that looks at several rows (STATS,
LIMIT); and others too, where a condition cannot be asked of an event alone. So the pipeline still asks them all; what
the tree saves is reading the rest of the events. In doubt a condition lets everything in.
"""

from collections.abc import Iterator

from engine.errors import EngineError
from engine.languages.esql.nodes import Expression, From, Junction, Query, Where
from engine.pipelines.leading.conditions import Conditions
from engine.pipelines.leading.presence import TooMuchError
from engine.pipelines.leading.scope import Scope, after
from engine.pipelines.types import Multivalue
from engine.tree import MatchAll, Tree, all_of, leaves_of

__all__ = ["leading_clauses", "leading_tree"]

MAX_LEAVES = 400
"""A condition with more questions than these lets everything in: it would cost the pass more than it saves."""


def leading_tree(query: Query, *, multivalue: Multivalue = Multivalue.STRICT) -> tuple[Tree, tuple[str, ...]]:
    """The tree of the events that can pass, and the index patterns that they are in."""
    first = query.commands[0]
    patterns = first.patterns if isinstance(first, From) else ()
    return all_of(*(tree for _, tree in leading_clauses(query, multivalue=multivalue))), patterns


def leading_clauses(query: Query, *, multivalue: Multivalue = Multivalue.STRICT) -> list[tuple[Expression, Tree]]:
    """The conditions that the WHEREs join with `and`, each with the tree of the events that can pass it."""
    conditions = Conditions(query.text, multivalue)
    return [(node, _tree(conditions, node, scope)) for node, scope in _leading(query)]


def _leading(query: Query) -> Iterator[tuple[Expression, Scope]]:
    scope: Scope | None = Scope()
    for command in query.commands:
        if scope is None:
            return
        if isinstance(command, Where):
            yield from ((condition, scope) for condition in _conjuncts(command.condition))
        scope = after(command, scope)


def _conjuncts(node: Expression) -> Iterator[Expression]:
    waiting = [node]
    while waiting:
        at_hand = waiting.pop()
        if isinstance(at_hand, Junction) and at_hand.word == "and":
            waiting.extend(reversed(at_hand.operands))
        else:
            yield at_hand


def _tree(conditions: Conditions, node: Expression, scope: Scope) -> Tree:
    conditions.steps.begin()
    try:
        tree = conditions.true(node, scope)
    except (TooMuchError, EngineError, RecursionError):
        return MatchAll()
    return tree if sum(1 for _ in leaves_of(tree)) <= MAX_LEAVES else MatchAll()
