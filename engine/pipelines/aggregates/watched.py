"""What aggregates of numbers leave out of a column that no table knows."""

from collections.abc import Callable, Sequence
from types import NoneType

from engine.pipelines.aggregates.base import Accumulator
from engine.pipelines.aggregates.rows import spread
from engine.pipelines.types import Column, Type, Value
from engine.pipelines.unknown import as_number

Start = Callable[[Sequence[Type], tuple[Value, ...]], Accumulator]

_NUMBERS = {int, float, NoneType}


class Watched:
    """An accumulator of numbers that counts what it is given besides. `unread`: values that are no number."""

    def __init__(self, inner: Accumulator) -> None:
        self._inner = inner
        self.unread = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        for column in columns:
            if not set(map(type, column)) <= _NUMBERS:
                _, values = spread(groups, column)
                self.unread += sum(as_number(value) is None for value in values)
        self._inner.add(groups, columns)

    def result(self, groups: int) -> Column:
        return self._inner.result(groups)

    @property
    def too_large(self) -> int:
        """How many answers are null because they are too large."""
        return getattr(self._inner, "too_large", 0)

    @property
    def cells(self) -> int:
        return self._inner.cells


def watched(start: Start) -> Start:
    """The aggregate, watched where the type of a column is unknown."""

    def begin(types: Sequence[Type], constants: tuple[Value, ...]) -> Accumulator:
        inner = start(types, constants)
        return Watched(inner) if Type.UNKNOWN in types else inner

    return begin
