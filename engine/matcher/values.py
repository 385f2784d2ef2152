"""How the values of one field of one event are handed around: the thing that all tables are keyed by.

    None                absent
    text, number, truth a single value
    tuple               an array of them (with None for its nulls)
    Odd                 whatever typed decoding cannot hold: mixed kinds, or an object where a value is asked for

Within one field no two kinds that Python holds equal (1, 1.0 and True) occur outside an Odd, unless no question of the
field can tell them apart.
"""

from typing import TypeAlias

from engine.tree import Scalar


class Odd:
    """Values of any kinds, told apart by kind; `there` says whether the field exists (it may be an object)."""

    __slots__ = ("_key", "there", "values")

    def __init__(self, values: tuple[Scalar, ...], there: bool = True) -> None:
        self.values = values
        self.there = there
        self._key = (there, values, tuple(map(type, values)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


Value: TypeAlias = Scalar | tuple[Scalar | None, ...] | Odd | None


TEXTS_AND_INTEGERS = frozenset({str, int})
TEXTS = frozenset({str})


def plainly(values: tuple[Scalar, ...], plain: frozenset[type]) -> Value:
    """The values of a field as a key: of the kinds that are plain for the field they are themselves, else Odd."""
    if len(values) == 1:
        return values[0] if type(values[0]) in plain else Odd(values)
    if not values:
        return None
    return values if all(type(value) in plain for value in values) else Odd(values)


_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def as_read(value: Scalar) -> Scalar:
    """The value as the interpreter's reader has it: whole numbers beyond 64 bits are floats there."""
    return float(value) if type(value) is int and not _SMALLEST <= value <= _LARGEST else value
