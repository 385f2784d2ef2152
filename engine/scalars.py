"""One JSON value read as text, number, address, instant or truth value, or as none of them.

Every reader answers None for what it cannot read; nothing here raises on a hostile value. Costs a microsecond or
two for addresses and dates, which are remembered, less for the rest.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from engine.times import TimeExpressionError, parse_date_math
from engine.tree import Scalar, text_of

__all__ = [
    "address_of",
    "address_text",
    "instant_of",
    "network_of",
    "number_of",
    "text_of",
    "truth_of",
]

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_LONGEST_ADDRESS = 64
_MAPPED = 0xFFFF << 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_MILLIS = 253_402_300_799_999
_LONGEST_DATE = 40


def number_of(value: Scalar) -> int | float | None:
    """The value as a number; a string counts when it is written as one. Truth values are no numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if not _NUMBER.fullmatch(value):
        return None
    number = int(value) if _INTEGER.fullmatch(value) else float(value)
    return number if math.isfinite(number) else None


def truth_of(value: Scalar) -> bool | None:
    """The value as a truth value: JSON's own, or its name in small letters."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


@lru_cache(maxsize=65_536)
def _address(text: str) -> int | None:
    bare = text.partition("%")[0] if ":" in text else text
    try:
        if ":" in bare:
            return int.from_bytes(inet_pton(AF_INET6, bare), "big")
        return _MAPPED | int.from_bytes(inet_pton(AF_INET, bare), "big")
    except (OSError, ValueError):
        return None


def address_of(value: Scalar) -> int | None:
    """The value as an internet address: a number of 128 bits, IPv4 as its mapped IPv6 form. Zone ids are ignored."""
    return _address(value) if isinstance(value, str) and len(value) <= _LONGEST_ADDRESS else None


def address_text(address: int) -> str:
    """The one canonical way to write an address."""
    if address >> 32 == 0xFFFF:
        return inet_ntop(AF_INET, (address & 0xFFFFFFFF).to_bytes(4, "big"))
    return inet_ntop(AF_INET6, address.to_bytes(16, "big"))


def network_of(text: str) -> tuple[int, int] | None:
    """First and last address of a network such as `10.0.0.0/8`; bits beyond the prefix are ignored."""
    base, slash, length_text = text.partition("/")
    first = address_of(base)
    if first is None or not slash or not re.fullmatch(r"[0-9]{1,3}", length_text):
        return None
    length = int(length_text) + (0 if ":" in base else 96)
    if length > 128:
        return None
    host_bits = (1 << (128 - length)) - 1
    return first & ~host_bits, first | host_bits


def instant_of(value: Scalar) -> datetime | None:
    """An event's date: an ISO date or milliseconds since 1970. Date mathematics has no place in an event."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_millis(value)
    return _instant(value) if len(value) <= _LONGEST_DATE else None


def _from_millis(value: int | float) -> datetime | None:
    if not -_LARGEST_MILLIS <= value <= _LARGEST_MILLIS:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None


@lru_cache(maxsize=8_192)
def _instant(text: str) -> datetime | None:
    if not text[:1].isdigit() or "|" in text:
        return None
    try:
        return parse_date_math(text, _EPOCH)
    except TimeExpressionError:
        return None
