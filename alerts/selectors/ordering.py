"""The orders of the queue, paged by key. An order is a row of segments, and within each the same columns decide.

"Most urgent first" is two segments for each severity: what is past its target, then the rest. A segment is a filter on
columns, so each is read from the index of what waits (alerts/models: alert_waiting), and nothing is sorted by an
expression. What is past its target depends on the moment: a key carries that of the first page, and the pages after it
are cut from the same order, so an alert that crosses in between stays where it was and is neither left out nor doubled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from alerts.models import Alert, Severity, Status
from alerts.selectors.at_once import First, first_of_each
from alerts.selectors.in_turn import Part, in_turn, placed
from alerts.selectors.shapes import Numbers, QueueFilters

EVERYTHING = Q()
WAITING = ~Q(status=Status.CLOSED)
SHORT, SHORT_ABOUT_ONE = 2_000, 10_000
"""A list of no more alerts is looked at as a whole; one about somebody or something tends to fold much, and is longer
before walking along it costs less.
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where an alert stands in an order, and its fold; None for one that is of none, or closed. `behind` is the fold's
    size, newest alert and number of fresh ones, where the whole list was looked at.
    """

    pk: int
    fold: bytes | None
    key: list[Any]
    behind: tuple[int, int, int] | None = None


def fold_shown(fold: bytes | memoryview | None, status: str) -> bytes | None:
    """The fold under which an alert is shown: only what is not closed folds."""
    return None if fold is None or status == Status.CLOSED else bytes(fold)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _head_of(first: First) -> Head:
    key = [first.part, *map(_json, first.values)]
    return Head(key[-1], first.fold, key, (first.size, first.newest, first.fresh))


@dataclass(frozen=True, slots=True)
class Order:
    """An order: columns, all of them downwards or all upwards, the last one `pk`, within segments if any.

    `targets` (severity to time) are given for an order that has what is past its target first, as of `moment`.
    """

    columns: tuple[str, ...]
    down: bool = True
    moment: datetime | None = None
    targets: tuple[tuple[int, timedelta], ...] = ()
    waiting: bool = False  # nothing closed is asked for, so "not past" needs no more than the age
    narrow: bool = False  # likely few alerts are asked for, so those of the first segments will not do
    number: int | None = None  # how many alerts are asked for, where they were counted: up to 10,001

    def read(self, alerts: QuerySet[Alert], limit: int, after: Sequence[Any] | None = None) -> list[Alert]:
        """The first of these alerts after a key. One query, or two where there are several segments."""
        parts = self._parts(after)
        if len(parts) == 1:
            return list(alerts.filter(parts[0][1]).order_by(*self._by)[:limit])
        numbers = self.numbers(alerts, limit, after)
        found = {alert.pk: alert for alert in alerts.filter(pk__in=numbers)} if numbers else {}
        return [found[number] for number in numbers if number in found]

    def numbers(self, alerts: QuerySet[Alert], limit: int, after: Sequence[Any] | None = None) -> list[int]:
        """The same as their numbers alone. One query."""
        return [head.pk for head in self.heads(alerts, limit, after)]

    def heads(self, alerts: QuerySet[Alert], limit: int, after: Sequence[Any] | None = None) -> list["Head"]:
        """The same as what folding looks at: number, fold, and where each stands. One query, or two."""
        asked = self._parts(after), self._names, self._columns_by, limit
        if self.short:
            return self._heads(placed(alerts, *asked))
        return self._heads(in_turn(alerts, *asked, at_once=self.narrow and self.number is None))

    def faces(self, alerts: QuerySet[Alert], limit: int, most: int) -> tuple[list["Head"] | None, Numbers]:
        """The first of each fold, and each that is of none, out of all alerts, None where these are more than `most`;
        and how many they are. One query that looks at every one.
        """
        found = first_of_each(alerts, self._parts(None), self._columns_by, limit, most)
        return None if found.firsts is None else [_head_of(one) for one in found.firsts], found.numbers

    def _heads(self, rows: Iterable[tuple[Any, ...]]) -> list["Head"]:
        return [
            Head(number, fold_shown(fold, status), [segment, *map(_json, values), number])
            for segment, number, fold, status, *values in rows
        ]

    def key(self, alert: Alert) -> list[Any]:
        """Where an alert stands in this order, as JSON takes it: its segment, then the columns' values."""
        return [self._segment_of(alert), *(_json(getattr(alert, name)) for name in self.columns)]

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

    def counted(self, number: int) -> "Order":
        """The same order of a list of which it is known how long it is."""
        return replace(self, number=number)

    @property
    def short(self) -> bool:
        """Whether the list is known to have no more alerts than can be looked at with each page."""
        return self.number is not None and self.number <= (SHORT_ABOUT_ONE if self.narrow else SHORT)

    def reversed(self) -> "Order":
        """The same order from its other end."""
        return replace(self, down=not self.down)

    @property
    def _names(self) -> tuple[str, ...]:
        return "id", "fold", "status", *self.columns[:-1]

    @property
    def _by(self) -> list[str]:
        return [f"-{name}" if self.down else name for name in self.columns]

    @property
    def _columns_by(self) -> list[str]:
        """The same as the columns are called in the table; the last of them is the number."""
        return [*self._by[:-1], "-id" if self.down else "id"]

    def reached(self, key: Sequence[Any]) -> Q:
        """What stands at the key or before it."""
        near, same = Q(pk__in=[]), Q()
        for name, value in zip(self.columns, key[1:], strict=True):
            near |= same & Q(**{f"{name}__{'gt' if self.down else 'lt'}": value})
            same &= Q(**{name: value})
        found = Q(pk__in=[])
        for number, segment in enumerate(self._segments()):
            if number < key[0] if self.down else number > key[0]:
                found |= segment
            elif number == key[0]:
                found |= segment & (near | same)
        return found

    def is_after(self, one: Sequence[Any], other: Sequence[Any]) -> bool:
        """Whether the first key stands behind the second."""
        if one[0] != other[0]:
            return bool((one[0] > other[0]) is self.down)
        values, others = tuple(map(_moment, one[1:])), tuple(map(_moment, other[1:]))
        return values < others if self.down else values > others

    def _parts(self, after: Sequence[Any] | None) -> "list[Part]":
        """The segments with their numbers, in order, from the one in which the key lies; of that what comes after."""
        numbered = list(enumerate(self._segments()))
        found = list[Part]()
        for number, segment in numbered if self.down else reversed(numbered):
            if after is None or (number > after[0] if self.down else number < after[0]):
                found.append((number, segment))
            elif number == after[0]:
                found.append((number, segment & self._beyond(after[1:])))
        return found

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
            old = Q(severity=severity, created_at__lt=since)
            if self.waiting:
                found += [old, Q(severity=severity, created_at__gte=since)]
            else:
                found += [WAITING & old, Q(severity=severity) & ~(WAITING & Q(created_at__lt=since))]
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
    return Order(("risk_score", "pk"), moment=moment, targets=times, waiting=waiting, narrow=_is_narrow(filters))


def _is_narrow(filters: QueueFilters) -> bool:
    """Whether the filters let through what is about somebody or something, and not most of what waits."""
    about = filters.host, filters.user_name, filters.rule_id, filters.kql, filters.fold, filters.tag, filters.technique
    return any(about) or filters.assignee not in ("", "nobody")


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
