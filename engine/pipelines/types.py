"""The types of columns, and the values in them.

A value is None (null), one scalar, or a tuple of two or more scalars (a multi-valued field). Texts are `str`, whole
numbers `int`, other numbers `float`, truth values `bool`, dates `datetime` in UTC, addresses `Address`, places `Point`.
Source: Elasticsearch's ES|QL reference, data types.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from engine.scalars import address_text


class Type(StrEnum):
    """The type of a column, by the name that ES|QL gives it.

    UNKNOWN is ours: a field that no table knows; the type of each of its values decides what may be asked of it.
    """

    NULL = "null"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    LONG = "long"
    UNSIGNED_LONG = "unsigned_long"
    DOUBLE = "double"
    KEYWORD = "keyword"
    TEXT = "text"
    DATETIME = "date"
    DATE_NANOS = "date_nanos"
    IP = "ip"
    VERSION = "version"
    GEO_POINT = "geo_point"
    DATE_PERIOD = "date_period"
    TIME_DURATION = "time_duration"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An internet address as a number of 128 bits, IPv4 as its mapped IPv6 form; ordered as Elasticsearch does."""

    number: int

    def __str__(self) -> str:
        return address_text(self.number)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth in degrees."""

    longitude: float
    latitude: float

    def __str__(self) -> str:
        return f"POINT ({self.longitude} {self.latitude})"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the calendar, which has no fixed length."""

    months: int = 0
    days: int = 0


One: TypeAlias = str | int | float | bool | datetime | Address | Point | Period | timedelta
Value: TypeAlias = One | tuple[One, ...] | None
Column: TypeAlias = list[Value]


class Multivalue(StrEnum):
    """What a function or comparison of one value makes of a field with several.

    STRICT: null, as Elasticsearch does. ANY: a comparison holds when it holds for any of the values.
    """

    STRICT = "strict"
    ANY = "any"
