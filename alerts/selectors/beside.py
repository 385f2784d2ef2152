"""The rows before and after an alert in the queue that it was opened from, and its own place in that queue.

The order is read both ways from the alert, some sixty alerts each; where that reaches an end of the queue, all there
is to know is in it. Deeper in a queue it is also asked which of the folds that lie nearest have their row elsewhere,
and how many rows there are before the alert and in all, up to a bound. The queue's filter is made SQL once for all.
"""
# ruff: noqa: S608  (the names in statements are ours, and the filter is Django's own SQL)

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_NEAREST = 8
"""Of so many on either side is asked first whether they stand for their row."""
_DISTINCT = "SELECT count(DISTINCT coalesce(fold, int8send(id))), count(*)"
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
    """The rows before and after this alert in the queue, as it is now, and its place there. Two to six queries; with
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
    _known: dict[bytes, bool] = field(default_factory=dict, init=False)  # folds, and whether their row is before all

    def found(self, one_by_one: Callable[[], Neighbours]) -> Neighbours:
        """The neighbours and the place; where large folds lie around it the neighbours are gone for one by one."""
        place, total = self._counted()
        before = self._nearest(self._faces_before, whole=self._all_before)
        after = self._nearest(self._faces_ahead, whole=self._all_ahead)
        if before is _UNDECIDED or after is _UNDECIDED:
            return replace(one_by_one(), place=place, total=total)
        return Neighbours(_pk(before), _pk(after), place, total)

    @cached_property
    def _sides(self) -> tuple[list[_Row], list[_Row]]:
        """What stands behind the alert and what before it, the nearest first: of its own segment of the order, and only
        where that has few, of the others too. A query, and one for each side that goes on."""
        parts = {forward: list(self._parts(forward=forward)) for forward in (True, False)}
        near = [(True, parts[True].pop(0)), (False, parts[False].pop(-1))]
        found = self._first_of(near, LOOKED_AT)
        for forward, rows in found.items():
            if parts[forward] and len(rows) < LOOKED_AT:
                rows += self._first_of([(forward, part) for part in parts[forward]], LOOKED_AT - len(rows))[forward]
        return found[True], found[False]

    @property
    def ahead(self) -> list[_Row]:
        """What stands behind the alert, the nearest first."""
        return self._sides[0]

    @property
    def back(self) -> list[_Row]:
        """What stands before it, the nearest first."""
        return self._sides[1]

    @property
    def _all_before(self) -> bool:
        return len(self.back) < LOOKED_AT

    @property
    def _all_ahead(self) -> bool:
        return len(self.ahead) < LOOKED_AT

    @property
    def _own(self) -> bytes | None:
        return fold_shown(self.alert.fold, self.alert.status) if self.folded else None

    @cached_property
    def _faces_ahead(self) -> list[_Row]:
        """Behind the alert what may stand for its row: alone, or not of a fold that was met before."""
        shown = {row.fold for row in self.back} | {self._own}
        return [row for row in self.ahead if row.fold is None or row.fold not in shown]

    @cached_property
    def _faces_before(self) -> list[_Row]:
        """The same before the alert: of each fold the one that stands farthest back."""
        first = {row.fold: row.pk for row in self.back}
        return [row for row in self.back if row.fold is None or first[row.fold] == row.pk]

    def _nearest(self, faces: Sequence[_Row], *, whole: bool) -> Any:
        """The first that does stand for its row; of folds beyond the nearest is asked only where it has to be."""
        for row in faces:
            if row.fold is not None and not self._all_before and row.fold not in self._known:
                self._ask_of([one.fold for one in faces if one.fold is not None])
            if row.fold is None or not self._known.get(row.fold):
                return row
        return None if whole else _UNDECIDED

    def _counted(self) -> tuple[int | None, Count | None]:
        """Its place among the rows, and how many they are; nothing for an alert that the queue does not show now, or so
        far from the top that its place is not counted."""
        if not self._all_before:
            return self._counted_far()
        ends = self._all_ahead
        here, total = self._total(whole=ends)
        if not here:
            return None, None
        if ends:
            total = Count(len({row.row for row in (*self.back, *self.ahead)} | {self._own or self.alert.pk}))
        return 1 + len({row.row for row in self._before_its_row()}), total

    def _counted_far(self) -> tuple[int | None, Count | None]:
        near = [row.fold for row in (*self._faces_before[:_NEAREST], *self._faces_ahead[:_NEAREST]) if row.fold]
        here, before = self._ask_of([*near, *([self._own] if self._own else [])])
        of_a_row_before = self._own is not None and (
            self._known.get(self._own) or self._own in {row.fold for row in self.back}
        )
        if not here or of_a_row_before or before is None:
            return None, None
        return 1 + before, self._total(whole=False)[1]

    def _before_its_row(self) -> list[_Row]:
        """What stands before the row that shows the alert, which is that of the first of its fold."""
        at = max((at for at, row in enumerate(self.back) if row.fold and row.fold == self._own), default=-1)
        return self.back[at + 1 :]

    # ---- in SQL ----

    def _first_of(self, parts: Sequence[tuple[bool, tuple[int, str, list[Any]]]], most: int) -> dict[bool, list[_Row]]:
        """The nearest of these segments, those behind the alert and those before it."""
        columns = [_NAMES.get(name, name) for name in self.order.columns]
        shown = ", ".join(["id", self._fold, *(name for name in columns if name != "id")])
        each, values = [], []
        for forward, (at, where, more) in parts:
            way = "DESC" if self.order.down is forward else "ASC"
            by = ", ".join(f"{name} {way}" for name in columns)
            side = f"SELECT {forward} AS forward, {at} AS segment, {shown} FROM b"
            each.append(f"({side} WHERE {where} ORDER BY {by} LIMIT {most})")
            values += more
        rows = self._asked(
            f"SELECT forward, id, fold, segment, {', '.join(columns)} FROM ({' UNION ALL '.join(each)}) AS x", values
        )
        found: dict[bool, list[_Row]] = {True: [], False: []}
        for forward, pk, fold, *key in rows:
            found[forward].append(_Row(pk, bytes(fold) if fold is not None else None, tuple(key)))
        for forward, told in found.items():
            self._sort(told, forward=forward)
        return {forward: told[:most] for forward, told in found.items()}

    def _sort(self, rows: list[_Row], *, forward: bool) -> None:
        """By the order's columns, then by its segments: the nearest first."""
        rows.sort(key=lambda row: row.key[1:], reverse=self.order.down is forward)
        rows.sort(key=lambda row: row.key[0], reverse=not forward)

    @property
    def _fold(self) -> str:
        return "CASE WHEN status <> 'closed' THEN fold END AS fold" if self.folded else "NULL::bytea AS fold"

    def _ask_of(self, folds: Iterable[bytes]) -> tuple[bool, int | None]:
        """Learn which of these folds have an alert before all that was looked at; and give whether the queue shows the
        alert and how many rows stand before it, as far as counted. One query, which indexes alone answer."""
        asked = [fold for fold in dict.fromkeys(folds) if fold not in self._known]
        stands, values = _either(self._stands_before(self.back[-1].key), "b.fold = f.fold AND b.status <> 'closed'")
        ahead = self._stands_before(self._key)
        before = " UNION ALL ".join(
            f"(SELECT id, {self._fold} FROM b WHERE {where} LIMIT {MOST_COUNTED + 1})" for where, _ in ahead
        )
        [[seen, moved, rows, looked]] = self._asked(
            "SELECT EXISTS (SELECT 1 FROM b WHERE id = %s), "
            f"ARRAY(SELECT fold FROM unnest(%s::bytea[]) AS f (fold) WHERE {stands}), c.* FROM ("
            f"{_DISTINCT} FROM (SELECT * FROM ({before}) AS x LIMIT {MOST_COUNTED + 1}) AS y) AS c",
            [self.alert.pk, asked, *values, *(one for _, more in ahead for one in more)],
        )
        found = {bytes(fold) for fold in moved}
        self._known.update({fold: fold in found for fold in asked})
        return bool(seen), None if looked > MOST_COUNTED else rows

    def _total(self, *, whole: bool) -> tuple[bool, Count | None]:
        """Whether the queue shows the alert, and how many rows it has up to a bound unless the `whole` of it was read.
        One query."""
        here = "EXISTS (SELECT 1 FROM b WHERE id = %s)"
        if whole:
            return bool(self._asked(f"SELECT {here}", [self.alert.pk])[0][0]), None
        every = f"SELECT id, {self._fold} FROM b LIMIT {MOST_COUNTED + 1}"
        [[seen, rows, alerts]] = self._asked(
            f"SELECT {here}, a.* FROM ({_DISTINCT} FROM ({every}) AS e) AS a", [self.alert.pk]
        )
        capped = alerts > MOST_COUNTED
        return bool(seen), Count(rows - rows % 100 if capped and rows >= 100 else rows, capped)

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
        """What stands before a key, in few conditions: severities as a whole, which an index alone tells, what is past
        its target of the key's own, and of its segment what is beyond."""
        own, *columns = key
        segments = self._segments()
        (where, values), (text, more) = segments[own], self._beyond(columns, forward=False)
        found = [(f"{where} AND {text}", [*values, *more])]
        if own % 2:
            found.insert(0, segments[own - 1])
        whole = [severity for severity, _ in self.order.targets[: own // 2]]
        return [("severity = ANY(%s)", [whole]), *found] if whole else found

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


def _either(parts: Sequence[tuple[str, list[Any]]], always: str) -> tuple[str, list[Any]]:
    """That there is an alert that meets one of these conditions, and another always."""
    told = " OR ".join(f"EXISTS (SELECT 1 FROM b WHERE {always} AND {text})" for text, _ in parts)
    return told, [one for _, more in parts for one in more]


_UNDECIDED = object()


def _pk(row: Any) -> int | None:
    return None if row is None else int(row.pk)
