"""The orders of the queue, paged by key. An order is a row of segments, and within each the same columns decide.

"Most urgent first" is two segments for each severity: what is past its target, then the rest. A segment is a filter on
columns, so each is read from the index of what waits (alerts/models.py: alert_waiting), and nothing is sorted by an
expression. What is past its target depends on the moment: a key carries that of the first page, and the pages after it
are cut from the same order, so an alert that crosses in between stays where it was and is neither left out nor doubled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import IntegerField, Q, QuerySet, Value

from alerts.models import Alert, Severity, Status
from alerts.selectors.shapes import QueueFilters

EVERYTHING = Q()
WAITING = ~Q(status=Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Order:
    """An order: columns, all of them downwards or all upwards, the last one the number, within segments if any.

    `targets` (severity to time) are given for an order that has what is past its target first, as of `moment`.
    """

    columns: tuple[str, ...]
    down: bool = True
    moment: datetime | None = None
    targets: tuple[tuple[int, timedelta], ...] = ()
    waiting: bool = False  # nothing closed is asked for, so "not past" needs no more than the age

    def read(self, alerts: QuerySet[Alert], limit: int, after: Sequence[Any] | None = None) -> list[Alert]:
        """The first of these alerts after a key. One query, or two where there are several segments."""
        parts = self._parts(alerts, after)
        if len(parts) == 1:
            return list(parts[0][:limit])
        numbers = self._joined(parts, limit)
        found = {alert.pk: alert for alert in alerts.filter(pk__in=numbers)} if numbers else {}
        return [found[number] for number in numbers if number in found]

    def numbers(self, alerts: QuerySet[Alert], limit: int, after: Sequence[Any] | None = None) -> list[int]:
        """The same as their numbers alone. One query."""
        parts = self._parts(alerts, after)
        return list(parts[0].values_list("pk", flat=True)[:limit]) if len(parts) == 1 else self._joined(parts, limit)

    def _joined(self, parts: Sequence[QuerySet[Alert]], limit: int) -> list[int]:
        """The first numbers of several segments, one after the other; each segment is read no further than needed."""
        names = dict.fromkeys(("pk", *self.columns))
        numbered = [
            part.values(*names, segment=Value(at, output_field=IntegerField()))[:limit] for at, part in enumerate(parts)
        ]
        joined = numbered[0].union(*numbered[1:], all=True).order_by("segment", *self._by)[:limit]
        return [row["pk"] for row in joined]

    def key(self, alert: Alert) -> list[Any]:
        """Where an alert stands in this order, as JSON takes it: its segment, then the columns' values."""
        values = (getattr(alert, name) for name in self.columns)
        told = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return [self._segment_of(alert), *told]

    @property
    def shape(self) -> str:
        """What a key of this order can be read as: its columns, the way they run, and the severities of its segments.

        Filters change it too: a list of closed alerts has no segments, one of two severities has four.
        """
        severities = ",".join(str(severity) for severity, _ in self.targets)
        return f"{','.join(self._by)}:{severities}"

    def as_of(self, moment: datetime) -> "Order":
        """The same order with what is past its target at another moment."""
        return self if self.moment is None else replace(self, moment=moment)

    def reversed(self) -> "Order":
        """The same order from its other end."""
        return replace(self, down=not self.down)

    @property
    def _by(self) -> list[str]:
        return [f"-{name}" if self.down else name for name in self.columns]

    def _parts(self, alerts: QuerySet[Alert], after: Sequence[Any] | None) -> list[QuerySet[Alert]]:
        """The alerts of each segment in order, from the one in which the key lies."""
        numbered = list(enumerate(self._segments()))
        found = []
        for number, segment in numbered if self.down else reversed(numbered):
            if after is None or (number > after[0] if self.down else number < after[0]):
                found.append(alerts.filter(segment))
            elif number == after[0]:
                found.append(alerts.filter(segment & self._beyond(after[1:])))
        return [part.order_by(*self._by) for part in found]

    def _beyond(self, key: Sequence[Any]) -> Q:
        """What comes after the key's values within a segment."""
        step = "lt" if self.down else "gt"
        beyond, same = Q(), Q()
        for name, value in zip(self.columns, key, strict=True):
            beyond |= same & Q(**{f"{name}__{step}": value})
            same &= Q(**{name: value})
        # Said once more for the first column alone, so that its index is of use.
        return Q(**{f"{self.columns[0]}__{step}e": key[0]}) & beyond

    def _segments(self) -> list[Q]:
        """Downwards: the gravest severity first, and of each what is past its target first."""
        if self.moment is None or not self.targets:
            return [EVERYTHING]
        found = []
        for severity, within in self.targets:
            since = self.moment - within
            past = WAITING & Q(created_at__lt=since)
            rest = WAITING & Q(created_at__gte=since) if self.waiting else ~past
            found += [Q(severity=severity) & past, Q(severity=severity) & rest]
        return found

    def _segment_of(self, alert: Alert) -> int:
        if self.moment is None or not self.targets:
            return 0
        at = next(at for at, (severity, _) in enumerate(self.targets) if severity == alert.severity)
        return 2 * at + (not is_past(alert, dict(self.targets), self.moment))


NEWEST = Order(("created_at", "pk"))
OLDEST = replace(NEWEST, down=False)
URGENT = Order(("severity", "risk_score", "pk"))
_NEVER = timedelta(days=36_500)  # a severity without a target


def order_of(filters: QueueFilters, targets: Mapping[int, timedelta], moment: datetime) -> Order:
    """The order that the filters ask for. Where nothing waits, nothing is past its target."""
    if filters.sort in ("newest", "oldest"):
        return NEWEST if filters.sort == "newest" else OLDEST
    if filters.statuses == (Status.CLOSED.value,):
        return URGENT
    wanted = [level for level in reversed(Severity.values) if not filters.severities or level in filters.severities]
    times = tuple((level, targets.get(level, _NEVER)) for level in wanted)
    waiting = bool(filters.statuses) and Status.CLOSED not in filters.statuses
    return Order(("risk_score", "pk"), moment=moment, targets=times, waiting=waiting)


def is_past(alert: Alert, targets: Mapping[int, timedelta], now: datetime) -> bool:
    """Whether the alert is not closed and older than the target of its severity."""
    within = targets.get(alert.severity)
    return alert.status != Status.CLOSED and within is not None and alert.created_at < now - within


def past(targets: Mapping[int, timedelta], now: datetime) -> Q:
    """The alerts of which that is so."""
    found = Q(pk__in=[])
    for severity, within in targets.items():
        found |= Q(severity=severity, created_at__lt=now - within)
    return WAITING & found
