"""From one type to another: conversions that a query asks for, and those of literals that it may leave out.

Source: Elasticsearch's ES|QL reference, type conversion functions and implicit casting.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.pipelines.places import place_of
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Address, Period, Point, Type, Value
from engine.pipelines.writing import text_of_date, text_of_double
from engine.scalars import address_of, instant_of, number_of

Convert = Callable[[Any], Any]

INTEGERS = (-(1 << 31), (1 << 31) - 1)
LONGS = (-(1 << 63), (1 << 63) - 1)
UNSIGNED_LONGS = (0, (1 << 64) - 1)
BOUNDS: Mapping[Type, tuple[int, int]] = MappingProxyType(
    {Type.INTEGER: INTEGERS, Type.LONG: LONGS, Type.UNSIGNED_LONG: UNSIGNED_LONGS}
)
"""The least and the largest number of each whole type; what lies beyond is null."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)
_UNITS: Mapping[str, Period | timedelta] = MappingProxyType(
    {
        name: span
        for names, span in (
            ("millisecond milliseconds ms", timedelta(milliseconds=1)),
            ("second seconds sec s", timedelta(seconds=1)),
            ("minute minutes min m", timedelta(minutes=1)),
            ("hour hours h", timedelta(hours=1)),
            ("day days d", Period(days=1)),
            ("week weeks w", Period(days=7)),
            ("month months mo", Period(months=1)),
            ("quarter quarters q", Period(months=3)),
            ("year years yr y", Period(months=12)),
        )
        for name in names.split()
    }
)
_LARGEST_SPAN = 10**9
_LONGEST_VERSION = 1_024


def span_of(amount: int, unit: str) -> Period | timedelta:
    """A timespan literal: `5 minutes` is a stretch of time, `2 months` one of the calendar.

    Raises: TypeProblem for a unit that ES|QL does not have, or for more than any date could bear.
    """
    span = _UNITS.get(unit.lower())
    if span is None:
        raise TypeProblem(f"`{unit[:40]}` is not a unit of time")
    if abs(amount) > _LARGEST_SPAN:
        raise TypeProblem("this timespan is too long")
    if isinstance(span, Period):
        return Period(months=span.months * amount, days=span.days * amount)
    return span * amount


