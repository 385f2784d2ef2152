"""`+ - * / %` over columns: numbers, and dates with timespans.

Whole numbers that leave their type, division by zero and dates out of the calendar are null. Whole numbers are
divided without remainder, towards zero; a remainder has the sign of the dividend.
Source: Elasticsearch's ES|QL reference, operators.
"""

import math
import operator
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.pipelines.casts import BOUNDS, span_in
from engine.pipelines.operands import ColumnWork, Operand
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Column, Period, Type, Value
from engine.pipelines.unknown import as_number
from engine.scalars import instant_of

Two = Callable[[Any, Any], Any]

_WHOLE = (Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG)
_NUMBERS = frozenset({*_WHOLE, Type.DOUBLE})
_DATES = frozenset({Type.DATETIME, Type.DATE_NANOS})
_SPANS = frozenset({Type.DATE_PERIOD, Type.TIME_DURATION})
# What dates and timespans may be written in, `"2026-01-01" + 3 days` and `@timestamp - "1 hour"`.
_WRITTEN = frozenset({Type.KEYWORD, Type.TEXT, Type.UNKNOWN})
_NUMERIC: frozenset[type] = frozenset({int, float})


def arithmetic_type(sign: str, left: Type, right: Type) -> Type:
    """The type of the result.

    Raises: TypeProblem.
    """
    if Type.NULL in (left, right):
        return left if right is Type.NULL else right
    if {left, right} & (_DATES | _SPANS):
        return _type_of_dates(sign, left, right)
    for number, given in enumerate((left, right)):
        if given not in _NUMBERS and given is not Type.UNKNOWN:
            raise TypeProblem(f"`{sign}` takes numbers, and this is {given.value}", number)
    if Type.DOUBLE in (left, right):
        return Type.DOUBLE
    return Type.UNKNOWN if Type.UNKNOWN in (left, right) else max(left, right, key=_WHOLE.index)


def _type_of_dates(sign: str, left: Type, right: Type) -> Type:
    if sign not in "+-":
        raise TypeProblem(f"`{sign}` takes numbers, not dates and timespans", 0 if left in _DATES | _SPANS else 1)
    if left in _DATES and right in _DATES:
        raise TypeProblem("two dates make no date; DATE_DIFF says what lies between them")
    if left in _SPANS and right is left:
        return left
    if sign == "+" and left in _SPANS:
        left, right = right, left
    if right in _SPANS and (left in _DATES or left in _WRITTEN):
        return left if left in _DATES else Type.DATETIME
    if left in _DATES and right in _WRITTEN:
        return left
    raise TypeProblem(f"`{sign}` cannot be done with {left.value} and {right.value}")


def arithmetic(sign: str, left: Operand, right: Operand) -> ColumnWork:
    """The operator over two columns.

    Raises: TypeProblem.
    """
    result = arithmetic_type(sign, left.type, right.type)
    if Type.NULL in (left.type, right.type):
        return lambda _columns, size: [None] * size
    if result in _DATES or result in _SPANS:
        return _slow(_DATE_WORKS[sign])
    return _numbers(sign, result)


def _numbers(sign: str, result: Type) -> ColumnWork:
    """In one sweep where all rows have one number on both sides, and it fits; else row by row."""
    plain, bounded, all_fit = _NUMBER_WORKS[sign], _bounded(result), _all_fit(result)

    def careful(left: Any, right: Any) -> Any:
        one, other = as_number(left), as_number(right)
        return None if one is None or other is None else bounded(plain(one, other))

    slow = _slow(careful)

    def work(columns: Sequence[Column], size: int) -> Column:
        left, right = columns
        if not {*map(type, left), *map(type, right)} <= _NUMERIC:
            return slow(columns, size)
        try:
            results = list(map(plain, left, right))
            return results if all_fit(results) else list(map(bounded, results))
        except (ArithmeticError, ValueError):
            return slow(columns, size)

    return work


