"""The kinds of argument: which column types they accept, and how one value is read as one of them.

A column whose type no table knows holds whatever agents sent, so every work reads its arguments through these; a
reader (engine/pipelines/unknown.py) answers None for what is not of its kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from engine.pipelines.functions.shape import Result, Work
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Period, Type, Value
from engine.pipelines.unknown import as_address, as_date, as_number, as_point, as_text, as_truth, as_whole

WHOLE = frozenset({Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG})
NUMERIC = WHOLE | {Type.DOUBLE}
TEXTS = frozenset({Type.KEYWORD, Type.TEXT})
DATES = frozenset({Type.DATETIME, Type.DATE_NANOS})
SPANS = frozenset({Type.DATE_PERIOD, Type.TIME_DURATION})
FREE = frozenset({Type.UNKNOWN, Type.NULL})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of argument by what it is called in messages."""

    called: str
    types: frozenset[Type]
    read: Callable[[Any], Any]

    def accepts(self, given: Type) -> bool:
        return given in self.types or given in FREE


def _span(value: Value) -> Period | timedelta | None:
    return value if isinstance(value, Period | timedelta) else None


TEXT = Kind("a text", TEXTS, as_text)
NUMBER = Kind("a number", NUMERIC, as_number)
INTEGER = Kind("a whole number", WHOLE, as_whole)
TRUTH = Kind("a truth value", frozenset({Type.BOOLEAN}), as_truth)
DATE = Kind("a date", DATES, as_date)
ADDRESS = Kind("an address", frozenset({Type.IP}), as_address)
POINT = Kind("a place", frozenset({Type.GEO_POINT}), as_point)
SPAN = Kind("a timespan", SPANS, _span)


def kind_at(kinds: Sequence[Kind], number: int) -> Kind:
    """The kind of an argument; the last kind is also that of all further ones."""
    return kinds[min(number, len(kinds) - 1)]


def checked(result: Type, *kinds: Kind) -> Result:
    """The result type of a function whose arguments must be of these kinds."""

    def of(types: Sequence[Type]) -> Type:
        check(types, *kinds)
        return result

    return of


def check(types: Sequence[Type], *kinds: Kind) -> None:
    """Raises: TypeProblem for the first argument that is not of its kind."""
    for number, given in enumerate(types):
        kind = kind_at(kinds, number)
        if not kind.accepts(given):
            raise TypeProblem(f"argument {number + 1} must be {kind.called}, and this is {given.value}", number)


def reading(*kinds: Kind) -> Callable[[Work], Work]:
    """Makes a work total: arguments are read as their kinds, and what cannot be worked out is null."""
    return {1: _reading_one, 2: _reading_two}.get(len(kinds), _reading_all)(kinds)


def _reading_one(kinds: tuple[Kind, ...]) -> Callable[[Work], Work]:
    read = kinds[0].read

    def decorate(work: Work) -> Work:
        @wraps(work)
        def total(value: Value, *more: Value) -> Value:
            try:
                first = read(value)
                if first is None:
                    return None
                if not more:
                    return work(first)
                rest = [read(each) for each in more]
                return None if None in rest else work(first, *rest)
            except (ArithmeticError, ValueError):
                return None

        return total

    return decorate


def _reading_two(kinds: tuple[Kind, ...]) -> Callable[[Work], Work]:
    read_first, read_second = kinds[0].read, kinds[1].read

    def decorate(work: Work) -> Work:
        @wraps(work)
        def total(value: Value, *more: Value) -> Value:
            try:
                first = read_first(value)
                if first is None:
                    return None
                rest = [read_second(each) for each in more]
                return None if None in rest else work(first, *rest)
            except (ArithmeticError, ValueError):
                return None

        return total

    return decorate


def _reading_all(kinds: tuple[Kind, ...]) -> Callable[[Work], Work]:
    def decorate(work: Work) -> Work:
        @wraps(work)
        def total(*values: Value) -> Value:
            try:
                read = [kind_at(kinds, number).read(value) for number, value in enumerate(values)]
                return None if None in read else work(*read)
            except (ArithmeticError, ValueError):
                return None

        return total

    return decorate


def common(types: Sequence[Type], numbers: Sequence[int] | None = None) -> Type:
    """The one type of arguments that are given back: texts are keyword, numbers the widest, null fits all.

    Unknown values beside numbers stay unknown: whether they have fractions, and how large they are, nobody knows.
    `numbers`: which arguments these are, for the message. Raises: TypeProblem when there is no such type.
    """
    known = [(number, given) for number, given in enumerate(types) if given not in FREE]
    if not known:
        return Type.UNKNOWN if Type.UNKNOWN in types else Type.NULL
    found = Type.KEYWORD if known[0][1] in TEXTS else known[0][1]
    for number, given in known:
        both = _joined(found, given)
        if both is None:
            argument = number if numbers is None else numbers[number]
            raise TypeProblem(
                f"argument {argument + 1} is {given.value}, where those before it are {found.value}", argument
            )
        found = both
    return Type.UNKNOWN if Type.UNKNOWN in types and found in NUMERIC else found


def _joined(one: Type, other: Type) -> Type | None:
    if one is other or (one in TEXTS and other in TEXTS):
        return one
    if one in NUMERIC and other in NUMERIC:
        return max(one, other, key=_WIDTHS.index)
    return Type.DATE_NANOS if one in DATES and other in DATES else None


_WIDTHS = (Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG, Type.DOUBLE)
