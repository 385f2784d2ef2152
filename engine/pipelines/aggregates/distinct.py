"""The distinct values of each group, and how many there are: exactly, not by an estimate.

A group with one value holds just that value; only the second makes a set of it, since most groups of a large STATS have
few. Every value held is a cell of the budget.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from engine.pipelines.aggregates.rows import grow, order_of, padded, spread
from engine.pipelines.types import Column, Type, Value


class Distinct(ABC):
    """The distinct values of each group."""

    def __init__(self, type_: Type) -> None:
        self._key = order_of(type_)
        # In Python, 1 and True are one member of a set; in a column that no table knows both may occur.
        self._mixed = type_ is Type.UNKNOWN
        self._held: list[Any] = []
        self._cells = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        """Hold the values that a group has not held before: alone the first, a set from the second on."""
        numbers, values = spread(groups, columns[0])
        if not numbers:
            return
        grow(self._held, numbers, None)
        held, cells = self._held, 0
        if self._mixed:
            values = [_Truth(value) if value.__class__ is bool else value for value in values]
        for group, value in zip(numbers, values, strict=True):
            known = held[group]
            if known.__class__ is set:
                if value not in known:
                    known.add(value)
                    cells += 1
            elif known is None:
                held[group] = value
                cells += 1
            elif known != value:
                held[group] = {known, value}
                cells += 1
        self._cells += cells

    @abstractmethod
    def result(self, groups: int) -> Column:
        """What is answered of the values held."""

    @property
    def cells(self) -> int:
        return self._cells


class _Truth:
    """A truth value that is no number."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Truth) and self.value is other.value

    def __hash__(self) -> int:
        return hash((_Truth, self.value))


class CountDistinct(Distinct):
    """COUNT_DISTINCT(x): how many distinct values; the precision that Elasticsearch takes changes nothing."""

    def result(self, groups: int) -> Column:
        return [_size(held) for held in padded(self._held, groups)]


class Values(Distinct):
    """VALUES(x): the distinct values, in their order, so that the answer does not depend on that of the rows."""

    def result(self, groups: int) -> Column:
        return [self._ordered(held) for held in padded(self._held, groups)]

    def _ordered(self, held: Any) -> Value:
        if held.__class__ is set:
            values = [_plain(value) for value in held] if self._mixed else held
            alike = self._mixed and len(set(map(type, values))) == 1
            return tuple(sorted(values, key=None if alike else self._key))
        return None if held is None else _plain(held)


def _size(held: Any) -> int:
    return len(held) if held.__class__ is set else int(held is not None)


def _plain(value: Any) -> Any:
    return value.value if value.__class__ is _Truth else value
