"""Functions of dates, all in UTC.

Source: Elasticsearch's ES|QL reference, date and time functions; java.time's ChronoUnit and ChronoField.
"""

from calendar import day_name, month_name
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from engine.pipelines.casts import INTEGERS
from engine.pipelines.functions.kinds import DATE, TEXT, checked, reading
from engine.pipelines.functions.shape import Function, Takes, Work
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value

Difference = Callable[[datetime, datetime], int]
Part = Callable[[datetime], int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def _months(start: datetime, end: datetime) -> int:
    """Whole months between two dates, towards zero."""
    months = (end.year - start.year) * 12 + end.month - start.month
    within_start = (start.day, start.time())
    within_end = (end.day, end.time())
    if months > 0 and within_end < within_start:
        return months - 1
    return months + 1 if months < 0 and within_end > within_start else months


def _of_months(count: int) -> Difference:
    return lambda start, end: _towards_zero(_months(start, end), count)


def _of_ticks(span: timedelta) -> Difference:
    size = span // _TICK
    return lambda start, end: _towards_zero((end - start) // _TICK, size)


def _towards_zero(amount: int, size: int) -> int:
    whole = abs(amount) // size
    return whole if amount >= 0 else -whole


_UNITS: Mapping[str, Difference] = MappingProxyType(
    {
        name: difference
        for names, difference in (
            ("year years yy yyyy", _of_months(12)),
            ("quarter quarters qq q", _of_months(3)),
            ("month months mm m", _of_months(1)),
            ("dayofyear dy y day days dd d weekday weekdays dw", _of_ticks(timedelta(days=1))),
            ("week weeks wk ww", _of_ticks(timedelta(days=7))),
            ("hour hours hh", _of_ticks(timedelta(hours=1))),
            ("minute minutes mi n", _of_ticks(timedelta(minutes=1))),
            ("second seconds ss s", _of_ticks(timedelta(seconds=1))),
            ("millisecond milliseconds ms", _of_ticks(timedelta(milliseconds=1))),
            ("microsecond microseconds mcs", _of_ticks(_TICK)),
            ("nanosecond nanoseconds ns", lambda start, end: (end - start) // _TICK * 1_000),
        )
        for name in names.split()
    }
)


@reading(TEXT, DATE)
def _date_diff(unit: str, start: datetime, end: datetime) -> Value:
    difference = _UNITS.get(unit.lower())
    return None if difference is None else _integer(difference(start, end))


def _integer(number: int) -> int | None:
    return number if INTEGERS[0] <= number <= INTEGERS[1] else None


def _prepare_diff(constants: tuple[Value | Absent, ...]) -> Work:
    unit = constants[0]
    if not isinstance(unit, str):
        return _date_diff
    difference = _UNITS.get(unit.lower())
    if difference is None:
        raise TypeProblem(f"`{unit[:40]}` is not a unit that dates differ by, such as `minutes`", 0)

    @reading(DATE, DATE)
    def work(start: datetime, end: datetime) -> Value:
        return _integer(difference(start, end))

    return lambda _, start, end: work(start, end)


def _second_of_day(date: datetime) -> int:
    return date.hour * 3_600 + date.minute * 60 + date.second


def _day_of_year(date: datetime) -> int:
    return date.timetuple().tm_yday


_PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "aligned_day_of_week_in_month": lambda date: (date.day - 1) % 7 + 1,
        "aligned_day_of_week_in_year": lambda date: (_day_of_year(date) - 1) % 7 + 1,
        "aligned_week_of_month": lambda date: (date.day - 1) // 7 + 1,
        "aligned_week_of_year": lambda date: (_day_of_year(date) - 1) // 7 + 1,
        "ampm_of_day": lambda date: date.hour // 12,
        "clock_hour_of_ampm": lambda date: (date.hour % 12) or 12,
        "clock_hour_of_day": lambda date: date.hour or 24,
        "day_of_month": lambda date: date.day,
        "day_of_week": lambda date: date.isoweekday(),
        "day_of_year": _day_of_year,
        "epoch_day": lambda date: (date - _EPOCH).days,
        "era": lambda _: 1,
        "hour_of_ampm": lambda date: date.hour % 12,
        "hour_of_day": lambda date: date.hour,
        "instant_seconds": lambda date: (date - _EPOCH) // timedelta(seconds=1),
        "micro_of_day": lambda date: _second_of_day(date) * 1_000_000 + date.microsecond,
        "micro_of_second": lambda date: date.microsecond,
        "milli_of_day": lambda date: _second_of_day(date) * 1_000 + date.microsecond // 1_000,
        "milli_of_second": lambda date: date.microsecond // 1_000,
        "minute_of_day": lambda date: date.hour * 60 + date.minute,
        "minute_of_hour": lambda date: date.minute,
        "month_of_year": lambda date: date.month,
        "nano_of_day": lambda date: (_second_of_day(date) * 1_000_000 + date.microsecond) * 1_000,
        "nano_of_second": lambda date: date.microsecond * 1_000,
        "offset_seconds": lambda _: 0,
        "proleptic_month": lambda date: date.year * 12 + date.month - 1,
        "second_of_day": _second_of_day,
        "second_of_minute": lambda date: date.second,
        "year": lambda date: date.year,
        "year_of_era": lambda date: date.year,
    }
)


@reading(TEXT, DATE)
def _date_extract(part: str, date: datetime) -> Value:
    take = _PARTS.get(part.lower())
    return None if take is None else take(date)


def _prepare_extract(constants: tuple[Value | Absent, ...]) -> Work:
    part = constants[0]
    if not isinstance(part, str):
        return _date_extract
    take = _PARTS.get(part.lower())
    if take is None:
        raise TypeProblem(f"`{part[:40]}` is not a part of a date, such as `hour_of_day`", 0)

    @reading(DATE)
    def work(date: datetime) -> Value:
        return take(date)

    return lambda _, date: work(date)


@reading(DATE)
def _day_name(date: datetime) -> Value:
    return day_name[date.weekday()]


@reading(DATE)
def _month_name(date: datetime) -> Value:
    return month_name[date.month]


def _now() -> Value:
    """Null by itself: the compiler puts the end of the run's window in its place."""
    return None


DATING = (
    Function("date_diff", 3, 3, checked(Type.INTEGER, TEXT, DATE), _date_diff, prepare=_prepare_diff),
    Function("date_extract", 2, 2, checked(Type.LONG, TEXT, DATE), _date_extract, prepare=_prepare_extract),
    Function("day_name", 1, 1, checked(Type.KEYWORD, DATE), _day_name),
    Function("month_name", 1, 1, checked(Type.KEYWORD, DATE), _month_name),
    Function("now", 0, 0, lambda _: Type.DATETIME, _now, Takes.ALL),
)
