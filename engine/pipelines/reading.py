"""The fields of an event as values of columns, and values as JSON.

A field has the type that the table of fields gives it. As Elasticsearch stores them for reading, keywords and
addresses come sorted and each once, numbers and dates sorted, truth values false before true; texts come in the
order of the event. What is not of the field's type is left out, as a mapping that ignores malformed values does.
A field that no table knows keeps its JSON values, sorted where they are all texts or all numbers.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.document import Document
from engine.fields import FieldType, field_type
from engine.pipelines.places import place_at, place_of
from engine.pipelines.types import Address, One, Period, Point, Type, Value
from engine.pipelines.writing import text_of_date
from engine.scalars import address_of, instant_of, number_of, truth_of
from engine.tree import Scalar, text_of

Read = Callable[[Scalar], One | None]

_TYPES: Mapping[FieldType, Type] = MappingProxyType(
    {
        FieldType.KEYWORD: Type.KEYWORD,
        FieldType.WILDCARD: Type.KEYWORD,
        FieldType.CONSTANT_KEYWORD: Type.KEYWORD,
        FieldType.TEXT: Type.TEXT,
        FieldType.MATCH_ONLY_TEXT: Type.TEXT,
        FieldType.IP: Type.IP,
        FieldType.LONG: Type.LONG,
        FieldType.DOUBLE: Type.DOUBLE,
        FieldType.BOOLEAN: Type.BOOLEAN,
        FieldType.DATE: Type.DATETIME,
        FieldType.GEO_POINT: Type.GEO_POINT,
        FieldType.UNKNOWN: Type.UNKNOWN,
    }
)
_LONGS = range(-(1 << 63), 1 << 63)


def column_type(field: str) -> Type:
    """The type of the column that a field becomes."""
    return _TYPES[field_type(field)]


def reader(field: str) -> Callable[[Document], Value]:
    """Reads one field of events. A single value costs well under a microsecond once the event is flat."""
    kind = column_type(field)
    if kind is Type.GEO_POINT:
        return lambda document: _places(document, field)
    read = _READERS[kind]
    settle = _SETTLED[kind]

    def of(document: Document) -> Value:
        values = document.values(field)
        if len(values) == 1:
            return read(values[0])
        return settle([one for one in map(read, values) if one is not None]) if values else None

    return of


def _text(value: Scalar) -> One | None:
    return value if isinstance(value, str) else text_of(value)


def _long(value: Scalar) -> One | None:
    number = number_of(value)
    if number is None:
        return None
    whole = int(number)
    return whole if whole in _LONGS else None


def _double(value: Scalar) -> One | None:
    number = number_of(value)
    try:
        return None if number is None else float(number)
    except OverflowError:
        return None


def _address(value: Scalar) -> One | None:
    number = address_of(value)
    return None if number is None else Address(number)


def _unknown(value: Scalar) -> One | None:
    return value


def _distinct(values: list[Any]) -> Value:
    return _value(sorted(set(values)))


def _sorted(values: list[Any]) -> Value:
    return _value(sorted(values))


def _value(values: list[Any]) -> Value:
    return tuple(values) if len(values) > 1 else values[0] if values else None


def _unknown_values(values: list[Any]) -> Value:
    """Texts as keywords come, numbers as numbers; a mixture in the order of the event."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return _distinct(values)
    return _sorted(values) if kinds <= {int, float} or kinds == {bool} else _value(values)


_READERS: Mapping[Type, Read] = MappingProxyType(
    {
        Type.KEYWORD: _text,
        Type.TEXT: _text,
        Type.IP: _address,
        Type.LONG: _long,
        Type.DOUBLE: _double,
        Type.BOOLEAN: truth_of,
        Type.DATETIME: instant_of,
        Type.UNKNOWN: _unknown,
    }
)
_SETTLED: Mapping[Type, Callable[[list[Any]], Value]] = MappingProxyType(
    {
        Type.KEYWORD: _distinct,
        Type.TEXT: _value,
        Type.IP: _distinct,
        Type.LONG: _sorted,
        Type.DOUBLE: _sorted,
        Type.BOOLEAN: _sorted,
        Type.DATETIME: _sorted,
        Type.UNKNOWN: _unknown_values,
    }
)


def _places(document: Document, field: str) -> Value:
    """Places are objects with `lat` and `lon`, or GeoJSON, texts, or one array of longitude and latitude."""
    found = [Point(*pair) for pair in _coordinates(document, field)]
    values = document.values(field) or document.values(f"{field}.coordinates")
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) == 2:
        found += _kept([place_at(float(numbers[0]), float(numbers[1]))])
    found += _kept(place_of(one) for one in values if isinstance(one, str))
    return _value(found)


def _coordinates(document: Document, field: str) -> Iterable[tuple[float, float]]:
    latitudes = map(_double, document.values(f"{field}.lat"))
    longitudes = map(_double, document.values(f"{field}.lon"))
    for latitude, longitude in zip(latitudes, longitudes, strict=False):
        if isinstance(latitude, float) and isinstance(longitude, float) and place_at(longitude, latitude):
            yield longitude, latitude


def _kept(points: Iterable[Point | None]) -> list[Point]:
    return [point for point in points if point is not None]


def to_json(value: Value) -> Any:
    """A value as JSON has it: dates and addresses as texts, several values as a list."""
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    if isinstance(value, datetime):
        return text_of_date(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Period):
        return f"{value.months} months {value.days} days"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Address | Point) else value
