"""What the functions, comparisons and arithmetic of formulas answer, for values already at hand.

Null (None) goes in and comes out: every function of null is null, unless it says otherwise below. What cannot be
worked out (text where a number is needed, division by zero, numbers beyond 64 bits) is null too: an event must never
be able to stop a rule. Positions count characters from 0.
Source: Elasticsearch's EQL function reference.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from engine.folding import fold as folded
from engine.lucene_regex import regex_test
from engine.nearness import has_nearly, is_nearly
from engine.patterns import parse_pattern, pattern_test
from engine.scalars import address_of, network_of, number_of, truth_of
from engine.tree import Scalar, text_of

Value: TypeAlias = Scalar | None
TextTest: TypeAlias = Callable[[str], bool]
_LARGEST = 2**63
_WIDEST = 64
_NUMERAL = re.compile(r"[+-]?[0-9a-zA-Z]+")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of formulas: `work(fold, values)`. Not `strict`: it is asked about null too."""

    work: Callable[[bool, tuple[Value, ...]], Value]
    strict: bool = True


def call(name: str, fold: bool, values: tuple[Value, ...]) -> Value:
    """What the function answers for these values."""
    function = FUNCTIONS[name]
    if function.strict and None in values:
        return None
    return function.work(fold, values)


def _text(value: Value, fold: bool) -> str:
    text = text_of(value) if value is not None else ""
    return folded(text) if fold else text


def _numbers(values: tuple[Value, ...]) -> list[int | float] | None:
    found = [number_of(value) for value in values if value is not None]
    return None if None in found else [number for number in found if number is not None]


def _whole(value: Value) -> int | None:
    number = number_of(value) if value is not None else None
    return int(number) if number is not None else None


def _within_bounds(number: int | float) -> Value:
    if isinstance(number, float):
        return number if math.isfinite(number) else None
    return number if -_LARGEST <= number < _LARGEST else None


def _arithmetic(work: Callable[[int | float, int | float], int | float | None]) -> Function:
    def worked(_fold: bool, values: tuple[Value, ...]) -> Value:
        numbers = _numbers(values)
        try:
            result = work(*numbers) if numbers else None
        except (ArithmeticError, ValueError):
            return None
        return None if result is None else _within_bounds(result)

    return Function(worked)