def millis_of(date: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (date - _EPOCH) // _MILLI


def date_of_millis(millis: int) -> datetime | None:
    """The date so many milliseconds after 1970; None outside of the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        return None


def fitting(number: int | float, kind: Type) -> int | None:
    """A number as a whole number of this type, halves rounded up; None when it lies beyond."""
    if isinstance(number, float):
        if not math.isfinite(number):
            return None
        number = math.floor(number + 0.5) if abs(number) < 1 << 52 else int(number)
    least, most = BOUNDS[kind]
    return number if least <= number <= most else None


def whole_number(kind: Type) -> Convert:
    """The conversion to a whole type."""

    def convert(value: Any) -> int | None:
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, datetime):
            return fitting(millis_of(value), kind)
        number = number_of(value) if isinstance(value, str) else value
        return fitting(number, kind) if isinstance(number, int | float) else None

    return convert


def double(value: Any) -> float | None:
    """Any number, truth value, date or text that is one, as a number with a fraction."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool | int):
        return _float(value)
    if isinstance(value, datetime):
        return float(millis_of(value))
    number = number_of(value) if isinstance(value, str) else None
    return None if number is None else _float(number)


def _float(number: int | float) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None


def boolean(value: Any) -> bool | None:
    """`true` in any case is true, other texts are false; of numbers, 0 is false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.lower() == "true"
    return value != 0 if isinstance(value, int | float) else None


def text(value: Any) -> str | None:
    """The one way to write a value down."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return text_of_double(value)
    if isinstance(value, datetime):
        return text_of_date(value)
    return str(value) if isinstance(value, int | Address | Point) else None


def date(value: Any) -> datetime | None:
    """An ISO date, or milliseconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return instant_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    millis = fitting(value, Type.LONG)
    return None if millis is None else date_of_millis(millis)


def date_of_nanos(value: Any) -> datetime | None:
    """An ISO date, or nanoseconds since 1970, kept to the microsecond."""
    if isinstance(value, bool) or not isinstance(value, int):
        return date(value)
    try:
        return _EPOCH + timedelta(microseconds=value // 1_000)
    except OverflowError:
        return None


def address(value: Any) -> Address | None:
    """An internet address from how it is written."""
    if isinstance(value, Address):
        return value
    number = address_of(value) if isinstance(value, str) else None
    return None if number is None else Address(number)


def version(value: Any) -> str | None:
    """A version is its text; the order of versions is `versions.version_key`."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_VERSION else None


def point(value: Any) -> Point | None:
    """A place written as `POINT (longitude latitude)`, or as `latitude, longitude`."""
    return value if isinstance(value, Point) else place_of(value) if isinstance(value, str) else None


def _period(value: Any) -> Period | None:
    span = span_in(value)
    return span if isinstance(span, Period) else None


def _duration(value: Any) -> timedelta | None:
    span = span_in(value)
    return span if isinstance(span, timedelta) else None


def span_in(value: Any) -> Period | timedelta | None:
    """A timespan as it is, or as a text writes it: `5 minutes`."""
    if not isinstance(value, str):
        return value if isinstance(value, Period | timedelta) else None
    amount, _, unit = value.strip().partition(" ")
    try:
        return span_of(int(amount), unit.strip()) if len(amount) <= 12 else None
    except (TypeProblem, ValueError):
        return None


CONVERSIONS: Mapping[Type, Convert] = MappingProxyType(
    {
        Type.BOOLEAN: boolean,
        Type.INTEGER: whole_number(Type.INTEGER),
        Type.LONG: whole_number(Type.LONG),
        Type.UNSIGNED_LONG: whole_number(Type.UNSIGNED_LONG),
        Type.DOUBLE: double,
        Type.KEYWORD: text,
        Type.TEXT: text,
        Type.DATETIME: date,
        Type.DATE_NANOS: date_of_nanos,
        Type.IP: address,
        Type.VERSION: version,
        Type.GEO_POINT: point,
        Type.DATE_PERIOD: _period,
        Type.TIME_DURATION: _duration,
    }
)
"""For each type the conversion of one value to it: None for what cannot be converted, never an error."""

CAST_TYPES: Mapping[str, Type] = MappingProxyType(
    {
        "bool": Type.BOOLEAN,
        "boolean": Type.BOOLEAN,
        "int": Type.INTEGER,
        "integer": Type.INTEGER,
        "long": Type.LONG,
        "unsigned_long": Type.UNSIGNED_LONG,
        "double": Type.DOUBLE,
        "string": Type.KEYWORD,
        "keyword": Type.KEYWORD,
        "text": Type.KEYWORD,
        "datetime": Type.DATETIME,
        "date": Type.DATETIME,
        "date_nanos": Type.DATE_NANOS,
        "ip": Type.IP,
        "version": Type.VERSION,
        "geo_point": Type.GEO_POINT,
        "date_period": Type.DATE_PERIOD,
        "time_duration": Type.TIME_DURATION,
    }
)
"""What may follow `::`, and the type that comes of it (all texts become keyword)."""

_NUMBERS = frozenset({Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG, Type.DOUBLE})
_TEXTS = frozenset({Type.KEYWORD, Type.TEXT})
_FREE = frozenset({Type.UNKNOWN, Type.NULL})
_SOURCES: Mapping[Type, frozenset[Type]] = MappingProxyType(
    {
        Type.BOOLEAN: _NUMBERS | _TEXTS | {Type.BOOLEAN},
        Type.INTEGER: _NUMBERS | _TEXTS | {Type.BOOLEAN, Type.DATETIME},
        Type.LONG: _NUMBERS | _TEXTS | {Type.BOOLEAN, Type.DATETIME, Type.DATE_NANOS},
        Type.UNSIGNED_LONG: _NUMBERS | _TEXTS | {Type.BOOLEAN, Type.DATETIME},
        Type.DOUBLE: _NUMBERS | _TEXTS | {Type.BOOLEAN, Type.DATETIME},
        Type.KEYWORD: frozenset(Type) - {Type.DATE_PERIOD, Type.TIME_DURATION},
        Type.DATETIME: _NUMBERS | _TEXTS | {Type.DATETIME, Type.DATE_NANOS},
        Type.DATE_NANOS: _NUMBERS | _TEXTS | {Type.DATETIME, Type.DATE_NANOS},
        Type.IP: _TEXTS | {Type.IP},
        Type.VERSION: _TEXTS | {Type.VERSION},
        Type.GEO_POINT: _TEXTS | {Type.GEO_POINT},
        Type.DATE_PERIOD: _TEXTS | {Type.DATE_PERIOD},
        Type.TIME_DURATION: _TEXTS | {Type.TIME_DURATION},
    }
)


def check_cast(source: Type, target: Type) -> None:
    """Raises: TypeProblem when no value of the one type can be made one of the other."""
    if source not in _SOURCES[target] and source not in _FREE:
        raise TypeProblem(f"{source.value} cannot be made {target.value}", 0)


def converted(value: Value, target: Type, source: Type | None = None) -> Value:
    """A value made one of another type, each of several by itself; what cannot be converted is left out."""
    convert = conversion(target, source)
    if isinstance(value, tuple):
        kept = tuple(one for one in map(convert, value) if one is not None)
        return kept if len(kept) > 1 else kept[0] if kept else None
    result: Value = None if value is None else convert(value)
    return result


def conversion(target: Type, source: Type | None = None) -> Convert:
    """The conversion of one value to a type; nanoseconds come out of dates only where they are known to be such."""
    if target is Type.LONG and source is Type.DATE_NANOS:
        return _nanos
    return CONVERSIONS[target]


def _nanos(value: Any) -> int | None:
    if not isinstance(value, datetime):
        return None
    return fitting((value - _EPOCH) // timedelta(microseconds=1) * 1_000, Type.LONG)


def literal(value: str, target: Type) -> Value:
    """A text literal where a date, an address or a version is compared: `@timestamp > "2026-01-01"`.

    Raises: TypeProblem when it is not written as one.
    """
    result: Value = CONVERSIONS[target](value)
    if result is None:
        raise TypeProblem(f"`{value[:60]}` cannot be read as {target.value}")
    return result
