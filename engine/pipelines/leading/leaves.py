"""One comparison of one field of the event, as a tree that lets in every event of which the comparison could hold.

Values of columns are read by type (engine/pipelines/reading.py), while a leaf judges each value as it stands in the
event, so a tree may let in more than the comparison does, never less. `holds` is for the comparison being true,
`fails` for its being false, which is less than not true: of null neither is said. A field has a value then, and none
of its values (strict: its only value) meets the comparison.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from engine.fields import EXACT_TYPES, TEXT_TYPES, FieldType, field_type, is_caseless
from engine.patterns import escape
from engine.pipelines.casts import literal
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Address, Type
from engine.tree import Leaf, MatchNone, Not, Op, Tree, all_of, any_of

LOWER, UPPER = "lower", "upper"
ODD_LOWER = "\u0130\u212a"
ODD_UPPER = (
    "\u00df\u0131\u0149\u017f\u01f0\u0390\u03b0\u0587\u1e96\u1e97\u1e98\u1e99\u1e9a\u1f50\u1f52\u1f54\u1f56"
    + "".join(map(chr, range(0x1F80, 0x1FB0)))
    + "\u1fb2\u1fb3\u1fb4\u1fb6\u1fb7\u1fbc\u1fc2\u1fc3\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7"
    + "\u1fe2\u1fe3\u1fe4\u1fe6\u1fe7\u1ff2\u1ff3\u1ff4\u1ff6\u1ff7\u1ffc"
    + "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\ufb13\ufb14\ufb15\ufb16\ufb17"
)
"""Characters whose lower (upper) form is no longer the same without regard to case (engine/folding.py)."""

_MOST_ODD = 40
_EXACT = 1 << 52
_NUMBERS = frozenset({FieldType.LONG, FieldType.DOUBLE})
_RANGE = {"<": Op.LT, "<=": Op.LTE, ">": Op.GT, ">=": Op.GTE}
_FLIPPED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_NEGATED_CLASS = ("[^", "\\W", "\\S", "\\D", "~")
_FRACTIONS = ("*.*", "*e*", "*E*")

Constant: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Source:
    """A field of the event as a comparison sees it: `case` when it is asked in small or capital letters, `one` when
    the column has one of the field's values only, such as after MV_EXPAND, `number` when values that no table knows are
    read as the numbers that they are written as."""

    field: str
    case: str | None = None
    one: bool = False
    number: bool = False

    @property
    def kind(self) -> FieldType:
        return FieldType.DOUBLE if self.number else field_type(self.field)

    @property
    def is_text(self) -> bool:
        """Whether its values are compared as texts."""
        return self.kind in EXACT_TYPES or self.kind in TEXT_TYPES or self.kind is FieldType.UNKNOWN

    @property
    def exact(self) -> bool:
        """Whether a leaf that no value meets says that the column's value does not meet it either."""
        mixed = self.kind is FieldType.UNKNOWN and self.case is not None
        return not self.one and not mixed and not is_caseless(self.field)


def exists(source: Source) -> Tree:
    """The field has a value."""
    return Leaf(source.field, Op.EXISTS)


def is_null(source: Source) -> Tree | None:
    """The field has no value; None where a value that cannot be read may make it null too."""
    if not source.is_text:
        return None
    return Not(Leaf(source.field, Op.WILDCARD, ("*",), whole=source.kind in TEXT_TYPES))


def holds(source: Source, sign: str, constants: Sequence[Constant], any_match: bool = False) -> Tree:
    """The comparison with (any of) these constants is true."""
    if sign == "!=":
        return exists(source) if any_match or source.one else fails(source, "==", constants)
    if sign == "==":
        return _equal(source, constants)
    return _ordered(source, sign, constants[0])


def fails(source: Source, sign: str, constants: Sequence[Constant]) -> Tree:
    """The comparison with (all of) these constants is false."""
    if sign == "!=":
        return _equal(source, constants)
    if sign != "==":
        return _ordered(source, _FLIPPED[sign], constants[0])
    if source.kind is FieldType.BOOLEAN and all(isinstance(constant, bool) for constant in constants):
        others = {True, False} - set(map(bool, constants))
        return _equal(source, sorted(others)) if others else MatchNone()
    met = _equal_at_least(source, constants)
    return _not_met(source, met)


