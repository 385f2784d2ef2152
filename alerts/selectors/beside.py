"""The rows before and after an alert in the queue that it was opened from, and its own place in that queue.

The order is read both ways from the alert, some sixty alerts each; where that reaches an end of the queue, all there
is to know is in it. Deeper in a queue two questions more are asked: which folds have their row elsewhere, and how many
rows there are up to a bound. The queue's filter is made SQL once for all of them.
"""
# ruff: noqa: S608  (the names in statements are ours, and the filter is Django's own SQL)

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from alerts.models import Alert
from alerts.selectors import queue_page
from alerts.selectors.ordering import Order, fold_shown, order_of
from alerts.selectors.shapes import Neighbours, QueueFilters
from alerts.targets import targets
from soc.web.counts import Count

LOOKED_AT = 60
"""So many alerts are looked at before and after the alert."""
MOST_COUNTED = 1_000
_NOWHERE = Neighbours(None, None)
_COLUMNS = ("id", "fold", "status", "severity", "risk_score", "created_at")
_NAMES = {"pk": "id"}


class _Row(NamedTuple):
    pk: int
    fold: bytes | None  # None for one that stands alone
    key: tuple[Any, ...]  # its segment, then the columns of the order

    @property
    def row(self) -> bytes | int:
        """What tells its row of the queue from others."""
        return self.pk if self.fold is None else self.fold


def neighbours(
    *,
    user: User,
    filters: QueueFilters,
    alert: Alert,
    now: datetime,
    times: Mapping[int, timedelta] | None = None,
) -> Neighbours:
    """The rows before and after this alert in the queue, as it is now, and its place there. Three to six queries; with
    KQL that columns do not tell, alerts are gone through one by one and no place is told.

    `times` are the targets, if they were read before.

    Raises: LanguageError.
    """
    times = targets() if times is None else times
    order = order_of(filters, times, now)
    if order.targets and alert.severity not in dict(order.targets):
        return _NOWHERE  # the queue it was opened from does not show its severity
    base, tree = queue_page.asked_of(user, filters, now)

    def one_by_one() -> Neighbours:
        return queue_page.neighbours(user=user, filters=filters, alert=alert, now=now, times=times)

    if tree is not None:
        return one_by_one()
    try:
        return _Queue(_compiled(base), order, alert, filters.folded).found(one_by_one)
    except EmptyResultSet:
        return _NOWHERE


def _compiled(alerts: QuerySet[Alert]) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = alerts.order_by().values(*_COLUMNS).query.sql_with_params()
    return sql, tuple(parameters)


