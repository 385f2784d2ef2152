"""How many: rows, values, distinct values; and whether there are any."""

from collections.abc import Sequence

from engine.pipelines.aggregates.rows import grow, padded, spread
from engine.pipelines.types import Column


class Rows:
    """COUNT(*): the rows of each group, whatever is in them."""

    def __init__(self) -> None:
        self._counts: list[int] = []

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:  # noqa: ARG002 - rows count, not values
        if groups:
            self._tally(groups)

    def _tally(self, groups: Sequence[int]) -> None:
        grow(self._counts, groups, 0)
        counts = self._counts
        for group in groups:
            counts[group] += 1

    def result(self, groups: int) -> Column:
        return padded(self._counts, groups, 0)

    @property
    def cells(self) -> int:
        return len(self._counts)


class Count(Rows):
    """COUNT(x): the values that are there; several of one field count each."""

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, _ = spread(groups, columns[0])
        if numbers:
            self._tally(numbers)


class Present(Count):
    """PRESENT(x): whether a group has a value at all."""

    def result(self, groups: int) -> Column:
        return [count > 0 for count in padded(self._counts, groups, 0)]


class Absent(Count):
    """ABSENT(x): whether a group has no value at all."""

    def result(self, groups: int) -> Column:
        return [count == 0 for count in padded(self._counts, groups, 0)]
