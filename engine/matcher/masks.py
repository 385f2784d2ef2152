"""For every value of a field, which alternatives it does not refute.

Alternatives are numbered, a mask is a whole number with a bit for each. The masks of an event's values, joined by and,
leave the alternatives that are true of it. Masks are worked out once for a value and kept while there is room.
"""

from collections.abc import Mapping

from engine.matcher.bounds import Bounds
from engine.matcher.questions import FieldQuestions
from engine.matcher.room import ENTRY, Room, cost_of
from engine.matcher.turns import Turns
from engine.matcher.values import Value

_MOST_LEAFSETS = 4_000
_MOST_OF_CHEAP = 4_096


class Masks(dict[Value, int]):
    """The masks of one field's values, among some alternatives. Look values up; what is missing is worked out."""

    __slots__ = ("_base", "_bounds", "_by_leafset", "_having", "_questions", "_room", "_turns", "base", "full")

    def __init__(
        self,
        questions: FieldQuestions,
        turns: Turns,
        having: Mapping[int, int],
        full: int,
        bounds: Bounds,
        room: Room,
    ) -> None:
        """`having` are conditions on the field, by number, each with the mask of the alternatives that have it. An
        alternative has one condition on a field at most."""
        super().__init__()
        self._questions, self._turns, self._bounds, self._room = questions, turns, bounds, room
        self._having = having
        self.full = full
        self.base = full
        """What a value leaves that no question names."""
        for number, mask in having.items():
            if not turns.true_of_base[number]:
                self.base &= ~mask
        self._by_leafset = {turns.base: self.base}
        room.add(self.clear)
        room.add(self._forget)

    @property
    def patterns(self) -> int:
        """How much work a value is that was not met before."""
        return self._questions.patterns

    def __missing__(self, value: Value) -> int:
        questions = self._questions
        leafset = questions.leafset(value)
        mask = self._by_leafset.get(leafset)
        if mask is None:
            mask = self._work_out(leafset)
        if questions.costly:
            if len(self) >= self._bounds.entries:
                self.clear()
        elif len(self) >= (_MOST_OF_CHEAP if leafset == self._turns.base else self._bounds.entries):
            return mask  # values that no literal names are cheap to judge again where there are only literals
        bounds = self._bounds
        if type(value) is str:
            cost = ENTRY + len(value) if len(value) <= bounds.longest_value else 0
        else:
            cost = cost_of(value, bounds.longest_value, bounds.longest_array)
        if cost:
            self._room.take(cost)
            self[value] = mask
        return mask

    def _work_out(self, leafset: int) -> int:
        """What is left to an ordinary value, but for the alternatives whose condition turns."""
        mask, having = self.base, self._having
        for number in self._turns.of(leafset):
            mask ^= having.get(number, 0)
        if len(self._by_leafset) >= _MOST_LEAFSETS:
            self._forget()
        self._room.take(200 + mask.bit_length() // 7 + leafset.bit_length() // 7)
        self._by_leafset[leafset] = mask
        return mask

    def _forget(self) -> None:
        self._by_leafset = {self._turns.base: self.base}
