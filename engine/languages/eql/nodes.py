"""What the EQL parser makes of a query's words: expressions with their places, and the shape of the query around them.

`depth` counts the levels of an expression, so that nobody who walks one runs out of stack: the parser refuses more
than MAX_DEPTH.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from engine.tree import Scalar

MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the text, for errors."""

    start: int
    end: int

    @property
    def width(self) -> int:
        return max(self.end - self.start, 1)


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, truth value or null."""

    value: Scalar | None
    place: Place
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Field:
    """A field; `optional` is the question mark before its name."""

    name: str
    place: Place
    optional: bool = False
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Function:
    """A call as it is written; `fold` is the `~` behind the name."""

    name: str
    arguments: "tuple[Expression, ...]"
    fold: bool
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * / %` of two operands, or minus of one."""

    sign: str
    operands: "tuple[Expression, ...]"
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`== != < <= > >=`."""

    sign: str
    left: "Expression"
    right: "Expression"
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Membership:
    """`in`, `:`, `like`, `regex` and their `~` forms with one value or a list on the right."""

    word: str
    operand: "Expression"
    values: "tuple[Expression, ...]"
    negated: bool
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` or `or` of two or more conditions."""

    word: str
    operands: "tuple[Expression, ...]"
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`."""

    operand: "Expression"
    place: Place
    depth: int


Expression: TypeAlias = Literal | Field | Function | Arithmetic | Comparison | Membership | Junction | Negation


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`category where condition`; without a category for `any`."""

    category: str | None
    condition: Expression


@dataclass(frozen=True, slots=True)
class Term:
    """One `[ … ]` with the keys behind it."""

    event: EventFilter
    by: tuple[Field, ...]
    missing: bool
    runs: int
    place: Place


@dataclass(frozen=True, slots=True)
class SequenceShape:
    """A sequence as it is written."""

    by: tuple[Field, ...]
    terms: tuple[Term, ...]
    until: Term | None
    maxspan: timedelta | None


@dataclass(frozen=True, slots=True)
class SampleShape:
    """A sample as it is written."""

    by: tuple[Field, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class PipeShape:
    """`| name argument`."""

    name: str
    arguments: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class QueryShape:
    """A whole query as it is written."""

    body: EventFilter | SequenceShape | SampleShape
    pipes: tuple[PipeShape, ...] = field(default=())
