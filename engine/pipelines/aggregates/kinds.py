"""Which types of column an aggregate takes, and what type its answer has."""

from collections.abc import Callable, Sequence

from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type

WHOLE = frozenset({Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG})
NUMBERS = WHOLE | {Type.DOUBLE}
DATES = frozenset({Type.DATETIME, Type.DATE_NANOS})
TEXTS = frozenset({Type.KEYWORD, Type.TEXT})
ORDERED = NUMBERS | DATES | TEXTS | {Type.BOOLEAN, Type.IP, Type.VERSION}
STORED = ORDERED | {Type.GEO_POINT}
_ANYTHING = frozenset({Type.NULL, Type.UNKNOWN})

Result = Callable[[Sequence[Type]], Type]


def taking(
    name: str, allowed: frozenset[Type], words: str, answer: Type | Callable[[Type], Type], others: int = 0
) -> Result:
    """The rule for a function that takes a column of these types, and `others` more columns of numbers.

    `words` says what it takes: "numbers".
    """

    def result(types: Sequence[Type]) -> Type:
        require(types, 0, name, allowed, words)
        for number in range(1, others + 1):
            require(types, number, name, NUMBERS, "numbers")
        return answer if isinstance(answer, Type) else answer(types[0])

    return result


def require(types: Sequence[Type], number: int, name: str, allowed: frozenset[Type], words: str) -> None:
    """Raises: TypeProblem when the argument of this number has a type that is not allowed."""
    given = types[number]
    if given not in allowed and given not in _ANYTHING:
        raise TypeProblem(f"`{name}` takes {words} here, not {given}", number)


def same(given: Type) -> Type:
    """The type of the values themselves; texts become keywords."""
    return Type.KEYWORD if given is Type.TEXT else given


def total(given: Type) -> Type:
    """The type of a sum: long for whole numbers."""
    if given in (Type.INTEGER, Type.NULL):
        return Type.LONG
    return given
