"""What came and what went: alerts opened and closed, in the range and per day; how the closed ones were judged."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.models import Reason
from cases.overview.period import Period
from cases.overview.sql import rows
from cases.overview.states import THEN, Then

_PER_DAY = f"""
{THEN}
SELECT 'opened', width_bucket(created_at - interval '1 microsecond', %(edges)s::timestamptz[]), count(*)
FROM alert_then WHERE created_at > %(first)s AND created_at <= %(at)s GROUP BY 2
UNION ALL
SELECT 'closed', width_bucket(closed_at - interval '1 microsecond', %(edges)s::timestamptz[]), count(*)
FROM alert_then WHERE closed_at > %(first)s AND closed_at <= %(at)s GROUP BY 2
"""
_OPENED = f"""
{THEN}
SELECT rule_id, count(*) FROM alert_then WHERE created_at > %(start)s AND created_at <= %(at)s GROUP BY 1
"""
_JUDGED = f"""
{THEN}
SELECT rule_id, width_bucket(closed_at - interval '1 microsecond', %(edges)s::timestamptz[]),
    closed_at > %(start)s, CASE WHEN closed_by_exception_id IS NULL THEN reason ELSE 'exception' END, count(*)
FROM alert_then WHERE closed_at > %(first)s AND closed_at <= %(at)s GROUP BY 1, 2, 3, 4
"""
EXCEPTION = "exception"


@dataclass(slots=True)
class Closings:
    """Closed alerts by reason; those that an exception closed by itself stand apart, whatever reason it gave."""

    by: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by.values())

    @property
    def verdicts(self) -> int:
        """True, benign and false positives: closings that say what the alert was."""
        return self.true_positive + self.benign + self.false_positive

    @property
    def true_positive(self) -> int:
        """Closed as true positive by a person."""
        return self.by.get(Reason.TRUE_POSITIVE, 0)

    @property
    def benign(self) -> int:
        """Closed as benign positive by a person."""
        return self.by.get(Reason.BENIGN_POSITIVE, 0)

    @property
    def false_positive(self) -> int:
        """Closed as false positive by a person."""
        return self.by.get(Reason.FALSE_POSITIVE, 0)

    @property
    def duplicate(self) -> int:
        """Closed as duplicate by a person."""
        return self.by.get(Reason.DUPLICATE, 0)

    @property
    def other(self) -> int:
        """Closed for another reason by a person."""
        return self.by.get(Reason.OTHER, 0)

    @property
    def by_exception(self) -> int:
        """Closed by an exception that covered them."""
        return self.by.get(EXCEPTION, 0)

    @property
    def in_vain(self) -> float | None:
        """The share of verdicts that are benign or false, between 0 and 1; nothing without a verdict."""
        return (self.benign + self.false_positive) / self.verdicts if self.verdicts else None


@dataclass(frozen=True, slots=True)
class Column:
    """A day (or a week): (from, to]."""

    start: datetime
    end: datetime
    opened: int
    closed: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything that came and went."""

    opened: int
    closed: Closings
    columns: list[Column]
    weekly: list[Closings]  # twelve weeks, oldest first
    opened_by_rule: dict[str, int]
    judged_by_rule: dict[str, Closings]  # over the twelve weeks


def flow(then: Then, period: Period) -> Flow:
    """What came and went. Three queries."""
    opened = dict(rows(_OPENED, then.values | {"start": period.start}))
    edges = period.week_edges
    values = then.values | {"start": period.start, "first": period.looks_back_to, "edges": edges}
    judged = rows(_JUDGED, values)
    by_week = _gathered((week, reason, count) for _, week, _, reason, count in judged)
    return Flow(
        opened=sum(opened.values()),
        closed=_gathered((0, reason, count) for _, _, inside, reason, count in judged if inside)[0],
        columns=_columns(then, period.column_edges),
        weekly=[by_week[number] for number in range(1, len(edges))],
        opened_by_rule=opened,
        judged_by_rule=dict(_gathered((rule, why, count) for rule, week, _, why, count in judged if week > 0)),
    )


def _gathered(counts: Iterable[tuple[object, str, int]]) -> dict[object, Closings]:
    found: dict[object, Closings] = defaultdict(Closings)
    for key, reason, count in counts:
        found[key].by[reason] += count
    return found


def _columns(then: Then, edges: Sequence[datetime]) -> list[Column]:
    found = rows(_PER_DAY, then.values | {"first": edges[0], "edges": list(edges)})
    counts = {(kind, number): count for kind, number, count in found}
    return [
        Column(start, end, counts.get(("opened", number), 0), counts.get(("closed", number), 0))
        for number, (start, end) in enumerate(zip(edges, edges[1:], strict=False), 1)
    ]
