"""What can still be true of an event of which only some fields are known.

Kleene's logic: true, false, or not known yet. Used to drop expressions that a few fields already refute.
"""

from collections.abc import Set

from engine.document import Document
from engine.formulas import formula_fields, formula_holds
from engine.leaves import holds
from engine.tree import And, Formula, Leaf, MatchAll, MatchNone, Not, Or, Tree


def could_match(tree: Tree, document: Document, known: Set[str]) -> bool:
    """False only when no event with these values in the `known` fields makes the tree true, whatever else it has."""
    return _judged(tree, document, known) is not False


def _judged(tree: Tree, document: Document, known: Set[str]) -> bool | None:
    match tree:
        case And(children):
            answers = {_judged(child, document, known) for child in children}
            return False if False in answers else None if None in answers else True
        case Or(children):
            answers = {_judged(child, document, known) for child in children}
            return True if True in answers else None if None in answers else False
        case Not(child):
            answer = _judged(child, document, known)
            return None if answer is None else not answer
        case Leaf(field=field, wild_field=False) if field in known:
            return holds(tree, document)
        case Formula() if known >= set(formula_fields(tree)):
            return formula_holds(tree, document)
        case MatchAll():
            return True
        case MatchNone():
            return False
    return None
