"""Of which instant the figures speak, and over which time: the same figures for today and for any past date."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
WEEKS = 12
SPANS = {"7d": timedelta(days=7), "30d": timedelta(days=30), "quarter": timedelta(days=91)}
MOST_DAYS = 732  # a range of the person's own is at most two years long
_CHART_DAYS = 14
_MOST_COLUMNS = 31


@dataclass(frozen=True, slots=True)
class Period:
    """Figures are as of `at`, the end of the range (start, at]. Days are those of `zone`."""

    name: str
    start: datetime
    at: datetime
    now: datetime
    zone: tzinfo

    @property
    def is_past(self) -> bool:
        """Whether the figures are not of this moment."""
        return self.at < self.now

    @property
    def week_edges(self) -> list[datetime]:
        """The thirteen edges of the twelve weeks that end at `at`, oldest first."""
        return [self.at - WEEK * number for number in range(WEEKS, -1, -1)]

    @property
    def column_edges(self) -> list[datetime]:
        """The edges of the columns per day: the range, two weeks at least; weeks where days would be too many.

        The first and last column may be cut by the range, so the first edge is a midnight and the last is `at`.
        """
        first = min(_midnight(self.start, self.zone), _midnight(self.at - DAY * (_CHART_DAYS - 1), self.zone))
        days = (self.at - first) / DAY
        if days > _MOST_COLUMNS:
            weeks = int((self.at - self.start) / WEEK + 0.999)
            return [self.at - WEEK * number for number in range(weeks, -1, -1)]
        edges = [first]
        while (following := _next_midnight(edges[-1], self.zone)) < self.at:
            edges.append(following)
        return [*edges, self.at]

    @property
    def columns_are_weeks(self) -> bool:
        """Whether a column stands for a week."""
        edges = self.column_edges
        return len(edges) > 1 and edges[1] - edges[0] > timedelta(days=2)

    @property
    def instants(self) -> list[datetime]:
        """When to look at the backlog for its small line: about ten moments, oldest first, `at` last."""
        whole = max(self.at - self.start, WEEK)
        number = 7 if whole <= WEEK else 10
        return [self.at - whole / number * back for back in range(number, -1, -1)]


def period_of(
    name: str,
    *,
    now: datetime,
    zone: tzinfo,
    at: datetime | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Period:
    """The period that a person chose. `at` is never in the future; a range from day to day ends with its last day."""
    end = min(at or now, now)
    if name == "custom" and first and last:
        end = min(end, _midnight_of(last + DAY, zone))
        start = min(_midnight_of(max(first, last - timedelta(days=MOST_DAYS)), zone), end)
        return Period(name, start, end, now, zone)
    if name == "today":
        return Period(name, _midnight(end, zone), end, now, zone)
    name = name if name in SPANS else "7d"
    return Period(name, end - SPANS[name], end, now, zone)


def _midnight(moment: datetime, zone: tzinfo) -> datetime:
    return _midnight_of(moment.astimezone(zone).date(), zone)


def _next_midnight(moment: datetime, zone: tzinfo) -> datetime:
    return _midnight_of(moment.astimezone(zone).date() + DAY, zone)


def _midnight_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
