"""Patterns of dates as Java writes them, `yyyy-MM-dd'T'HH:mm:ss.SSSX`, for writing and for reading dates.

Names are English, weeks those of ISO 8601, times in UTC. Reading runs in RE2. Parts of a pattern in square brackets
may be missing where dates are read.
Source: java.time.format.DateTimeFormatter; Elasticsearch's reference, built-in date formats.
"""

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import re2

from engine.errors import PatternError
from engine.pipelines.casts import date_of_millis, millis_of
from engine.scalars import instant_of

Write = Callable[[datetime], str]
Read = Callable[[str], datetime | None]

DEFAULT = "yyyy-MM-dd'T'HH:mm:ss.SSSX"
_LONGEST_PATTERN = 200
_LONGEST_DATE = 200
_MOST_ALTERNATIVES = 10
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([\[\]])|([^A-Za-z'\[\]]+)", re.DOTALL)
_ISO = frozenset({"iso8601", "date_optional_time", "strict_date_optional_time", "strict_date_optional_time_nanos"})
_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "basic_date": "yyyyMMdd",
        "basic_date_time": "yyyyMMdd'T'HHmmss.SSSX",
        "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssX",
        "date": "yyyy-MM-dd",
        "date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSX",
        "date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssX",
        "date_hour": "yyyy-MM-dd'T'HH",
        "date_hour_minute": "yyyy-MM-dd'T'HH:mm",
        "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
        "date_hour_minute_second_millis": "yyyy-MM-dd'T'HH:mm:ss.SSS",
        "hour_minute_second": "HH:mm:ss",
        "year": "yyyy",
        "year_month": "yyyy-MM",
        "year_month_day": "yyyy-MM-dd",
    }
)
_QUARTERS = ("1st", "2nd", "3rd", "4th")


def _padded(part: Callable[[datetime], int]) -> Callable[[int], Write]:
    return lambda count: lambda date: f"{part(date):0{count}d}"


def _year(part: Callable[[datetime], int]) -> Callable[[int], Write]:
    def writer(count: int) -> Write:
        return lambda date: f"{part(date) % 100:02d}" if count == 2 else f"{part(date):0{count}d}"

    return writer


def _named(short: Any, full: Any, part: Callable[[datetime], int], numbers: int) -> Callable[[int], Write]:
    """A number for up to so many letters, then a short name, then a full one."""

    def writer(count: int) -> Write:
        if count <= numbers:
            return lambda date: f"{part(date):0{count}d}"
        names = full if count == 4 else short
        first = {5: 1}.get(count)
        return lambda date: str(names[part(date)])[:first]

    return writer


def _always(text: str) -> Callable[[int], Write]:
    return lambda _count: lambda _date: text


def _fraction(count: int) -> Write:
    return lambda date: f"{date.microsecond:06d}000"[:count].ljust(count, "0")


def _offset(count: int) -> Write:
    text = {1: "+00", 2: "+0000", 4: "+0000"}.get(count, "+00:00")
    return lambda _: text


def _zone(count: int) -> Write:
    text = {4: "GMT", 5: "Z"}.get(count, "+0000")
    return lambda _: text


def _quarter(count: int) -> Write:
    def write(date: datetime) -> str:
        quarter = (date.month + 2) // 3
        if count <= 2:
            return f"{quarter:0{count}d}"
        return f"Q{quarter}" if count == 3 else f"{_QUARTERS[quarter - 1]} quarter"

    return write


def _since_midnight(date: datetime) -> timedelta:
    return date - date.replace(hour=0, minute=0, second=0, microsecond=0)


