"""All alternatives of all expressions, numbered: what groups of events take their share of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.matcher.alternatives import Alternative
from engine.matcher.forms import Condition, Form


@dataclass(frozen=True, slots=True)
class Numbered:
    """An alternative: the number of its expression, its conditions as (field, condition) numbers, and its rest."""

    owner: int
    conditions: tuple[tuple[int, int], ...]
    rest: tuple[Form, ...]


@dataclass(slots=True)
class FieldConditions:
    """The different conditions on one field, numbered, each with the mask of the alternatives that have it."""

    name: str
    numbers: dict[Condition, int] = field(default_factory=dict)
    masks: list[int] = field(default_factory=list)
    need: int = 0
    """The alternatives that ask for the field."""

    def number_of(self, condition: Condition) -> int:
        number = self.numbers.get(condition)
        if number is None:
            number = self.numbers[condition] = len(self.numbers)
        return number


class AlternativeStore:
    """Numbers alternatives and the conditions in them."""

    def __init__(self, alternatives: Sequence[Sequence[Alternative]]) -> None:
        """One list for each expression."""
        self.fields: list[FieldConditions] = []
        self._field_numbers: dict[str, int] = {}
        self.all = [self._numbered(owner, one) for owner, several in enumerate(alternatives) for one in several]
        self.full = (1 << len(self.all)) - 1
        self.of_owner = self._by_owner(len(alternatives))
        self._mask_conditions()

    def number_of(self, name: str) -> int | None:
        """The number of a field; None when no condition is on it."""
        return self._field_numbers.get(name)

    def _numbered(self, owner: int, alternative: Alternative) -> Numbered:
        conditions = []
        for name, condition in alternative.conditions.items():
            number = self._field_numbers.setdefault(name, len(self.fields))
            if number == len(self.fields):
                self.fields.append(FieldConditions(name))
            conditions.append((number, self.fields[number].number_of(condition)))
        return Numbered(owner, tuple(sorted(conditions)), alternative.rest)

    def _by_owner(self, count: int) -> list[int]:
        masks = [0] * count
        for bit, one in enumerate(self.all):
            masks[one.owner] |= 1 << bit
        return masks

    def _mask_conditions(self) -> None:
        members: list[list[list[int]]] = [[[] for _ in known.numbers] for known in self.fields]
        for bit, one in enumerate(self.all):
            for number, condition in one.conditions:
                members[number][condition].append(bit)
        for known, several in zip(self.fields, members, strict=True):
            known.masks = [mask_of(bits) for bits in several]
            known.need = mask_of([bit for bits in several for bit in bits])


def mask_of(bits: Sequence[int]) -> int:
    """The whole number with these bits set. Linear in the highest bit, not in its product with their count."""
    if not bits:
        return 0
    data = bytearray(max(bits) // 8 + 1)
    for bit in bits:
        data[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(data, "little")


def bits_of(mask: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    text = bin(mask)[:1:-1]
    bits = []
    at = text.find("1")
    while at >= 0:
        bits.append(at)
        at = text.find("1", at + 1)
    return bits
