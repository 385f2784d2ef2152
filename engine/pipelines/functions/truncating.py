"""Dates rounded down to a stretch of time, and numbers and dates put into buckets.

Stretches of the calendar start at the year 1 and weeks on Monday; fixed ones are counted from 1970. All in UTC.
Source: Elasticsearch's ES|QL reference, DATE_TRUNC and BUCKET.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.pipelines.arithmetic import shifted
from engine.pipelines.casts import span_in
from engine.pipelines.functions.kinds import DATE, DATES, FREE, NUMBER, SPAN, TEXTS
from engine.pipelines.functions.shape import Function, Work
from engine.pipelines.operands import ABSENT, Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Period, Type, Value

Truncate = Callable[[datetime], datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_WEEK = timedelta(days=7)
_MOST_BUCKETS = 100_000
# What BUCKET chooses from, fine to coarse.
_SPANS: tuple[Period | timedelta, ...] = (
    *(timedelta(milliseconds=count) for count in (1, 10, 50, 100)),
    *(timedelta(seconds=count) for count in (1, 5, 10, 30)),
    *(timedelta(minutes=count) for count in (1, 5, 10, 30)),
    *(timedelta(hours=count) for count in (1, 3, 12)),
    *(Period(days=count) for count in (1, 7)),
    *(Period(months=count) for count in (1, 12)),
)


def truncation(span: Period | timedelta) -> Truncate:
    """Rounds dates down to this.

    Raises: TypeProblem for spans of nothing, and of months with days.
    """
    if isinstance(span, timedelta):
        return _fixed(span, _EPOCH)
    if span.months and not span.days and span.months > 0:
        return _of_months(span.months)
    if span.days and not span.months and span.days > 0:
        days = timedelta(days=span.days)
        return _fixed(days, _MONDAY if days == _WEEK else _EPOCH)
    raise TypeProblem("dates are rounded to a positive number of one unit, such as `1 day` or `3 months`")


def _fixed(span: timedelta, origin: datetime) -> Truncate:
    if span <= timedelta():
        raise TypeProblem("dates are rounded to a positive number of one unit, such as `1 day` or `3 months`")
    return lambda date: date - (date - origin) % span


def _of_months(count: int) -> Truncate:
    def truncate(date: datetime) -> datetime:
        months = ((date.year - 1) * 12 + date.month - 1) // count * count
        return datetime(months // 12 + 1, months % 12 + 1, 1, tzinfo=UTC)

    return truncate


def _truncated(date: Any, truncate: Truncate) -> Value:
    instant = DATE.read(date)
    try:
        return None if instant is None else truncate(instant)
    except (ArithmeticError, ValueError):
        return None


def _date_trunc(span: Value, date: Value) -> Value:
    length = span_in(span)
    try:
        return None if length is None else _truncated(date, truncation(length))
    except TypeProblem:
        return None


def _trunc_type(types: Sequence[Type]) -> Type:
    if not (SPAN.accepts(types[0]) or types[0] in TEXTS):
        raise TypeProblem(f"the first argument must be a timespan such as `1 hour`, and this is {types[0].value}", 0)
    if not DATE.accepts(types[1]):
        raise TypeProblem(f"only dates can be rounded like this, and this is {types[1].value}", 1)
    return types[1] if types[1] in DATES else Type.DATETIME


def _prepare_trunc(constants: tuple[Value | Absent, ...]) -> Work:
    if constants[0] is ABSENT or constants[0] is None:
        return _date_trunc
    span = span_in(constants[0])
    if span is None:
        raise TypeProblem("this is not a timespan such as `1 hour`", 0)
    truncate = truncation(span)
    return lambda _, date: _truncated(date, truncate)


def _bucket_type(types: Sequence[Type]) -> Type:
    if len(types) == 3:
        raise TypeProblem("BUCKET takes a size, or a number of buckets with both ends of the range", 2)
    if types[0] in DATES or (types[0] in FREE and SPAN.accepts(types[1]) and types[1] not in FREE):
        return types[0] if types[0] in DATES else Type.DATETIME
    if not NUMBER.accepts(types[0]):
        raise TypeProblem(f"buckets are made of numbers and dates, and this is {types[0].value}", 0)
    if not NUMBER.accepts(types[1]):
        raise TypeProblem(f"the size of a bucket of numbers is a number, and this is {types[1].value}", 1)
    return Type.DOUBLE


def _bucket(value: Value, size: Value, *ends: Value) -> Value:
    try:
        bucket = _bucketing(size, ends, isinstance(value, datetime))
    except (TypeProblem, ArithmeticError, ValueError):
        return None
    return None if bucket is None else bucket(value)


def _prepare_bucket(constants: tuple[Value | Absent, ...]) -> Work:
    size, *ends = constants[1:]
    if size is ABSENT or ABSENT in ends or None in (size, *ends):
        return _bucket
    works: dict[bool, Work | None] = {}
    for dates in (True, False):
        try:
            works[dates] = _bucketing(size, tuple(ends), dates)
        except (TypeProblem, ArithmeticError, ValueError):
            works[dates] = None
    if works[True] is None and works[False] is None:
        raise TypeProblem("there are no buckets of this size, or between these ends", 1)

    def work(value: Value, *_: Value) -> Value:
        bucket = works[not isinstance(value, int | float)]
        return None if bucket is None else bucket(value)

    return work


def _bucketing(size: Any, ends: Sequence[Any], dates: bool) -> Work | None:
    """What puts dates, or numbers, into buckets of this size, or into so many between two ends.

    Raises: TypeProblem, ArithmeticError or ValueError when there are no such buckets.
    """
    if dates:
        span = _chosen_span(size, ends) if ends else span_in(size)
        if span is None:
            return None
        truncate = truncation(span)
        return lambda date: _truncated(date, truncate)
    width = _chosen_width(size, ends) if ends else NUMBER.read(size)
    return None if width is None or not 0 < width < math.inf else _floored(float(width))


def _floored(width: float) -> Work:
    def bucket(value: Value) -> Value:
        number = NUMBER.read(value)
        try:
            return None if number is None else math.floor(number / width) * width
        except (ArithmeticError, ValueError):
            return None

    return bucket


def _chosen_width(count: Any, ends: Sequence[Any]) -> float | None:
    """A power of ten, or half of one, that makes at most so many buckets."""
    low, high = (NUMBER.read(end) for end in ends)
    if low is None or high is None or NUMBER.read(count) is None or not count > 0 or not high > low:
        return None
    exact = (high - low) / count
    power: float = 10.0 ** math.ceil(math.log10(exact))
    return power / 2 if exact < power / 2 else power


def _chosen_span(count: Any, ends: Sequence[Any]) -> Period | timedelta | None:
    """The finest stretch of time that makes at most so many buckets, the longest where none does."""
    first, last = (DATE.read(end) for end in ends)
    if first is None or last is None or not isinstance(count, int) or not 0 < count <= _MOST_BUCKETS or last < first:
        return None
    return next((span for span in _SPANS if _reaches(first, last, span, count)), _SPANS[-1])


def _reaches(first: datetime, last: datetime, span: Period | timedelta, count: int) -> bool:
    """Whether so many buckets from the first date on reach the last."""
    try:
        start = truncation(span)(first)
        length = Period(span.months * count, span.days * count) if isinstance(span, Period) else span * count
        return shifted(start, length) >= last
    except (ArithmeticError, ValueError):
        return True


TRUNCATING = (
    Function("date_trunc", 2, 2, _trunc_type, _date_trunc, prepare=_prepare_trunc),
    Function("bucket", 2, 4, _bucket_type, _bucket, prepare=_prepare_bucket),
    Function("bin", 2, 4, _bucket_type, _bucket, prepare=_prepare_bucket),
)
