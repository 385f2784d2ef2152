"""The plain interpreter of trees: what every faster way must agree with, and the way for odd documents."""

from engine.document import Document
from engine.formulas import formula_holds
from engine.leaves import holds
from engine.tree import And, Formula, Leaf, MatchAll, MatchNone, Nested, Not, Or, Tree


def matches(tree: Tree, document: Document) -> bool:
    """Whether the tree is true of the event. Two-valued: a question about a missing field is false."""
    match tree:
        case And(children):
            return all(matches(child, document) for child in children)
        case Or(children):
            return any(matches(child, document) for child in children)
        case Not(child):
            return not matches(child, document)
        case Leaf():
            return holds(tree, document)
        case Formula():
            return formula_holds(tree, document)
        case Nested(path, child):
            return any(matches(child, element) for element in document.elements(path))
        case MatchAll():
            return True
        case MatchNone():
            return False
