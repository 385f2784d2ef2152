"""When an event happened, read from whatever its timestamp field holds, as finely as it is given.

An ISO date counts in UTC unless it says otherwise. A number (or its text) is read by its size, since dates of our time
lie far apart in the units in use:

    below 10^15     milliseconds since 1970
    below 10^16     microseconds since 1970
    below 10^18     Windows FILETIME: 100 nanoseconds since 1601
    from 10^18 on   nanoseconds since 1970
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from engine.scalars import instant_of
from engine.tree import Scalar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH = 116_444_736_000_000_000
_LONGEST_FRACTION = re.compile(r"[.,][0-9]{6}([0-9]{1,3})")
_DIGITS = re.compile(r"-?[0-9]{1,19}")


class Moment(NamedTuple):
    """An instant: `nanos` since 1970 to sort by, `at` to measure spans with (to the microsecond)."""

    nanos: int
    at: datetime


def moment_of(values: Iterable[Scalar]) -> Moment | None:
    """The first of a field's values that can be read as a time."""
    return next((moment for value in values if (moment := _read(value)) is not None), None)


def _read(value: Scalar) -> Moment | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        return _from_text(value)
    if isinstance(value, str) and len(value) == 4 and not value.startswith("-"):
        return _from_text(value)
    try:
        return _from_nanos(_nanos(value if isinstance(value, float) else int(value)))
    except (OverflowError, ValueError):
        return None


def _nanos(number: float) -> int:
    size = abs(number)
    if size < 10**15:
        return round(number * 1_000_000)
    if size < 10**16:
        return round(number * 1_000)
    return (int(number) - _FILETIME_EPOCH) * 100 if size < 10**18 else int(number)


def _from_nanos(nanos: int) -> Moment:
    return Moment(nanos, _EPOCH + timedelta(microseconds=nanos // 1_000))


def _from_text(text: str) -> Moment | None:
    instant = instant_of(text)
    if instant is None:
        return None
    finer = _LONGEST_FRACTION.search(text)
    below = int(finer[1].ljust(3, "0")) if finer else 0
    return Moment((instant - _EPOCH) // timedelta(microseconds=1) * 1_000 + below, instant)
