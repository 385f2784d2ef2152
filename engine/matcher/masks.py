"""For every value of a field, which alternatives it does not refute.

Alternatives are numbered, a mask is a whole number with a bit for each. The masks of an event's values, joined by and,
leave the alternatives that are true of it. Masks are worked out once for a value and kept while there is room.
"""

from collections.abc import Iterable, Mapping

from engine.matcher.bounds import Bounds
from engine.matcher.forms import Condition, bits_in, holds
from engine.matcher.questions import FieldQuestions
from engine.matcher.room import ENTRY, Room, cost_of
from engine.matcher.values import Value

_MOST_LEAFSETS = 4_000
_MOST_OF_CHEAP = 4_096


class Masks(dict[Value, int]):
    """The masks of one field's values, among some alternatives. Look values up; what is missing is worked out."""

    __slots__ = ("_base", "_bounds", "_by_leafset", "_conditions", "_questions", "_room", "full")

    def __init__(
        self,
        questions: FieldQuestions,
        conditions: Mapping[Condition, int],
        full: int,
        bounds: Bounds,
        room: Room,
    ) -> None:
        """`conditions` are the conditions on the field, each with the mask of the alternatives that have it."""
        super().__init__()
        self._questions, self._bounds, self._room = questions, bounds, room
        self._conditions = [(bits_in(condition), condition, mask) for condition, mask in conditions.items()]
        self.full = full
        self._base = questions.exists
        self._by_leafset = {self._base: _masked(full, self._conditions, self._base)}
        room.add(self.clear)
        room.add(self._forget)

    @property
    def base(self) -> int:
        """What a value leaves that no question names."""
        return self._by_leafset[self._base]

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
        elif len(self) >= (_MOST_OF_CHEAP if leafset == self._base else self._bounds.entries):
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
        """Only conditions that look at a bit in which the leafset differs from an ordinary one can differ."""
        changed = leafset ^ self._base
        mask = _masked(self.base, [one for one in self._conditions if one[0] & changed], leafset)
        if len(self._by_leafset) >= _MOST_LEAFSETS:
            self._forget()
        self._room.take(200 + mask.bit_length() // 7 + leafset.bit_length() // 7)
        self._by_leafset[leafset] = mask
        return mask

    def _forget(self) -> None:
        self._by_leafset = {self._base: self.base}


def _masked(mask: int, conditions: Iterable[tuple[int, Condition, int]], leafset: int) -> int:
    for _, condition, having in conditions:
        if holds(condition, leafset):
            mask |= having
        else:
            mask &= ~having
    return mask
