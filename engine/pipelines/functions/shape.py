"""What every scalar function says of itself, so that the compiler, the docs and the tests can read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from engine.pipelines.operands import Absent
from engine.pipelines.types import Type, Value

Work: TypeAlias = Callable[..., Value]
Result: TypeAlias = Callable[[Sequence[Type]], Type]
Alike: TypeAlias = Callable[[int], Sequence[int]]
Prepare: TypeAlias = Callable[[tuple[Value | Absent, ...]], Work]


def all_alike(count: int) -> Sequence[int]:
    """All arguments are of one type."""
    return range(count)


class Takes(StrEnum):
    """What `work` is called with.

    ONE: single values; null makes null, and so do several values unless the query runs with Multivalue.ANY.
    ALL: the values as they are, null and tuples included.
    """

    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function. `work` and what `prepare` answers are total: an unfit value gives null, never an error.

    least, most: how many arguments it takes; most is None where there is no bound.
    result: the type it answers for types of arguments.
        Raises: TypeProblem for types that it refuses; it accepts Type.UNKNOWN everywhere.
    any: it answers truth values, and with Multivalue.ANY holds when it holds for any combination of values.
    prepare: makes the work with what is known of constants ahead (a unit, a pattern, a network), the rest ABSENT;
        it is called with all arguments, as `work` is.
        Raises: TypeProblem when a constant is wrong, or when an argument that must be constant is not.
    alike: for a number of arguments the places of those that are of one type, as they are compared with one another or
        answered as they are; values of unknown types among them are read as that type.
    grows: it answers several values, which can be many more than it is given. (Texts always may grow.)
    """

    name: str
    least: int
    most: int | None
    result: Result
    work: Work
    takes: Takes = Takes.ONE
    any: bool = False
    prepare: Prepare | None = None
    alike: Alike | None = None
    grows: bool = False
