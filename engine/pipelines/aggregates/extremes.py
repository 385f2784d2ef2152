"""The smallest and the largest, the top few, and the value that belongs to the first or last of another column."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from engine.pipelines.aggregates.rows import Key, grow, order_of, padded, spread
from engine.pipelines.types import Column, Type, Value


class Extreme:
    """MIN(x) and MAX(x) of any ordered type; false is smaller than true."""

    def __init__(self, type_: Type, *, largest: bool) -> None:
        self._key = order_of(type_)
        self._largest = largest
        self._best: list[Any] = []

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        numbers, values = spread(groups, columns[0])
        if not numbers:
            return
        grow(self._best, numbers, None)
        (self._raise if self._largest else self._lower)(numbers, _with_keys(values, self._key))

    def _raise(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        best = self._best
        for group, value in zip(groups, values, strict=True):
            held = best[group]
            if held is None or value > held:
                best[group] = value

    def _lower(self, groups: Sequence[int], values: Sequence[Any]) -> None:
        best = self._best
        for group, value in zip(groups, values, strict=True):
            held = best[group]
            if held is None or value < held:
                best[group] = value

    def result(self, groups: int) -> Column:
        best = padded(self._best, groups)
        return best if self._key is None else [None if pair is None else pair[1] for pair in best]

    @property
    def cells(self) -> int:
        return len(self._best)


def _with_keys(values: Sequence[Any], key: Key | None) -> Sequence[Any]:
    """The values, or pairs of what they are ordered by and themselves."""
    return values if key is None else [_Pair((key(value), value)) for value in values]


class _Pair(tuple[Any, Any]):
    """A key and its value, ordered by the key alone: values of different kinds cannot be compared."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        return bool(self[0] < other[0])

    def __gt__(self, other: Any) -> bool:
        return bool(self[0] > other[0])


class MixedExtreme:
    """MIN and MAX of a column that no table knows: kinds of value by themselves, numbers after truth values and dates,
    texts last."""

    def __init__(self, *, largest: bool) -> None:
        self._largest = largest
        self._kinds: dict[str, Extreme] = {}

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        """Give each kind of value to what finds the extreme of that kind."""
        numbers, values = spread(groups, columns[0])
        found: dict[type, str] = {kind: _NAMES.get(kind, kind.__name__) for kind in set(map(type, values))}
        for name in set(found.values()):
            if len(set(found.values())) == 1:
                self._of(name).add(numbers, [values])  # type: ignore[list-item]
                continue
            chosen = [pair for pair in zip(numbers, values, strict=True) if found[type(pair[1])] == name]
            self._of(name).add([group for group, _ in chosen], [[value for _, value in chosen]])

    def _of(self, name: str) -> Extreme:
        if name not in self._kinds:
            self._kinds[name] = Extreme(Type.KEYWORD, largest=self._largest)
        return self._kinds[name]

    def result(self, groups: int) -> Column:
        best: Column = [None] * groups
        for name in sorted(self._kinds, reverse=self._largest):
            found = self._kinds[name].result(groups)
            best = [one if held is None else held for held, one in zip(best, found, strict=True)]
        return best

    @property
    def cells(self) -> int:
        return sum(kind.cells for kind in self._kinds.values())


_NAMES = {bool: "boolean", int: "number", float: "number", str: "text"}


def extreme_of(type_: Type, *, largest: bool) -> Extreme | MixedExtreme:
    """What finds the smallest or largest of a column of this type."""
    return MixedExtreme(largest=largest) if type_ is Type.UNKNOWN else Extreme(type_, largest=largest)


class Top:
    """TOP(x, limit, "asc" | "desc"): the first values in this order, equal ones each for itself.

    A group holds twice its limit and a few at most before it is cut back.
    """

    def __init__(self, type_: Type, limit: int, *, descending: bool) -> None:
        self._key = order_of(type_)
        self._limit = limit
        self._descending = descending
        self._room = 2 * limit + 16
        self._held: list[list[Any] | None] = []
        self._cells = 0

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        """Add the values to their groups, and cut a group back to its limit when its room is full."""
        numbers, values = spread(groups, columns[0])
        if not numbers:
            return
        grow(self._held, numbers, None)
        held, room = self._held, self._room
        self._cells += len(numbers)
        for group, value in zip(numbers, values, strict=True):
            known = held[group]
            if known is None:
                held[group] = [value]
                continue
            known.append(value)
            if len(known) > room:
                self._cut(known)

    def _cut(self, known: list[Any]) -> None:
        known.sort(key=self._key, reverse=self._descending)
        self._cells -= max(0, len(known) - self._limit)
        del known[self._limit :]

    def result(self, groups: int) -> Column:
        return [self._best(held) for held in padded(self._held, groups)]

    def _best(self, held: list[Any] | None) -> Value:
        if held is None:
            return None
        self._cut(held)
        return tuple(held) if len(held) > 1 else held[0]

    @property
    def cells(self) -> int:
        return self._cells


class ByOrder:
    """FIRST(x, sort) and LAST(x, sort): the value of the row whose `sort` is smallest or largest.

    Of rows with the same the one that came first counts; rows without value or without `sort` do not.
    """

    def __init__(self, type_: Type, *, last: bool) -> None:
        self._key = order_of(type_)
        self._last = last
        self._best: list[tuple[Any, Any] | None] = []

    def add(self, groups: Sequence[int], columns: Sequence[Column]) -> None:
        if not groups:
            return
        grow(self._best, groups, None)
        for group, value, place in zip(groups, *columns, strict=True):
            if value is not None and place is not None:
                for one, at in product(_several(value), _several(place)):
                    self._offer(group, one, at if self._key is None else self._key(at))

    def _offer(self, group: int, value: Any, place: Any) -> None:
        held = self._best[group]
        if held is None or (place > held[0] if self._last else place < held[0]):
            self._best[group] = (place, value)

    def result(self, groups: int) -> Column:
        return [None if held is None else held[1] for held in padded(self._best, groups)]

    @property
    def cells(self) -> int:
        return 2 * len(self._best)


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