@dataclass
class _Queue:
    """A queue's filter as SQL, its order, and the alert in it."""

    base: tuple[str, tuple[Any, ...]]
    order: Order
    alert: Alert
    folded: bool

    def found(self, one_by_one: Callable[[], Neighbours]) -> Neighbours:
        """The neighbours and the place; where large folds lie around it the neighbours are gone for one by one."""
        moved = self._elsewhere()
        before, after = self._previous(moved), self._next(moved)
        place, total = self._counted(moved)
        if before is _UNDECIDED or after is _UNDECIDED:
            return replace(one_by_one(), place=place, total=total)
        return Neighbours(_pk(before), _pk(after), place, total)

    @cached_property
    def ahead(self) -> list[_Row]:
        """What stands behind the alert, the nearest first."""
        return self._read(forward=True)

    @cached_property
    def back(self) -> list[_Row]:
        """What stands before it, the nearest first."""
        return self._read(forward=False)

    @property
    def _all_before(self) -> bool:
        return len(self.back) < LOOKED_AT

    @property
    def _own(self) -> bytes | None:
        return fold_shown(self.alert.fold, self.alert.status) if self.folded else None

    def _next(self, moved: frozenset[bytes]) -> Any:
        shown = {row.fold for row in self.back} | moved | {self._own}
        after = next((row for row in self.ahead if row.fold is None or row.fold not in shown), None)
        return after if after or len(self.ahead) < LOOKED_AT else _UNDECIDED

    def _previous(self, moved: frozenset[bytes]) -> Any:
        first = {row.fold: row.pk for row in self.back}  # of each fold the one that stands farthest back
        faces = (row for row in self.back if row.fold is None or (first[row.fold] == row.pk and row.fold not in moved))
        before = next(faces, None)
        return before if before or self._all_before else _UNDECIDED

    def _counted(self, moved: frozenset[bytes]) -> tuple[int | None, Count | None]:
        """Its place among the rows, and how many they are; nothing for an alert that the queue does not show now."""
        ends = self._all_before and len(self.ahead) < LOOKED_AT
        here, before, total = self._numbers(whole=ends)
        if not here:
            return None, None
        if ends:
            total = Count(len({row.row for row in (*self.back, *self.ahead)} | {self._own or self.alert.pk}))
        if self._all_before:
            return 1 + len({row.row for row in self._before_its_row()}), total
        of_a_row_before = self._own is not None and self._own in moved | {row.fold for row in self.back}
        return None if of_a_row_before or before is None else 1 + before, total

    def _before_its_row(self) -> list[_Row]:
        """What stands before the row that shows the alert, which is that of the first of its fold."""
        at = max((at for at, row in enumerate(self.back) if row.fold and row.fold == self._own), default=-1)
        return self.back[at + 1 :]

    # ---- in SQL ----

    def _read(self, *, forward: bool) -> list[_Row]:
        """The nearest on one side: those of the alert's own segment of the order, and only where they are few, too, the
        others' at once."""
        parts = list(self._parts(forward=forward))
        own = parts.pop(0 if forward else -1)
        found = self._first_of([own], LOOKED_AT, forward=forward)
        if parts and len(found) < LOOKED_AT:
            found += self._first_of(parts, LOOKED_AT - len(found), forward=forward)
        return found

    def _first_of(self, parts: Sequence[tuple[int, str, list[Any]]], most: int, *, forward: bool) -> list[_Row]:
        way = "DESC" if self.order.down is forward else "ASC"
        columns = [_NAMES.get(name, name) for name in self.order.columns]
        by = ", ".join(f"{name} {way}" for name in columns)
        shown = ", ".join(["id", self._fold, *(name for name in columns if name != "id")])
        each = [
            f"(SELECT {at} AS segment, {shown} FROM b WHERE {where} ORDER BY {by} LIMIT {most})"
            for at, where, _ in parts
        ]
        statement = (
            f"SELECT id, fold, segment, {', '.join(columns)} FROM ({' UNION ALL '.join(each)}) AS x "
            f"ORDER BY segment {'ASC' if forward else 'DESC'}, {by} LIMIT {most}"
        )
        rows = self._asked(statement, [one for _, _, more in parts for one in more])
        return [_Row(pk, bytes(fold) if fold is not None else None, tuple(key)) for pk, fold, *key in rows]

    @property
    def _fold(self) -> str:
        return "CASE WHEN status <> 'closed' THEN fold END AS fold" if self.folded else "NULL::bytea AS fold"

    def _elsewhere(self) -> frozenset[bytes]:
        """Which of the folds that were met have an alert before all that was looked at. One query, none near the top;
        an index alone answers it for all folds together."""
        if self._all_before or not self.folded:
            return frozenset()
        asked = [fold for fold in {*(row.fold for row in (*self.ahead, *self.back)), self._own} if fold]
        parts = self._stands_before(self.back[-1].key)
        told = " OR ".join(
            f"EXISTS (SELECT 1 FROM b WHERE b.fold = f.fold AND b.status <> 'closed' AND {text})" for text, _ in parts
        )
        values = [one for _, more in parts for one in more]
        rows = self._asked(f"SELECT fold FROM unnest(%s::bytea[]) AS f (fold) WHERE {told}", [asked, *values])
        return frozenset(bytes(fold) for (fold,) in rows)

    def _numbers(self, *, whole: bool) -> tuple[bool, int | None, Count | None]:
        """Whether the queue shows the alert; how many rows stand before it, and are there in all, as far as counted."""
        here = "EXISTS (SELECT 1 FROM b WHERE id = %s)"
        if whole:
            return bool(self._asked(f"SELECT {here}", [self.alert.pk])[0][0]), None, None
        distinct = "SELECT count(DISTINCT coalesce(fold, int8send(id))), count(*)"
        every = f"SELECT id, {self._fold} FROM b LIMIT {MOST_COUNTED + 1}"
        parts = list(self._parts(forward=False))
        before = " UNION ALL ".join(
            f"(SELECT id, {self._fold} FROM b WHERE {where} LIMIT {MOST_COUNTED + 1})" for _, where, _ in parts
        )
        [[seen, rows, alerts, ahead, looked]] = self._asked(
            f"SELECT {here}, a.*, c.* FROM ({distinct} FROM ({every}) AS e) AS a, "
            f"({distinct} FROM (SELECT * FROM ({before}) AS x LIMIT {MOST_COUNTED + 1}) AS y) AS c",
            [self.alert.pk, *(one for _, _, more in parts for one in more)],
        )
        capped = alerts > MOST_COUNTED
        total = Count(rows - rows % 100 if capped and rows >= 100 else rows, capped)
        return bool(seen), None if looked > MOST_COUNTED else ahead, total

    def _parts(self, *, forward: bool) -> Iterable[tuple[int, str, list[Any]]]:
        """The segments from the alert's on, with their condition."""
        own, *key = self._key
        for at, (where, values) in enumerate(self._segments()):
            if at == own:
                text, more = self._beyond(key, forward=forward)
                yield at, f"{where} AND {text}", [*values, *more]
            elif (at > own) is forward:
                yield at, where, values

    @property
    def _key(self) -> tuple[Any, ...]:
        segment = self.order.key(self.alert)[0]
        return (segment, *(getattr(self.alert, name) for name in self.order.columns))

    def _beyond(self, key: Sequence[Any], *, forward: bool) -> tuple[str, list[Any]]:
        sign = "<" if self.order.down is forward else ">"
        names = ", ".join(_NAMES.get(name, name) for name in self.order.columns)
        return f"({names}) {sign} ({', '.join(['%s'] * len(key))})", list(key)

    def _stands_before(self, key: Sequence[Any]) -> list[tuple[str, list[Any]]]:
        """What stands before a key: in a segment before its own, which an index alone tells, or in its own."""
        own, *columns = key
        earlier = self._segments()[:own]
        (where, values), (text, more) = self._segments()[own], self._beyond(columns, forward=False)
        found = [(f"{where} AND {text}", [*values, *more])]
        if earlier:
            whole = " OR ".join(f"({one})" for one, _ in earlier)
            found.insert(0, (f"({whole})", [value for _, told in earlier for value in told]))
        return found

    def _segments(self) -> list[tuple[str, list[Any]]]:
        """The conditions of the order's segments, as the order itself has them."""
        order = self.order
        if order.moment is None or not order.targets:
            return [("TRUE", [])]
        found = list[tuple[str, list[Any]]]()
        # What the filter says of what is closed is not said again: the database would expect fewer rows each time.
        past = "created_at < %s" if order.waiting else "status <> 'closed' AND created_at < %s"
        rest = "created_at >= %s" if order.waiting else "(status = 'closed' OR created_at >= %s)"
        for severity, within in order.targets:
            values = [severity, order.moment - within]
            found.append((f"severity = %s AND {past}", values))
            found.append((f"severity = %s AND {rest}", values))
        return found

    def _asked(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        sql, first = self.base
        with connection.cursor() as cursor:
            cursor.execute(f"WITH b AS NOT MATERIALIZED ({sql}) {statement}", [*first, *values])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


_UNDECIDED = object()


def _pk(row: Any) -> int | None:
    return None if row is None else int(row.pk)
