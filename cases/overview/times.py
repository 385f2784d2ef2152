"""How long it took to detect, to acknowledge and to resolve: median and 90th percentile, never a mean.

An alert counts on the day of the act, not of its creation, so that last week is not flattered by what is still open.
What an exception closed by itself was looked at by nobody: it has no time to resolve, and none to acknowledge unless
a person acted on it before. A duplicate's work was done on its original: it has no time to resolve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.models import Reason
from cases.overview.period import Period
from cases.overview.sql import rows
from cases.overview.states import THEN, Then

_MEASURES = {
    "detect": ("event_time", "created_at", "true"),
    "acknowledge": (
        "created_at",
        "acknowledged_at",
        "NOT (closed_by_exception_id IS NOT NULL AND acknowledged_at = closed_at)",
    ),
    "resolve": ("created_at", "closed_at", f"closed_by_exception_id IS NULL AND reason <> '{Reason.DUPLICATE.value}'"),
}


def _statement(edge_of: str, start: str, end: str, counts: str) -> str:
    return f"""
        {THEN}
        SELECT {edge_of.format(end=end)}, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
            ORDER BY greatest(date_part('epoch', {end} - {start}), 0))
        FROM alert_then WHERE {end} > %(start)s AND {end} <= %(at)s AND {counts} GROUP BY 1
    """  # noqa: S608 - constants of this module


_WEEK_OF = "width_bucket({end} - interval '1 microsecond', %(edges)s::timestamptz[])"  # weeks are (from, to]
_IN_RANGE = {name: _statement("1", *parts) for name, parts in _MEASURES.items()}
_BY_WEEK = {name: _statement(_WEEK_OF, *_MEASURES[name]) for name in ("acknowledge", "resolve")}


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds; of `n` alerts. Without an alert there is no median."""

    n: int = 0
    median: float | None = None
    ninetieth: float | None = None


NOTHING = Took()


@dataclass(frozen=True, slots=True)
class Times:
    """The three times of the range, and two of them week by week, oldest week first."""

    detect: Took
    acknowledge: Took
    resolve: Took
    weekly_acknowledge: list[Took]
    weekly_resolve: list[Took]


def times(then: Then, period: Period) -> Times:
    """All times. Five queries."""
    in_range = {name: _in_range(name, then, period.start) for name in _MEASURES}
    return Times(
        **in_range,
        weekly_acknowledge=_by_week("acknowledge", then, period.week_edges),
        weekly_resolve=_by_week("resolve", then, period.week_edges),
    )


def _in_range(name: str, then: Then, start: datetime) -> Took:
    found = rows(_IN_RANGE[name], then.values | {"start": start})
    return _took(found[0]) if found else NOTHING


def _by_week(name: str, then: Then, edges: Sequence[datetime]) -> list[Took]:
    found = rows(_BY_WEEK[name], then.values | {"start": edges[0], "edges": list(edges)})
    by_week = {row[0]: _took(row) for row in found}
    return [by_week.get(number, NOTHING) for number in range(1, len(edges))]


def _took(row: Sequence[object]) -> Took:
    _, n, (median, ninetieth) = row  # type: ignore[misc]
    return Took(n, median, ninetieth)  # type: ignore[arg-type]
