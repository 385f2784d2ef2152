"""How a value is made to fit its field when an event is taken in.

The types are the engine's table; here is only what each type accepts from an agent and what is stored then. A field
that the table does not have keeps whatever JSON it came with. docs/fields.md says the same for people.
Source: Elasticsearch reference, field data types and `coerce`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from engine.fields import KNOWN_FIELDS, SPELLINGS, FieldType
from engine.scalars import address_of, address_text
from events.errors import EventRefused

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ADDRESS = 64
_LONGEST_DATE = 40
_BOOLEANS = {"true": True, "false": False, "": False}
Coercion = Callable[[str, Any], Any]


class Unfit(ValueError):  # noqa: N818
    """The value cannot be what its field holds."""


def as_text(_field: str, value: Any) -> str:
    """Keywords and texts: numbers and truth values as JSON writes them (`user.id: 0` is the keyword "0")."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def as_long(_field: str, value: Any) -> int | None:
    """Whole numbers of 64 bits, also from numeric text; a fraction is cut off, empty text is no value."""
    if isinstance(value, bool):
        raise Unfit
    if isinstance(value, str):
        value = _number(value)
        if value is None:
            return None
    whole = int(value)
    if not LONG_MIN <= whole <= LONG_MAX:
        raise Unfit
    return whole


def as_double(_field: str, value: Any) -> float | int | None:
    """Numbers, also from numeric text; empty text is no value."""
    if isinstance(value, bool):
        raise Unfit
    return _number(value) if isinstance(value, str) else value


def as_boolean(_field: str, value: Any) -> bool:
    """Truth values, also as the text `true` or `false`; empty text is false."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in _BOOLEANS:
        raise Unfit
    return _BOOLEANS[value]


def as_address(_field: str, value: Any) -> str:
    """An IP address, as it was written; the zone of a link-local one (`%eth0`) means nothing elsewhere and goes."""
    if not isinstance(value, str):
        raise Unfit
    address = value.partition("%")[0]
    canonical_address(address)
    return address


def canonical_address(text: str) -> str:
    """The one spelling of an address that columns and look-ups use. Raises Unfit when it is none."""
    if len(text) > _LONGEST_ADDRESS:  # long ones never reach the memory, which counts entries and not bytes
        raise Unfit
    return _canonical(text)


@lru_cache(maxsize=65_536)
def _canonical(text: str) -> str:
    address = address_of(text)
    if address is None:
        raise Unfit
    return address_text(address)


def as_date(_field: str, value: Any) -> str:
    """An instant as ISO 8601 in UTC, from ISO text or milliseconds since 1970."""
    return _iso_of(value) if type(value) is str and len(value) <= _LONGEST_DATE else iso(read_instant(value))


@lru_cache(maxsize=8_192)
def _iso_of(text: str) -> str:
    """An event's dates are often the same one."""
    return iso(read_instant(text))


def read_instant(value: Any) -> datetime:
    """The instant an agent means: ISO text (without a zone it is UTC) or milliseconds since 1970. Raises Unfit."""
    try:
        if isinstance(value, str):
            if value.isdecimal() and len(value) > 8:
                return _EPOCH + timedelta(milliseconds=int(value))
            read = datetime.fromisoformat(value)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        pass
    raise Unfit


def iso(moment: datetime) -> str:
    """`2026-11-20T09:30:00.123Z`: milliseconds, or microseconds where there are any."""
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision)[:-6] + "Z"


def _number(text: str) -> float | int | None:
    text = text.strip()
    if not text:
        return None
    if len(text) > 40 or not text.isascii() or "_" in text:
        raise Unfit
    for read in (int, float):
        try:
            number: float | int = read(text)
        except ValueError:
            continue
        if number - number == 0:  # neither infinite nor "nan"
            return number
    raise Unfit


_BY_TYPE: Mapping[FieldType, tuple[Coercion, str]] = MappingProxyType(
    {
        FieldType.KEYWORD: (as_text, "text"),
        FieldType.WILDCARD: (as_text, "text"),
        FieldType.CONSTANT_KEYWORD: (as_text, "text"),
        FieldType.TEXT: (as_text, "text"),
        FieldType.MATCH_ONLY_TEXT: (as_text, "text"),
        FieldType.IP: (as_address, "an IP address"),
        FieldType.LONG: (as_long, "a whole number of 64 bits"),
        FieldType.DOUBLE: (as_double, "a number"),
        FieldType.BOOLEAN: (as_boolean, "true or false"),
        FieldType.DATE: (as_date, "a date"),
    }
)
_FIELDS = {name: kind for name, kind in KNOWN_FIELDS.items() if name not in SPELLINGS and kind in _BY_TYPE}

COERCIONS: Mapping[str, Coercion] = MappingProxyType({name: _BY_TYPE[kind][0] for name, kind in _FIELDS.items()})
"""What is done to the value of a known field. (A geo_point may be text, an object or a pair: it stays as it came.)"""


def _prefixes() -> frozenset[str]:
    found = set()
    for name in KNOWN_FIELDS:
        if name not in SPELLINGS:
            parts = name.split(".")
            found |= {".".join(parts[:count]) for count in range(1, len(parts))}
    return frozenset(found - set(KNOWN_FIELDS))


OBJECTS = _prefixes()
"""Names that are objects in the schema, such as `host`: a plain value there would hide `host.name` for ever."""


def misfit(field: str) -> EventRefused:
    """The refusal of a value that cannot be what `field` holds."""
    wanted = _BY_TYPE[_FIELDS[field]][1] if field in _FIELDS else "an object with fields"
    return EventRefused("wrong_type", f"The field {field[:200]} must hold {wanted}.")