def _not_met(source: Source, met: Tree | None) -> Tree:
    """The field has a value, and none that meets what surely makes the comparison true."""
    return exists(source) if met is None or not source.exact else all_of(exists(source), Not(met))


def _equal(source: Source, constants: Sequence[Constant]) -> Tree:
    """Whatever equals one of the constants, and perhaps more."""
    if source.is_text:
        return _text_equal(source, constants)
    if source.kind in _NUMBERS:
        return _number_equal(source, _numbers(constants))
    if source.kind is FieldType.BOOLEAN:
        truths = all(isinstance(constant, bool) for constant in constants)
        return Leaf(source.field, Op.IS, tuple(constants)) if truths else exists(source)
    stamps = [_stamp(source.kind, constant) for constant in constants]
    known = tuple(stamp for stamp in stamps if stamp is not None)
    return Leaf(source.field, Op.IS, known) if len(known) == len(stamps) else exists(source)


def _equal_at_least(source: Source, constants: Sequence[Constant]) -> Tree | None:
    """Only what equals one of the constants; None where that cannot be asked."""
    if source.is_text and all(isinstance(constant, str) for constant in constants):
        if source.case is not None and not all(_is_plain(source, str(constant)) for constant in constants):
            return None
        if source.case is None and source.kind is not FieldType.UNKNOWN:
            return _text_equal(source, constants)
        return _patterns(source, [escape(str(constant)) for constant in constants])
    if source.number:
        return None
    if source.kind in _NUMBERS:
        whole = source.kind is not FieldType.DOUBLE
        known = [one for one in _numbers(constants) if abs(one) <= _EXACT and not (whole and one != int(one))]
        return Leaf(source.field, Op.IS, tuple(known)) if known else None
    if source.kind is FieldType.IP:
        stamps = [_stamp(source.kind, constant) for constant in constants]
        return Leaf(source.field, Op.IS, tuple(stamp for stamp in stamps if stamp is not None))
    return None


def _text_equal(source: Source, constants: Sequence[Constant]) -> Tree:
    texts = [constant for constant in constants if isinstance(constant, str)]
    others = [constant for constant in constants if not isinstance(constant, str)]
    asked: list[Tree] = []
    if texts and source.case is None:
        asked.append(Leaf(source.field, Op.IS, tuple(texts), whole=source.kind in TEXT_TYPES))
    elif texts:
        asked.append(like(source, [escape(text) for text in texts]))
    if others and source.kind is not FieldType.UNKNOWN:
        return exists(source)
    truths = tuple(constant for constant in others if isinstance(constant, bool))
    if truths:
        asked.append(Leaf(source.field, Op.IS, truths))
    numbers = [constant for constant in others if not isinstance(constant, bool)]
    if numbers:
        asked.append(_between(source, numbers))
    return any_of(*asked)


def _between(source: Source, numbers: Sequence[int | float]) -> Tree:
    """Not less than the least, not more than the largest: texts that are written as a number count as it."""
    return all_of(_bound(source, Op.GTE, min(numbers)), _bound(source, Op.LTE, max(numbers)))


def _number_equal(source: Source, numbers: Sequence[int | float]) -> Tree:
    """Long fields hold whole numbers: what comes after the point is cut off when they are read."""
    if not numbers or any(abs(number) > _EXACT for number in numbers):
        return exists(source)
    if source.number:
        return _between(source, numbers)
    equal = Leaf(source.field, Op.IS, tuple(int(number) if number == int(number) else number for number in numbers))
    if source.kind is FieldType.DOUBLE:
        return equal
    if len(numbers) == 1 and numbers[0] == int(numbers[0]) and numbers[0] > 0:
        return all_of(_bound(source, Op.GTE, numbers[0]), _bound(source, Op.LT, numbers[0] + 1))
    return any_of(equal, Leaf(source.field, Op.WILDCARD, _FRACTIONS))


def _numbers(constants: Sequence[Constant]) -> list[int | float]:
    return [one for one in constants if not isinstance(one, str | bool) and math.isfinite(one)]


def _ordered(source: Source, sign: str, constant: Constant) -> Tree:
    if isinstance(constant, bool):
        return exists(source)
    if isinstance(constant, int | float):
        return _number_ordered(source, sign, constant)
    if source.kind is FieldType.DATE and (stamp := _stamp(source.kind, constant)) is not None:
        return Leaf(source.field, _RANGE[sign], (stamp,))
    if source.kind in EXACT_TYPES and source.case is None:
        return Leaf(source.field, _RANGE[sign], (constant,))
    return exists(source)


