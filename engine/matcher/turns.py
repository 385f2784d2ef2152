"""Which conditions on a field a value turns: those that are not to it what they are to an ordinary value.

Most values that are met for the first time answer one or two questions out of a thousand, so that only the conditions
that look at those need to be asked. What is found is shared by all groups of events.
"""

from collections.abc import Sequence

from engine.matcher.forms import Condition, bits_in, holds
from engine.matcher.room import Room
from engine.matcher.store import bits_of

_MOST_LEAFSETS = 20_000


class Turns:
    """The numbered conditions on one field, by the questions that they look at."""

    __slots__ = ("_by_bit", "_conditions", "_known", "_room", "base", "true_of_base")

    def __init__(self, conditions: Sequence[Condition], base: int, room: Room) -> None:
        """`base` is the leafset of an ordinary value: one that no question names."""
        self._conditions, self._room = conditions, room
        self.base = base
        self.true_of_base = [holds(condition, base) for condition in conditions]
        """For each condition whether it is true of an ordinary value."""
        self._by_bit: dict[int, list[int]] | None = None
        self._known: dict[int, tuple[int, ...]] = {}
        room.add(self._known.clear, lasting=True)

    def of(self, leafset: int) -> tuple[int, ...]:
        """The numbers of the conditions that are true of this leafset and not of the base, or the other way round."""
        turned = self._known.get(leafset)
        if turned is None:
            turned = self._work_out(leafset)
            if len(self._known) >= _MOST_LEAFSETS:
                self._known.clear()
            self._room.take(200 + leafset.bit_length() // 7 + 8 * len(turned))
            self._known[leafset] = turned
        return turned

    def _work_out(self, leafset: int) -> tuple[int, ...]:
        by_bit = self._by_bit if self._by_bit is not None else self._sorted_out()
        looking: set[int] = set()
        for bit in bits_of(leafset ^ self.base):
            looking.update(by_bit.get(bit, ()))
        conditions, before = self._conditions, self.true_of_base
        return tuple(number for number in looking if holds(conditions[number], leafset) is not before[number])

    def _sorted_out(self) -> dict[int, list[int]]:
        self._by_bit = {}
        for number, condition in enumerate(self._conditions):
            for bit in bits_of(bits_in(condition)):
                self._by_bit.setdefault(bit, []).append(number)
        return self._by_bit