_month = _named(month_abbr, month_name, lambda date: date.month, 2)
_day_short = ("", *day_abbr)
_day_full = ("", *day_name)
_WRITERS: Mapping[str, Callable[[int], Write]] = MappingProxyType(
    {
        "G": _always("AD"),
        "y": _year(lambda date: date.year),
        "u": _year(lambda date: date.year),
        "Y": _year(lambda date: date.isocalendar().year),
        "w": _padded(lambda date: date.isocalendar().week),
        "Q": _quarter,
        "q": _quarter,
        "M": _month,
        "L": _month,
        "d": _padded(lambda date: date.day),
        "D": _padded(lambda date: date.timetuple().tm_yday),
        "E": lambda count: _named(_day_short, _day_full, datetime.isoweekday, 0)(count),
        "e": _named(_day_short, _day_full, datetime.isoweekday, 2),
        "c": _named(_day_short, _day_full, datetime.isoweekday, 2),
        "a": lambda _count: lambda date: "AM" if date.hour < 12 else "PM",
        "H": _padded(lambda date: date.hour),
        "k": _padded(lambda date: date.hour or 24),
        "K": _padded(lambda date: date.hour % 12),
        "h": _padded(lambda date: date.hour % 12 or 12),
        "m": _padded(lambda date: date.minute),
        "s": _padded(lambda date: date.second),
        "S": _fraction,
        "n": _padded(lambda date: date.microsecond * 1_000),
        "A": _padded(lambda date: _since_midnight(date) // timedelta(milliseconds=1)),
        "N": _padded(lambda date: _since_midnight(date) // timedelta(microseconds=1) * 1_000),
        "X": _always("Z"),
        "x": _offset,
        "Z": _zone,
        "z": _always("Z"),
        "V": _always("Z"),
        "O": _always("GMT"),
    }
)


def _tokens(pattern: str) -> list[tuple[str, str]]:
    """A pattern as letters in a row (kind: the letter), brackets and texts (kind: empty).

    Raises: PatternError.
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise PatternError("this pattern is too long")
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise PatternError("a quote in this pattern is never closed")
        quoted, letter, bracket, text = found.groups()
        if letter:
            tokens.append((letter, found[0]))
        elif bracket:
            tokens.append((bracket, ""))
        else:
            tokens.append(("", text if text is not None else quoted.replace("''", "'") or "'"))
        at = found.end()
    return tokens


@lru_cache(maxsize=256)
def writer(pattern: str) -> Write:
    """Writes dates by a pattern, or by the name of a format.

    Raises: PatternError.
    """
    name = pattern.removeprefix("strict_")
    if name == "epoch_millis":
        return lambda date: str(millis_of(date))
    if name == "epoch_second":
        return lambda date: str(millis_of(date) // 1_000)
    pattern = DEFAULT if pattern in _ISO else _NAMED.get(name, pattern)
    parts = [_written(letter, text) for letter, text in _tokens(pattern) if letter not in ("[", "]")]
    return lambda date: "".join([part(date) for part in parts])


def _written(letter: str, text: str) -> Write:
    if not letter:
        return lambda _: text
    make = _WRITERS.get(letter)
    if make is None or len(text) > 19:
        raise PatternError(f"`{text[:20]}` means nothing in a pattern of dates")
    return make(len(text))


_DIGITS = MappingProxyType({"y": 9, "u": 9, "D": 3, "S": 9, "n": 9, "A": 9})
_OFFSETS = r"Z|[+-][0-9]{2}(?::?[0-9]{2})?"


def _source_of(letter: str, count: int) -> str:
    """What RE2 reads one part of a date by.

    Raises: PatternError for parts that dates are not read by.
    """
    if letter in ("M", "L") and count >= 3:
        return "|".join(list(month_abbr if count == 3 else month_name)[1:])
    if letter == "E":
        return "|".join(day_name if count == 4 else day_abbr)
    if letter == "a":
        return "AM|PM|am|pm"
    if letter in "XxZ":
        return _OFFSETS
    if letter in "zVO":
        return rf"UTC|GMT|{_OFFSETS}"
    if letter in "yuMLdDHkKhmsSnA" and count <= 9:
        return rf"[0-9]{{{count}}}" if count > 1 else rf"[0-9]{{1,{_DIGITS.get(letter, 2)}}}"
    raise PatternError(f"dates cannot be read by `{letter * count}`")


@lru_cache(maxsize=256)
def reader(pattern: str) -> Read:
    """Reads dates by a pattern, by the name of a format, or by several with `||` between.

    Raises: PatternError.
    """
    alternatives = pattern.split("||")
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise PatternError("these are too many patterns")
    if len(alternatives) > 1:
        return _first_of([reader(each) for each in alternatives])
    name = pattern.removeprefix("strict_")
    if pattern in _ISO:
        return instant_of
    if name in ("epoch_millis", "epoch_second"):
        return _epoch(1 if name == "epoch_millis" else 1_000)
    return _pattern_reader(_NAMED.get(name, pattern))


def _first_of(readers: list[Read]) -> Read:
    def read(text: str) -> datetime | None:
        return next((date for each in readers if (date := each(text)) is not None), None)

    return read


def _epoch(factor: int) -> Read:
    def read(text: str) -> datetime | None:
        bare = text.removeprefix("-")
        if not (bare.isascii() and bare.isdigit() and len(bare) <= 18):
            return None
        return date_of_millis(int(text) * factor)

    return read


def _pattern_reader(pattern: str) -> Read:
    source, letters = [], []
    open_brackets = 0
    for letter, text in _tokens(pattern):
        open_brackets += (letter == "[") - (letter == "]")
        if letter == "[":
            source.append("(?:")
        elif letter == "]":
            source.append(")?")
        elif letter:
            source.append(f"({_source_of(letter, len(text))})")
            letters.append((letter, len(text)))
        else:
            source.append(re2.escape(text.encode("utf-8", "replace").decode()))
        if open_brackets < 0:
            raise PatternError("a `]` in this pattern closes nothing")
    if open_brackets:
        raise PatternError("a `[` in this pattern is never closed")
    try:
        compiled = re2.compile("".join(source))
    except re2.error as error:
        raise PatternError("this pattern is too large") from error
    return lambda text: _read(text, compiled, letters)


def _read(text: str, compiled: Any, letters: list[tuple[str, int]]) -> datetime | None:
    found = compiled.fullmatch(text) if len(text) <= _LONGEST_DATE and text.isascii() else None
    if found is None:
        return None
    parts = {
        letter: (part, count) for (letter, count), part in zip(letters, found.groups(), strict=True) if part is not None
    }
    try:
        return _assembled(parts)
    except (ValueError, OverflowError):
        return None


def _assembled(parts: dict[str, tuple[str, int]]) -> datetime:
    """The date of its parts; what is not told is 1970, January, the first, midnight.

    Raises: ValueError or OverflowError for what no calendar has.
    """
    year, count = parts.get("y") or parts.get("u") or ("1970", 4)
    date = datetime(int(year) + (2000 if count == 2 else 0), 1, 1, tzinfo=UTC)
    if "D" in parts:
        day = date + timedelta(days=int(parts["D"][0]) - 1)
        if day.year != date.year:
            raise ValueError("there is no such day")
        date = day
    else:
        month = parts.get("M") or parts.get("L") or ("1", 1)
        date = date.replace(month=_month_number(month[0]), day=_number(parts, "d", 1))
    date = date.replace(hour=_hour(parts), minute=_number(parts, "m", 0), second=_number(parts, "s", 0))
    fraction = int(parts["S"][0].ljust(9, "0")) // 1_000 if "S" in parts else _number(parts, "n", 0) // 1_000
    zone = next((parts[letter][0] for letter in "XxZzVO" if letter in parts), "Z")
    return date + timedelta(microseconds=fraction, milliseconds=_number(parts, "A", 0)) - _offset_of(zone)


def _number(parts: dict[str, tuple[str, int]], letter: str, default: int) -> int:
    return int(parts[letter][0]) if letter in parts else default


def _month_number(text: str) -> int:
    return int(text) if text.isdigit() else list(month_abbr).index(text[:3])


def _hour(parts: dict[str, tuple[str, int]]) -> int:
    if "H" in parts or "k" in parts:
        return _number(parts, "H", 0) if "H" in parts else _number(parts, "k", 0) % 24
    half = _number(parts, "h", 0) % 12 if "h" in parts else _number(parts, "K", 0)
    return half + (12 if parts.get("a", ("AM", 1))[0].upper() == "PM" else 0)


def _offset_of(zone: str) -> timedelta:
    digits = zone[1:].replace(":", "")
    if zone in ("Z", "UTC", "GMT") or not digits:
        return timedelta()
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -size if zone[0] == "-" else size
