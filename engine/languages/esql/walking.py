"""Going through expressions: what stands inside one, whatever kind it is."""

from collections.abc import Iterator

from engine.languages.esql.nodes import (
    Arithmetic,
    Call,
    Cast,
    Comparison,
    Expression,
    Junction,
    Like,
    Match,
    Membership,
    Negation,
    NullTest,
    Sign,
)


def children_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one, in the order of the text."""
    match expression:
        case Call(arguments=inner) | Junction(operands=inner):
            return inner
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case Membership(operand=operand, items=items):
            return (operand, *items)
        case Match(operand=operand, query=query):
            return (operand, query)
        case Sign(operand=operand) | Negation(operand=operand) | NullTest(operand=operand):
            return (operand,)
        case Like(operand=operand) | Cast(operand=operand):
            return (operand,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all that stand in it, in the order of the text, without recursion."""
    waiting = [expression]
    while waiting:
        at_hand = waiting.pop()
        yield at_hand
        waiting.extend(reversed(children_of(at_hand)))