def _all_fit(kind: Type) -> Callable[[list[Any]], bool]:
    """A quick look at whether all results are within their type; False is no answer."""
    if kind is Type.DOUBLE:
        return lambda results: math.isfinite(sum(results))
    least, most = BOUNDS.get(kind, BOUNDS[Type.LONG])
    if kind is Type.UNKNOWN:
        return lambda _: False
    return lambda results: not results or (least <= min(results) and max(results) <= most)


def _slow(work: Two) -> ColumnWork:
    def one(left: Value, right: Value) -> Any:
        if left is None or right is None or left.__class__ is tuple or right.__class__ is tuple:
            return None
        try:
            return work(left, right)
        except (ArithmeticError, ValueError):
            return None

    return lambda columns, _size: list(map(one, *columns))


def _bounded(kind: Type) -> Callable[[Any], Any]:
    """What keeps a result within its type."""
    if kind is Type.DOUBLE:
        return lambda number: number if -math.inf < number < math.inf else None
    least, most = BOUNDS.get(kind, BOUNDS[Type.LONG])
    if kind is not Type.UNKNOWN:
        return lambda number: number if least <= number <= most else None

    def fits(number: Any) -> Any:
        if isinstance(number, float):
            return number if math.isfinite(number) else None
        return number if least <= number <= most else None

    return fits


def _quotient(left: Any, right: Any) -> Any:
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, float) or isinstance(right, float):
        return math.fmod(left, right)
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def shifted(date: datetime, span: Period | timedelta, sign: int = 1) -> datetime:
    """The date so much later (or earlier); months keep the day where the month has it.

    Raises: ArithmeticError or ValueError out of the calendar.
    """
    if isinstance(span, timedelta):
        return date + span * sign
    if span.months:
        years, month = divmod(date.year * 12 + date.month - 1 + span.months * sign, 12)
        if not 1 <= years <= 9999:
            raise OverflowError
        date = date.replace(year=years, month=month + 1, day=min(date.day, monthrange(years, month + 1)[1]))
    return date + timedelta(days=span.days * sign)


def _later(left: Any, right: Any) -> Any:
    if isinstance(left, Period | timedelta):
        if isinstance(right, Period | timedelta):
            return _together(left, right, 1)
        left, right = right, left
    return _moved(left, right, 1)


def _earlier(left: Any, right: Any) -> Any:
    if isinstance(left, Period | timedelta):
        return _together(left, right, -1)
    return _moved(left, right, -1)


def _moved(date: Any, span: Any, sign: int) -> Any:
    instant = instant_of(date) if isinstance(date, str) else date
    length = span_in(span) if isinstance(span, str) else span
    if not isinstance(instant, datetime) or not isinstance(length, Period | timedelta):
        return None
    return shifted(instant, length, sign)


def _together(left: Any, right: Any, sign: int) -> Any:
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left + right * sign
    if isinstance(left, Period) and isinstance(right, Period):
        return Period(left.months + right.months * sign, left.days + right.days * sign)
    return None


_DATE_WORKS: Mapping[str, Two] = MappingProxyType({"+": _later, "-": _earlier})
_NUMBER_WORKS: Mapping[str, Two] = MappingProxyType(
    {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": _quotient, "%": _remainder}
)


def negative_type(given: Type) -> Type:
    """The type of `-x`.

    Raises: TypeProblem.
    """
    if given in _NUMBERS or given in _SPANS or given in (Type.UNKNOWN, Type.NULL):
        return given
    raise TypeProblem(f"`-` takes a number or a timespan, and this is {given.value}", 0)


def negative(operand: Operand) -> ColumnWork:
    """`-x` over a column.

    Raises: TypeProblem.
    """
    kind = negative_type(operand.type)
    bounded = _bounded(kind)

    def one(value: Any) -> Any:
        if isinstance(value, Period):
            return Period(-value.months, -value.days)
        if isinstance(value, timedelta):
            return -value
        number = as_number(value)
        return None if number is None else bounded(-number)

    return lambda columns, _size: list(map(one, columns[0]))
