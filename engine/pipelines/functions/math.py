"""Functions of numbers. What is no finite number, or leaves its type, is null.

Source: Elasticsearch's ES|QL reference, mathematical functions.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from engine.pipelines.casts import BOUNDS, LONGS
from engine.pipelines.functions.kinds import DATE, INTEGER, NUMBER, check, checked, reading
from engine.pipelines.functions.several import each
from engine.pipelines.functions.shape import Function, Takes
from engine.pipelines.types import Type, Value

_DIGITS = 400
_LONG = range(LONGS[0], LONGS[1] + 1)


def finite(number: float) -> float | None:
    """The number, or None when it is none."""
    return number if math.isfinite(number) else None


def _double(name: str, formula: Callable[..., float], arguments: int = 1) -> Function:
    """A function whose answer has a fraction, whatever number it is given."""

    @reading(NUMBER)
    def work(*numbers: int | float) -> Value:
        return finite(float(formula(*numbers)))

    return Function(name, arguments, arguments, checked(Type.DOUBLE, NUMBER), work)


def _converting(name: str, formula: Callable[[float], float]) -> Function:
    """A function that is done to each of several values, as conversions are."""
    one = _double(name, formula)
    return Function(name, 1, 1, one.result, each(one.work), Takes.ALL)


def _same(types: Sequence[Type]) -> Type:
    """The type of the first number, whatever the others are."""
    check(types, NUMBER)
    return types[0]


def _of_first(types: Sequence[Type]) -> Type:
    check(types, NUMBER, INTEGER)
    return types[0]


@reading(NUMBER)
def _abs(number: int | float) -> Value:
    size = abs(number)
    return size if isinstance(size, float) or size <= BOUNDS[Type.UNSIGNED_LONG][1] else None


@reading(NUMBER)
def _ceil(number: int | float) -> Value:
    return number if isinstance(number, int) else _floated(math.ceil, number)


@reading(NUMBER)
def _floor(number: int | float) -> Value:
    return number if isinstance(number, int) else _floated(math.floor, number)


def _floated(whole: Callable[[float], int], number: float) -> float | None:
    return float(whole(number)) if math.isfinite(number) else None


@reading(NUMBER, INTEGER)
def _round(number: int | float, digits: int = 0) -> Value:
    """Halves go away from zero."""
    if isinstance(number, int):
        return _whole_rounded(number, digits)
    if digits > _DIGITS or not math.isfinite(number):
        return finite(number)
    if digits < -_DIGITS:
        return 0.0
    scale = 10.0 ** abs(digits) if abs(digits) <= 308 else math.inf
    shifted = abs(number) * scale if digits >= 0 else abs(number) / scale
    if shifted >= 1 << 52:
        return number
    nearest = math.floor(shifted + 0.5)
    result = nearest / scale if digits >= 0 else nearest * scale
    return finite(math.copysign(result, number))


def _whole_rounded(number: int, digits: int) -> int | None:
    if digits >= 0:
        return number
    if digits < -20:
        return 0
    scale = 10**-digits
    result = (abs(number) + scale // 2) // scale * scale
    result = result if number >= 0 else -result
    return result if result in _LONG or number not in _LONG else None


def _points(types: Sequence[Type]) -> Type:
    kind = DATE if DATE.accepts(types[0]) and types[0] is not Type.UNKNOWN else NUMBER
    check(types, kind)
    return Type.DOUBLE if Type.DOUBLE in types and kind is NUMBER else types[0]


def _round_to(value: Value, *points: Value) -> Value:
    """The greatest of the points that is not greater than the value, else the least of them."""
    given: Any = points
    if isinstance(value, str | bool):
        value = NUMBER.read(value)
    try:
        ordered = sorted(given)
        nearest: Value = ordered[max(bisect_right(ordered, value) - 1, 0)]
    except TypeError:
        return None
    return nearest


@reading(NUMBER)
def _signum(number: int | float) -> Value:
    return None if number != number else float((number > 0) - (number < 0))


@reading(NUMBER)
def _log(number: int | float, *value: int | float) -> Value:
    """One argument: natural. Two: the base, then the number."""
    if not value:
        return finite(math.log(number))
    return None if number == 1 else finite(math.log10(value[0]) / math.log10(number))


@reading(NUMBER, INTEGER)
def _scalb(number: int | float, power: int) -> Value:
    return finite(math.ldexp(float(number), max(min(power, 5_000), -5_000)))


def _constant(name: str, number: float) -> Function:
    return Function(name, 0, 0, lambda _: Type.DOUBLE, lambda: number)


MATHS = (
    Function("abs", 1, 1, _same, _abs),
    Function("ceil", 1, 1, _same, _ceil),
    Function("floor", 1, 1, _same, _floor),
    Function("round", 1, 2, _of_first, _round),
    Function("round_to", 2, None, _points, _round_to),
    Function("signum", 1, 1, checked(Type.DOUBLE, NUMBER), _signum),
    Function("log", 1, 2, checked(Type.DOUBLE, NUMBER), _log),
    Function("scalb", 2, 2, checked(Type.DOUBLE, NUMBER, INTEGER), _scalb),
    _double("acos", math.acos),
    _double("acosh", math.acosh),
    _double("asin", math.asin),
    _double("asinh", math.asinh),
    _double("atan", math.atan),
    _double("atan2", math.atan2, 2),
    _double("atanh", math.atanh),
    _double("cbrt", math.cbrt),
    _double("copy_sign", math.copysign, 2),
    _double("cos", math.cos),
    _double("cosh", math.cosh),
    _double("exp", math.exp),
    _double("hypot", math.hypot, 2),
    _double("log10", math.log10),
    _double("pow", math.pow, 2),
    _double("sin", math.sin),
    _double("sinh", math.sinh),
    _double("sqrt", math.sqrt),
    _double("tan", math.tan),
    _double("tanh", math.tanh),
    _converting("to_degrees", math.degrees),
    _converting("to_radians", math.radians),
    _constant("e", math.e),
    _constant("pi", math.pi),
    _constant("tau", math.tau),
)
