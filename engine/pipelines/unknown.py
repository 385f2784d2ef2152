"""How a value is read where a type is asked for: the one table for comparisons, functions, aggregates and choices.

Columns of a known type hold what is asked of them, up to dates and addresses that a query writes as texts. A column
whose type no table knows holds what agents sent, and agents differ: an error code comes as 50126 from one and as
"50126" from the next. Where a text is asked for, a number or truth value is read as its text, as a keyword field holds
it; where a number is asked for, a text that is written as one is read as it. Truth values are no numbers. What cannot
be read is None, never an error. Explicit conversions (casts.py) go further, since a query asks for them.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from engine.pipelines.types import Address, Point, Type, Value
from engine.pipelines.versions import version_key
from engine.scalars import address_of, instant_of, number_of, text_of, truth_of

Read = Callable[[Any], Any]

NUMBERS = frozenset({Type.INTEGER, Type.LONG, Type.UNSIGNED_LONG, Type.DOUBLE})
_LARGEST_WHOLE = 1 << 64


def as_text(value: Any) -> str | None:
    """A text, or how a keyword field writes a number or truth value."""
    return value if isinstance(value, str) else text_of(value) if isinstance(value, bool | int | float) else None


def as_number(value: Any) -> int | float | None:
    """A number, or a text that is written as one."""
    return number_of(value) if isinstance(value, str | int | float) else None


def as_whole(value: Any) -> int | None:
    """A whole number; of others what stands before the point, as fields of whole numbers are read."""
    if value.__class__ is int:
        whole: int = value
        return whole
    number = as_number(value)
    return None if number is None or abs(number) > _LARGEST_WHOLE else int(number)


def as_truth(value: Any) -> bool | None:
    """A truth value, or its name in small letters."""
    return truth_of(value) if isinstance(value, str | bool) else None


def as_date(value: Any) -> datetime | None:
    """A date, or a text that is written as one."""
    return instant_of(value) if isinstance(value, str) else value if isinstance(value, datetime) else None


def as_address(value: Any) -> Address | None:
    """An internet address, or a text that is written as one."""
    if isinstance(value, Address):
        return value
    number = address_of(value) if isinstance(value, str) else None
    return None if number is None else Address(number)


def as_point(value: Any) -> Point | None:
    """A place on earth."""
    return value if isinstance(value, Point) else None


def as_version(value: Any) -> str | None:
    """A version; every text is one."""
    return value if isinstance(value, str) else None


def version_place(value: Any) -> Any:
    """What a version is ordered by."""
    return version_key(value) if isinstance(value, str) else None


def address_number(value: Any) -> int | None:
    """An internet address as its number."""
    if isinstance(value, Address):
        return value.number
    return address_of(value) if isinstance(value, str) else None


READ: Mapping[Type, Read] = MappingProxyType(
    {
        Type.BOOLEAN: as_truth,
        **dict.fromkeys(NUMBERS, as_number),
        Type.KEYWORD: as_text,
        Type.TEXT: as_text,
        Type.DATETIME: as_date,
        Type.DATE_NANOS: as_date,
        Type.IP: as_address,
        Type.VERSION: as_version,
        Type.GEO_POINT: as_point,
    }
)
"""A value of an unknown type read as a type. A number stays as it is, whole or not and however large."""


def read_beside(types: Sequence[Type]) -> Read | None:
    """How values of unknown types are read that stand beside values of these; None where nothing says it."""
    return next((READ[given] for given in types if given in READ), None)


def by_kind(value: Any) -> tuple[str, Any]:
    """A value beside another of unknown type: alike only where both are truth values, numbers, or texts."""
    if isinstance(value, bool):
        return "truth", value
    return ("number" if isinstance(value, int | float) else "text"), value


def apart(value: Value) -> Hashable:
    """What a value is told apart by from others: Python holds true for 1 and false for 0."""
    return (bool, value) if value.__class__ is bool else value
