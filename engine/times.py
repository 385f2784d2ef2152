"""Durations and date expressions as rule files, queries and pages write them.

A rule says `interval = "5m"` and `from = "now-9m"`; a query may say `@timestamp >= "now-30d/d"`.
"Now" is always handed in: nothing here asks for the time.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from engine.errors import EngineError

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "H": 3_600, "d": 86_400, "w": 604_800}
_MAX_DURATION = timedelta(days=3_650)
_MAX_TEXT_LENGTH = 100
_ONE_TICK = timedelta(microseconds=1)

_DURATION = re.compile(r"([0-9]{1,9}) ?([smhdw])")
_STEP = re.compile(r"([+-])([0-9]{0,9})([yMwdhHms])|/([yMwdhHms])")
_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:[T ](?:(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?)?(?P<zone>Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?)?)?"
)
_EPOCH_MILLIS = re.compile(r"-?[0-9]{5,15}")
# The parts of an ISO date from coarse to fine, with the unit that a missing finer part leaves open.
_ISO_UNITS = (
    ("month", "y"),
    ("day", "M"),
    ("hour", "d"),
    ("minute", "h"),
    ("second", "m"),
    ("fraction", "s"),
)


class TimeExpressionError(EngineError, ValueError):
    """A duration or date that cannot be read; the text is written for the person who typed it."""


def parse_duration(text: str) -> timedelta:
    """Read an interval such as `5m`, `1h`, `30s`, `7d` or `2w`.

    Raises: TimeExpressionError when it is not a positive number with a unit, or over ten years.
    """
    found = _DURATION.fullmatch(text.strip()) if len(text) <= _MAX_TEXT_LENGTH else None
    if found is None:
        raise TimeExpressionError(f"{_shown(text)} is not a duration; write a number and s, m, h, d or w, such as 5m")
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]]
    if not 0 < seconds <= _MAX_DURATION.total_seconds():
        raise TimeExpressionError(f"{_shown(text)} must be more than nothing and at most ten years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Say a duration the way pages do: `5 m`, `1 h 59 m`, `14 d`. Parts of a second are left out."""
    left = int(abs(duration).total_seconds())
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNIT_SECONDS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def lookback_of(text: str) -> timedelta:
    """How far back a rule's `from` reaches: `now-9m` is nine minutes.

    Only fixed units without rounding, because the look-back of a rule must not depend on the day.

    Raises: TimeExpressionError.
    """
    steps = _steps_after_now(text)
    if steps is None or any(unit in "yM" for _, unit in steps):
        raise TimeExpressionError(f"{_shown(text)} is not a look-back; write it as now-9m, with s, m, h, d or w")
    back = -sum((timedelta(seconds=count * _UNIT_SECONDS[unit]) for count, unit in steps), timedelta())
    if not timedelta() <= back <= _MAX_DURATION:
        raise TimeExpressionError(f"{_shown(text)} must reach back from now, and at most ten years")
    return back


def parse_date_math(text: str, now: datetime, round_up: bool = False) -> datetime:
    """The instant that a date expression means: `now-30d/d`, `2026-11-20`, `2026-11-20||+1M/d`, epoch ms.

    `now` is aware UTC; so is the answer. With `round_up` a rounding (`/d`) and the missing parts of a
    short date go to the last tick of the unit instead of its first: what `lte` and `gt` mean.

    Raises: TimeExpressionError.
    Source: Elasticsearch reference, "Date math" and the format strict_date_optional_time||epoch_millis.
    """
    if len(text) > _MAX_TEXT_LENGTH:
        raise TimeExpressionError(f"{_shown(text)} is too long for a date")
    anchor, math = _split_anchor(text.strip())
    try:
        if anchor == "now":
            return _walk(now, math, round_up, text)
        start = _absolute(anchor, round_up and not math, text)
        return _walk(start, math, round_up, text)
    except (ValueError, OverflowError) as error:
        if isinstance(error, TimeExpressionError):
            raise
        raise TimeExpressionError(f"{_shown(text)} is not a date that exists") from error


def _split_anchor(text: str) -> tuple[str, str]:
    if text.startswith("now"):
        return "now", text[3:]
    anchor, _, math = text.partition("||")
    return anchor, math


def _steps_after_now(text: str) -> list[tuple[int, str]] | None:
    """The signed steps of a `now…` expression, or None when it is anything else."""
    text = text.strip()
    if not text.startswith("now") or len(text) > _MAX_TEXT_LENGTH:
        return None
    steps, position = [], 3
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None or found[4]:
            return None
        steps.append((_signed(found), found[3]))
        position = found.end()
    return steps


def _walk(start: datetime, math: str, round_up: bool, text: str) -> datetime:
    moment, position = start, 0
    while position < len(math):
        found = _STEP.match(math, position)
        if found is None:
            raise TimeExpressionError(f"{_shown(text)} is not a date; after the date write steps such as -30d or /d")
        moment = _rounded(moment, found[4], round_up) if found[4] else _moved(moment, _signed(found), found[3])
        position = found.end()
    return moment


def _signed(found: re.Match[str]) -> int:
    count = int(found[2] or 1)
    return -count if found[1] == "-" else count


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    if unit in "yM":
        return _months_later(moment, count * 12 if unit == "y" else count)
    return moment + timedelta(seconds=count * _UNIT_SECONDS[unit])


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day some months on, or the last day of that month when it is shorter."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError("year out of range")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _rounded(moment: datetime, unit: str, round_up: bool) -> datetime:
    start = _start_of(moment, unit)
    return _moved(start, 1, unit) - _ONE_TICK if round_up else start


def _start_of(moment: datetime, unit: str) -> datetime:
    """The first tick of the second, minute, hour, day, week (Monday), month or year that the moment is in."""
    if unit in "smhH":
        size = timedelta(seconds=_UNIT_SECONDS[unit])
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (moment - midnight) // size * size
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1 if unit in "My" else day.day, month=1 if unit == "y" else day.month)


def _absolute(anchor: str, round_up: bool, text: str) -> datetime:
    if _EPOCH_MILLIS.fullmatch(anchor):
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(anchor))
    found = _ISO.fullmatch(anchor)
    if found is None:
        raise TimeExpressionError(f"{_shown(text)} is not a date; write now-9m, 2026-11-20 or 2026-11-20T08:00:00Z")
    part = found.groupdict()
    start = datetime(
        int(part["year"]),
        int(part["month"] or 1),
        int(part["day"] or 1),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        int((part["fraction"] or "0").ljust(6, "0")[:6]),
        UTC,
    )
    missing = next((unit for name, unit in _ISO_UNITS if part[name] is None), None)
    if round_up and missing:
        start = _moved(start, 1, missing) - _ONE_TICK
    return start - _zone_offset(part["zone"])


def _zone_offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset > timedelta(hours=18):
        raise ValueError("zone out of range")
    return -offset if zone[0] == "-" else offset


def _shown(text: str) -> str:
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
