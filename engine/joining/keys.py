"""The values that events join on, as texts: equal exactly when the field's type says that the values are equal."""

from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias, TypeVar

import orjson

from engine.choosing import choices_of
from engine.fields import EXACT_TYPES, NUMBER_TYPES, TEXT_TYPES, FieldType, field_type, is_caseless
from engine.folding import fold
from engine.scalars import address_of, address_text, instant_of, number_of, truth_of
from engine.text import words_of_value
from engine.tree import Scalar, text_of

Key: TypeAlias = tuple[str | None, ...]
_Choice = TypeVar("_Choice")

_AS_WRITTEN = EXACT_TYPES | {FieldType.UNKNOWN}
MAX_COMBINATIONS = 1_000
"""How many keys one event may have: arrays are multiplied out, and their length is the sender's to choose."""


def key_text(field: str, value: Scalar) -> str:
    """The value as the field's type compares it: addresses in one spelling, numbers as numbers, the rest as it is.

    Fields of different names join on the text, so `4` of a number field is the `4` of a keyword field.
    """
    kind = field_type(field)
    if kind in TEXT_TYPES:
        return " ".join(words_of_value(text_of(value)))
    text = _typed_text(kind, value)
    return fold(text) if is_caseless(field) else text


def _typed_text(kind: FieldType, value: Scalar) -> str:
    if kind is FieldType.IP:
        address = address_of(value)
        return text_of(value) if address is None else address_text(address)
    if kind is FieldType.BOOLEAN:
        truth = truth_of(value)
        return text_of(value if truth is None else truth)
    if kind is FieldType.DATE:
        instant = instant_of(value)
        return text_of(value) if instant is None else instant.isoformat()
    if kind in NUMBER_TYPES and isinstance(value, str):
        number = number_of(value)
        return value if number is None else _number_text(number)
    return plain_text(value)


def plain_text(value: Scalar) -> str:
    """The value as a text, whatever its field: as it is written, but whole numbers without a fraction."""
    return _number_text(value) if isinstance(value, float) else text_of(value)


def _number_text(number: float) -> str:
    """Whole numbers without a fraction, since JSON's `4.0` and `4` are the same number."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def texts_of(field: str, values: Sequence[Scalar]) -> tuple[str, ...]:
    """The different values as key texts, in the order of the event."""
    if len(values) == 1:
        return (values[0] if isinstance(values[0], str) and _is_as_written(field) else key_text(field, values[0]),)
    return tuple(dict.fromkeys(key_text(field, value) for value in values))


@lru_cache(maxsize=4_096)
def _is_as_written(field: str) -> bool:
    """Whether a text of this field is its own key text."""
    return field_type(field) in _AS_WRITTEN and not is_caseless(field)


def combinations(choices: Sequence[Sequence[_Choice]]) -> Iterator[tuple[_Choice, ...]]:
    """Every choice of one value for each field, at most MAX_COMBINATIONS, then those whose values stand
    nearest to the front of all arrays; without fields the one empty key."""
    return choices_of(choices, MAX_COMBINATIONS)


def key_hash(key: Key) -> bytes:
    """The key in 16 bytes, as it is stored: equal for equal keys, the same in every process."""
    return blake2b(orjson.dumps(key), digest_size=16).digest()


def in_order(key: Hashable) -> tuple[object, ...]:
    """Something to sort keys by, whether they are texts or hashes; missing values come first."""
    if isinstance(key, tuple):
        return tuple((value is not None, value or "") for value in key)
    return (key,)