def _divided(left: int | float, right: int | float) -> int | float | None:
    """Whole numbers divide to a whole number, cut off towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float | None:
    """What is left of a division; it has the sign of the dividend."""
    if isinstance(left, int) and isinstance(right, int):
        remainder = abs(left) % abs(right)
        return -remainder if left < 0 else remainder
    return math.fmod(left, right)


def _negated(_fold: bool, values: tuple[Value, ...]) -> Value:
    number = number_of(values[0]) if values[0] is not None else None
    return None if number is None else _within_bounds(-number)


def _starts_with(fold: bool, values: tuple[Value, ...]) -> Value:
    return _text(values[0], fold).startswith(_text(values[1], fold))


def _ends_with(fold: bool, values: tuple[Value, ...]) -> Value:
    return _text(values[0], fold).endswith(_text(values[1], fold))


def _contains(fold: bool, values: tuple[Value, ...]) -> Value:
    """Nothing contains the empty text."""
    part = _text(values[1], fold)
    return part != "" and part in _text(values[0], fold)


def _index_of(fold: bool, values: tuple[Value, ...]) -> Value:
    """The first place of a text in another, from a place on; null when there is none."""
    start = _whole(values[2]) if len(values) > 2 else 0
    if start is None:
        return None
    found = _text(values[0], fold).find(_text(values[1], fold), max(start, 0))
    return None if found < 0 else found


def _substring(_fold: bool, values: tuple[Value, ...]) -> Value:
    """From one place up to before another; negative ones count from the end. Without an end, to the end."""
    start = _whole(values[1])
    if values[0] is None or start is None:
        return None
    if len(values) < 3 or values[2] is None:
        return text_of(values[0])[start:]
    end = _whole(values[2])
    return None if end is None else text_of(values[0])[start:end]


def _between(fold: bool, values: tuple[Value, ...]) -> Value:
    """What stands between two texts: the shortest such piece after the first, or (greedy) the longest; else nothing."""
    source, left, right = (_text(value, False) for value in values[:3])
    if None in values[:3]:
        return None
    if not (source and left and right):
        return source
    text, left, right = (folded(part) if fold else part for part in (source, left, right))
    found = text.find(left)
    start = found + len(left)
    greedy = len(values) > 3 and values[3] is True
    end = text.rfind(right, start) if greedy else text.find(right, start)
    return source[start:end] if found >= 0 and end >= 0 else ""


def _concat(_fold: bool, values: tuple[Value, ...]) -> Value:
    return "".join(text_of(value) for value in values if value is not None)


def _length(_fold: bool, values: tuple[Value, ...]) -> Value:
    return len(_text(values[0], False))


def _string(_fold: bool, values: tuple[Value, ...]) -> Value:
    return _text(values[0], False)


def _number(_fold: bool, values: tuple[Value, ...]) -> Value:
    """A text as a number, in a base; `0x` in front means base 16. Null for what is none."""
    if values[0] is None:
        return None
    text = text_of(values[0]).strip()
    base = _whole(values[1]) if len(values) > 1 else None
    sign, bare = (text[:1], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if bare[:2].lower() == "0x" and base in (None, 16):
        bare, base = bare[2:], 16
    if base in (None, 10):
        number = number_of(sign + bare)
        return None if number is None else _within_bounds(number)
    return _numeral(sign + bare, base or 10)


def _numeral(text: str, base: int) -> Value:
    if not 2 <= base <= 36 or len(text) > _WIDEST + 1 or not _NUMERAL.fullmatch(text) or "_" in text:
        return None
    try:
        return _within_bounds(int(text, base))
    except ValueError:
        return None


def _cidr_match(_fold: bool, values: tuple[Value, ...]) -> Value:
    address = address_of(values[0]) if values[0] is not None else None
    if address is None:
        return False
    return any(first <= address <= last for first, last in networks_of(tuple(map(_network_text, values[1:]))))


def _network_text(value: Value) -> str:
    return value if isinstance(value, str) else ""


@lru_cache(maxsize=4_096)
def networks_of(texts: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """As networks_among, remembered: for the few that a query writes, not for lists."""
    return tuple(networks_among(texts))


def networks_among(texts: Iterable[str]) -> list[tuple[int, int]]:
    """The first and last address of each network; a single address is a network of one. What is neither is left out."""
    found = (network_of(text) or _single(text) for text in texts)
    return [network for network in found if network is not None]


def _single(text: str) -> tuple[int, int] | None:
    address = address_of(text)
    return None if address is None else (address, address)


def _comparison(compare: Callable[[int], bool]) -> Function:
    """Compare by number when one side is a number, truth values with their like, texts by code point."""

    def compared(fold: bool, values: tuple[Value, ...]) -> Value:
        order = _order(values[0], values[1], fold)
        return None if order is None else compare(order)

    return Function(compared)


def _order(left: Value, right: Value, fold: bool) -> int | None:
    """Below, at or above zero as left is smaller than, equal to or larger than right; null when they do not compare."""
    if isinstance(left, bool) or isinstance(right, bool):
        if isinstance(left, bool) and isinstance(right, bool):
            return left - right
        return 0 if _text(left, False) == _text(right, False) else 1
    if isinstance(left, int | float) or isinstance(right, int | float):
        numbers = _numbers((left, right))
        return None if numbers is None else (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    one, other = _text(left, fold), _text(right, fold)
    return (one > other) - (one < other)


def _in(fold: bool, values: tuple[Value, ...]) -> Value:
    if values[0] is None:
        return None
    return any(value is not None and _order(values[0], value, fold) == 0 for value in values[1:])


def _like(fold: bool, values: tuple[Value, ...]) -> Value:
    patterns = tuple(text_of(value) for value in values[1:] if value is not None)
    return pattern_text_test(patterns, fold)(_text(values[0], fold))


@lru_cache(maxsize=4_096)
def pattern_text_test(patterns: tuple[str, ...], fold: bool) -> TextTest:
    """Whether a text (folded already, with `fold`) fits any of the patterns, in the notation of engine/tree.py."""
    tests = [pattern_test(parse_pattern(folded(pattern) if fold else pattern)) for pattern in patterns]
    return lambda text: any(test(text) for test in tests)


def _regex(fold: bool, values: tuple[Value, ...]) -> Value:
    text = _text(values[0], fold)
    return any(regex_test(text_of(value), fold)(text) for value in values[1:] if value is not None)


def _nearly(fold: bool, values: tuple[Value, ...]) -> Value:
    """A word, or with the last argument any word of a text, that is nearly the second argument."""
    text, word = _text(values[0], fold), _text(values[1], fold)
    edits, prefix, swaps, by_words = values[2:]
    return (has_nearly if by_words else is_nearly)(text, word, int(edits or 0), int(prefix or 0), bool(swaps))


def _is_null(_fold: bool, values: tuple[Value, ...]) -> Value:
    return values[0] is None


def _and(_fold: bool, values: tuple[Value, ...]) -> Value:
    truths = _truths(values)
    return False if False in truths else None if None in truths else True


def _or(_fold: bool, values: tuple[Value, ...]) -> Value:
    truths = _truths(values)
    return True if True in truths else None if None in truths else False


def _truths(values: tuple[Value, ...]) -> list[bool | None]:
    """The values as truth values; a text that names one counts, anything else is null."""
    return [None if value is None else truth_of(value) for value in values]


def _negation(_fold: bool, values: tuple[Value, ...]) -> Value:
    truth = _truths(values)[0]
    return None if truth is None else not truth


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "add": _arithmetic(lambda left, right: left + right),
        "subtract": _arithmetic(lambda left, right: left - right),
        "multiply": _arithmetic(lambda left, right: left * right),
        "divide": _arithmetic(_divided),
        "modulo": _arithmetic(_remainder),
        "negate": Function(_negated),
        "startswith": Function(_starts_with),
        "endswith": Function(_ends_with),
        "stringcontains": Function(_contains),
        "indexof": Function(_index_of),
        "substring": Function(_substring, strict=False),
        "between": Function(_between, strict=False),
        "concat": Function(_concat),
        "length": Function(_length),
        "string": Function(_string),
        "number": Function(_number, strict=False),
        "cidrmatch": Function(_cidr_match),
        "eq": _comparison(lambda order: order == 0),
        "neq": _comparison(lambda order: order != 0),
        "lt": _comparison(lambda order: order < 0),
        "lte": _comparison(lambda order: order <= 0),
        "gt": _comparison(lambda order: order > 0),
        "gte": _comparison(lambda order: order >= 0),
        "in": Function(_in, strict=False),
        "like": Function(_like),
        "regex": Function(_regex),
        "nearly": Function(_nearly),
        "isnull": Function(_is_null, strict=False),
        "and": Function(_and, strict=False),
        "or": Function(_or, strict=False),
        "not": Function(_negation, strict=False),
    }
)
"""Every function that a formula may call, by the name that trees have for it."""