def _number_ordered(source: Source, sign: str, number: int | float) -> Tree:
    if abs(number) > _EXACT or not math.isfinite(number):
        return exists(source)
    if source.kind is FieldType.DOUBLE or (source.kind is FieldType.UNKNOWN and source.case is None):
        return _bound(source, _RANGE[sign], number)
    if source.kind is not FieldType.LONG:
        return exists(source)
    if number == int(number) and number > 0:
        return _whole_ordered(source, sign, int(number))
    return _bound(source, *((Op.GTE, number - 1) if sign in (">", ">=") else (Op.LTE, number + 1)))


def _whole_ordered(source: Source, sign: str, number: int) -> Tree:
    bounds = {">": (Op.GTE, number + 1), ">=": (Op.GTE, number), "<": (Op.LT, number), "<=": (Op.LT, number + 1)}
    return _bound(source, *bounds[sign])


def _bound(source: Source, op: Op, number: int | float) -> Leaf:
    return Leaf(source.field, op, (number,))


def _stamp(kind: FieldType, constant: Constant) -> str | None:
    """A date or an address as leaves read it; None when the text is none."""
    target = {FieldType.DATE: Type.DATETIME, FieldType.IP: Type.IP}.get(kind)
    if target is None or not isinstance(constant, str):
        return None
    try:
        value = literal(constant, target)
    except TypeProblem:
        return None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value.year >= 1000 else None
    return str(value) if isinstance(value, Address) else None


def like(source: Source, patterns: Sequence[str]) -> Tree:
    """The text fits one of the patterns."""
    if not source.is_text:
        return exists(source)
    odd = [f"*{character}*" for character in _odd(source, "".join(patterns))]
    return exists(source) if len(odd) > _MOST_ODD else _patterns(source, [*patterns, *odd])


def unlike(source: Source, patterns: Sequence[str]) -> Tree:
    """The text fits none of the patterns."""
    plain = source.case is None or all("?" not in pattern and _is_plain(source, pattern) for pattern in patterns)
    return _not_met(source, _patterns(source, patterns) if source.is_text and plain else None)


def _patterns(source: Source, patterns: Sequence[str]) -> Leaf:
    fold, whole = source.case is not None, source.kind in TEXT_TYPES
    return Leaf(source.field, Op.WILDCARD, tuple(patterns), fold=fold, whole=whole)


def _odd(source: Source, pattern: str) -> list[str]:
    """The characters that may make a text fit in its other case although it does not without regard to case."""
    if source.case is None:
        return []
    letters, several = set(pattern), "?" in pattern
    return [one for one in _odd_of(source) if letters & set(_cased(source, one)) or several]


def _odd_of(source: Source) -> str:
    return ODD_LOWER if source.case == LOWER else ODD_UPPER


def _cased(source: Source, text: str) -> str:
    return text.lower() if source.case == LOWER else text.upper()


def _is_plain(source: Source, text: str) -> bool:
    """Whether only texts that are the same without regard to case have this form."""
    return text.isascii() and text == _cased(source, text)


def regex(source: Source, expressions: Sequence[str]) -> Tree:
    """The text fits one of the regular expressions."""
    if not source.is_text:
        return exists(source)
    if source.case is None:
        return _regex(source, expressions)
    if any(sign in expression for expression in expressions for sign in _NEGATED_CLASS):
        return exists(source)
    return _regex(source, [*expressions, f".*[{_odd_of(source)}].*"])


def not_regex(source: Source, expressions: Sequence[str]) -> Tree:
    """The text fits none of the regular expressions."""
    asked = source.is_text and source.case is None
    return _not_met(source, _regex(source, expressions) if asked else None)


def _regex(source: Source, expressions: Sequence[str]) -> Leaf:
    fold, whole = source.case is not None, source.kind in TEXT_TYPES
    return Leaf(source.field, Op.REGEX, tuple(expressions), fold=fold, whole=whole)


def within(source: Source, networks: Sequence[str]) -> Tree:
    """The address lies in one of the networks."""
    return Leaf(source.field, Op.CIDR, tuple(networks))


def outside(source: Source, networks: Sequence[str]) -> Tree:
    """The address lies in none of the networks."""
    return _not_met(source, within(source, networks))
