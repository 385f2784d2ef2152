"""Alerts over time by severity, for the bars above the queue."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from accounts.models import User
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.numbers import named
from alerts.selectors.shapes import Histogram, QueueFilters, Spread
from events.searching import fetch
from soc.web.remembered import Remembered

DEFAULT_SPAN = timedelta(hours=24)
LONGEST_SPAN = timedelta(days=92)
NOT_READ = Spread()
_STEPS = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 7 * 86_400)
# Bars of all alerts, whatever became of them, stay as they are: an alert is raised at the time that it says. So the
# many behind long bars are counted every two minutes only, but for those that may still come in.
MANY = 2_000
SETTLED = timedelta(minutes=15)
# What KQL lets through is counted by no index that is made for it, so counting may take this long and no longer.
SECONDS = 1.0
_MOMENT = timedelta(microseconds=1)
Counts = tuple[int, int, int, int]
_NOTHING = (0, 0, 0, 0)
_BARS = """
SELECT (extract(epoch FROM at - %s) / %s)::int, severity, number
FROM (SELECT date_bin(%s, created_at, %s) AS at, severity, count(*) AS number FROM ({shown}) AS shown GROUP BY 1, 2)
"""


@dataclass(frozen=True, slots=True)
class _Counted:
    """The bars from one time up to another, by when they begin; one without alerts is left out."""

    start: datetime
    end: datetime
    bars: Mapping[datetime, Counts]


class _TooLong(Exception):  # noqa: N818
    """Counting took longer than bars are worth."""


_Count = Callable[[datetime, datetime], dict[datetime, Counts]]
_known = Remembered[_Counted](120.0, 64)
_too_long = Remembered[bool](120.0, 64)


def histogram(
    *, user: User, filters: QueueFilters, now: datetime, buckets: int = 96, spread: Spread = NOT_READ
) -> Histogram:
    """Alerts over time by severity; at most about `buckets` buckets. One query, or none where a search has met each.

    `spread` is what reading the list told: without a start the bars begin with its oldest alert, else a day ago; and
    what KQL lets through is drawn as far as it is known, else everything that the other filters do.
    """
    end = filters.until or now
    start = filters.since or max(min(spread.oldest or end, end - DEFAULT_SPAN), end - LONGEST_SPAN)
    seconds = _bucket_seconds((end - start).total_seconds(), buckets)
    step = timedelta(seconds=seconds)
    first = datetime.fromtimestamp(start.timestamp() // seconds * seconds, UTC)
    asked = _Counted(first, end, {})
    shown = replace(filters, since=None, until=None, folded=False, sort="")
    known = _bars_known(user, shown, spread, asked, step, now)
    bars = _all_bars(user, replace(shown, kql=""), asked, step, now) if known is None else known
    number = int((end - first).total_seconds() // seconds) + 1
    drawn = [bars.get(first + at * step, _NOTHING) for at in range(number)]
    return Histogram(first, seconds, drawn, end >= now, judged=known is not None or not filters.kql.strip())


def _all_bars(
    user: User, filters: QueueFilters, asked: _Counted, step: timedelta, now: datetime
) -> Mapping[datetime, Counts]:
    """The bars of everything that filters without KQL let through."""

    def count(start: datetime, end: datetime) -> dict[datetime, Counts]:
        return _counted(filtered(user, replace(filters, since=start), now), start, end, step)

    return _bars((named(user, filters), step), filters, count, asked, step, now)


def _bars_known(
    user: User, filters: QueueFilters, spread: Spread, asked: _Counted, step: timedelta, now: datetime
) -> Mapping[datetime, Counts] | None:
    """The bars of what KQL lets through; None where nobody knows all of it, counting it takes too long, or nothing was
    asked."""
    if spread.each is not None:
        begun = ((at, severity) for at, severity in spread.each if asked.start <= at <= asked.end)
        return _stacked((at - (at - asked.start) % step, severity, 1) for at, severity in begun)
    alerts, name = spread.alerts, (named(user, filters), step)
    if alerts is None or _too_long.get(name):
        return None
    try:
        return _bars(name, filters, lambda start, end: _counted(alerts, start, end, step, SECONDS), asked, step, now)
    except _TooLong:
        _too_long.put(name, True)
        return None


def _bars(
    name: Hashable, filters: QueueFilters, count: _Count, asked: _Counted, step: timedelta, now: datetime
) -> Mapping[datetime, Counts]:
    """The bars of that time, out of what is known of it and what has to be counted.

    What KQL lets through is counted from the very start that was asked for, which may lie within the first bar.
    """
    known = _known.get(name) if _is_lasting(filters) else None
    if known is not None and known.start <= asked.start <= known.end <= asked.end:
        bars = {**known.bars, **count(known.end, asked.end)}
        if filters.kql and asked.start < known.end:
            first = count(asked.start, asked.start + step - _MOMENT)
            bars[asked.start] = first.get(asked.start, _NOTHING)
        return bars
    bars = count(asked.start, asked.end)
    _remember(name, filters, _Counted(asked.start, asked.end, bars), step, now)
    return bars


def _is_lasting(filters: QueueFilters) -> bool:
    """Whether the filters ask for nothing that people change, so that what they let through stays what it is."""
    of_people = filters.statuses, filters.assignee, filters.snoozed, filters.fold, filters.closed_since
    return not any(of_people) and not filters.past_target


def _remember(name: Hashable, filters: QueueFilters, counted: _Counted, step: timedelta, now: datetime) -> None:
    """Keep the bars of long ago where it took long to count them. How long KQL takes, its bars do not say."""
    settled = counted.start + max((min(counted.end, now - SETTLED) - counted.start) // step, 0) * step
    if _is_lasting(filters) and (filters.kql or sum(map(sum, counted.bars.values())) >= MANY):
        bars = {at: one for at, one in counted.bars.items() if at < settled}
        _known.put(name, _Counted(counted.start, settled, bars))


def _counted(
    alerts: QuerySet[Alert], start: datetime, end: datetime, step: timedelta, seconds: float | None = None
) -> dict[datetime, Counts]:
    """The bars from `start`, where one begins, to `end`. One query. Raises: _TooLong."""
    return _stacked(_grouped(alerts.filter(created_at__gte=start, created_at__lte=end), start, step, seconds))


def _stacked(counted: Iterable[tuple[datetime, int, int]]) -> dict[datetime, Counts]:
    """Bars out of numbers by when they begin and severity."""
    bars = dict[datetime, list[int]]()
    for at, severity, count in counted:
        bars.setdefault(at, [0, 0, 0, 0])[severity - 1] += count
    return {at: (low, medium, high, critical) for at, (low, medium, high, critical) in bars.items()}


def _grouped(
    alerts: QuerySet[Alert], start: datetime, step: timedelta, seconds: float | None
) -> list[tuple[datetime, int, int]]:
    """How many alerts of each severity each bar has. Bars come by their number, since times take long to read.

    Raises: _TooLong.
    """
    try:
        sql, values = alerts.order_by().values("created_at", "severity").query.sql_with_params()
    except EmptyResultSet:
        return []
    given: list[Any] = [start, step.total_seconds(), step, start, *values]
    rows = fetch(_BARS.format(shown=sql), given, seconds)
    if rows is None:
        raise _TooLong
    return [(start + number * step, severity, count) for number, severity, count in rows]


def _bucket_seconds(span_seconds: float, buckets: int) -> int:
    """The shortest round step that needs no more than this many buckets."""
    return next((step for step in _STEPS if span_seconds / step <= buckets), _STEPS[-1])
