"""What an aggregate is: of which types it takes columns, and something that gathers values group by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.pipelines.types import Column, Type, Value


class Accumulator(Protocol):
    """Gathers what one aggregate needs of every group.

    Groups are numbers from 0 on without gaps. Each value of a field with several counts for itself, nulls do not count.
    """

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        """Take in the rows of a page: the group of each, and the columns that are the aggregate's arguments."""

    def result(self, groups: int) -> Column:
        """The answer of each of the groups 0 to `groups` - 1, those too that never had a row."""

    @property
    def cells(self) -> int:
        """How many values are held now."""


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """An aggregate by name.

    The first `columns` arguments are columns, those after them must be constants. `result` raises TypeProblem for types
    it refuses; `start` gets the types of all arguments and the values of the constants, and raises TypeProblem for
    constants it refuses.
    """

    name: str
    least: int
    most: int
    result: Callable[[Sequence[Type]], Type]
    start: Callable[[Sequence[Type], tuple[Value, ...]], Accumulator]
    columns: int = 1
