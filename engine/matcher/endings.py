"""From the alternatives that are left of an event to the expressions that are true of it."""

from collections.abc import Callable, Sequence, Set
from typing import Any

from engine.matcher.rests import Ask, Source, Whole
from engine.matcher.room import Room
from engine.matcher.store import bits_of, mask_of


class Outcome(list[int]):
    """Expressions that are true of an event, by key, and room for the rows of a batch for which just these are."""

    __slots__ = ("keys",)

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__()
        self.keys = keys


class OutcomeShelf:
    """One outcome for each set of expressions, so that rows gather in few lists."""

    __slots__ = ("_keys", "_known", "_most")

    def __init__(self, keys: Sequence[str], most: int) -> None:
        self._keys, self._most = keys, most
        self._known: dict[tuple[int, ...], Outcome] = {}

    def of(self, owners: Set[int]) -> Outcome | None:
        """The outcome of these expressions; None for none. Those of earlier batches may be other objects."""
        if not owners:
            return None
        numbers = tuple(sorted(owners))
        outcome = self._known.get(numbers)
        if outcome is None:
            if len(self._known) >= self._most:
                self._known = {}
            outcome = self._known[numbers] = Outcome(tuple(self._keys[number] for number in numbers))
        return outcome


class Endings(dict[int, Outcome | None]):
    """For every mask of alternatives that are true the outcome. Look masks up."""

    __slots__ = ("_asked", "_certain", "_owners", "_rests", "_room", "_shelf", "open")

    def __init__(
        self,
        owners: Sequence[int],
        rests: Sequence[tuple[Ask, ...]],
        certain: frozenset[int],
        shelf: OutcomeShelf,
        room: Room,
    ) -> None:
        """`owners` and `rests` are those of each alternative; `certain` the expressions that are always true."""
        super().__init__()
        self._owners, self._rests, self._certain = owners, rests, certain
        self._shelf, self._room = shelf, room
        self.open = mask_of([bit for bit, rest in enumerate(rests) if rest])
        """The alternatives with a rest: they are true only if it is."""
        self._asked: dict[int, list[int]] = {}
        room.add(self.clear)
        room.add(self._asked.clear)

    def __missing__(self, mask: int) -> Outcome | None:
        outcome = self._shelf.of(self._certain.union(self._owners[bit] for bit in bits_of(mask)))
        self._room.take(200 + mask.bit_length() // 7)
        self[mask] = outcome
        return outcome

    def settle(self, mask: int, event: Any, source: Source) -> Outcome | None:
        """The outcome when some of the alternatives that are left have a rest, which is asked of the event."""
        passed = mask & ~self.open
        asked = self._asked.get(mask)
        if asked is None:
            asked = self._to_ask(mask, passed)
        if asked:
            whole = Whole(event, source)
            for bit in asked:
                if all(ask(whole) for ask in self._rests[bit]):
                    passed |= 1 << bit
        return self[passed]

    def _to_ask(self, mask: int, passed: int) -> list[int]:
        """The alternatives whose rests matter: those of expressions that are not true in any case."""
        settled = self._certain.union(self._owners[bit] for bit in bits_of(passed))
        asked = [bit for bit in bits_of(mask & self.open) if self._owners[bit] not in settled]
        self._room.take(200 + mask.bit_length() // 7 + 8 * len(asked))
        self._asked[mask] = asked
        return asked


Judge = Callable[[Any, Source], Outcome | None]
"""A function that says which expressions are true of an event; the source is for what asks of the whole event."""
