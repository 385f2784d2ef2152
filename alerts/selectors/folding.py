"""The queue with its folds: alerts of a fold that the filters let through are one row, where the first of them stands.

A page is walked along its order in portions, and each portion leaves out the folds that were met before, so that ten
thousand alerts of one fold cost a look at an index and not a row each. What stands before the page has its row on an
earlier one: of every fold that is met it is asked once whether one of its alerts does. So a page says neither less nor
more than the order and the filters do, whatever has happened since the page before it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.models import Alert, Status
from alerts.selectors.ordering import WAITING, Head, Order
from alerts.selectors.shapes import Folded, Numbers
from soc.web.counts import Count, of

FEW, PORTION, MOST_PORTION, MOST_PORTIONS, MOST_PORTIONS_BACKWARDS = 60, 300, 2_400, 12, 7
WHOLE = 100_000
"""A list about somebody or something, whose first portion did not fill a page, is looked at as a whole up to so many
alerts, some 2 µs each: it folds much, and walking on would look at most of them, too, again and again."""
MOST_COUNTED = 1_000
"""So many alerts of a fold are counted for its row."""
_SIZES = """
SELECT wanted.fold, told.size, told.newest, told.fresh FROM unnest(%s::bytea[]) AS wanted(fold), LATERAL (
  SELECT count(*) AS size, max(found.id) AS newest,
    count(*) FILTER (WHERE found.status = 'open' AND found.assignee_id IS NULL) AS fresh FROM (
    SELECT id, status, assignee_id FROM ({members}) AS members
    WHERE fold = wanted.fold ORDER BY id DESC LIMIT %s) AS found
) AS told WHERE told.size > 1
"""


@dataclass(slots=True)
class Faces:
    """The rows of a page, and where the next one begins; None where there is no more."""

    heads: list[Head] = field(default_factory=list)
    next_key: list[Any] | None = None


def faces(alerts: QuerySet[Alert], order: Order, limit: int, key: Sequence[Any] | None = None) -> Faces:
    """The first rows after a key. Two queries a portion, one on the first page; mostly one portion. The first page of a
    short list is one query; of one about somebody or something that folds much, two or three.

    A page may hold fewer than `limit` where more folds go round than are worth waiting for; the next one goes on there.
    """
    if key is None and order.short and (whole := looked_over(alerts, order, limit, WHOLE)[0]) is not None:
        return whole
    found, met, at, size = list[Head](), set[bytes](), key, min(PORTION, FEW + 6 * limit)
    for _ in range(MOST_PORTIONS):
        portion = order.heads(alerts.filter(_not_of(met)), size, at)
        shown = _shown_before(alerts, order, key, portion)
        for head in portion:
            if head.fold is None or (head.fold not in met and head.fold not in shown):
                found.append(head)
            met |= {head.fold} if head.fold else set()
            if len(found) > limit:
                return _cut(found, limit)
        if len(portion) < size:
            return Faces(found)
        if at is None and order.narrow and (whole := looked_over(alerts, order, limit, WHOLE)[0]) is not None:
            return whole
        at, size = portion[-1].key, min(2 * size, MOST_PORTION)
    return Faces(found, list(at or []))


def looked_over(alerts: QuerySet[Alert], order: Order, limit: int, most: int) -> tuple[Faces | None, Numbers]:
    """The first rows by a look at every alert, None where these are more than `most`; and how many there are. One
    query.
    """
    heads, numbers = order.faces(alerts, limit + 1, most)
    return None if heads is None else _cut(heads, limit), numbers


def _cut(found: list[Head], limit: int) -> Faces:
    return Faces(found[:limit], found[limit - 1].key if len(found) > limit else None)


def face_before(alerts: QuerySet[Alert], order: Order, key: Sequence[Any]) -> int | None:
    """The row before a key, as the number of its alert. Two queries a portion; mostly one portion, seven at most."""
    backwards, at, size = order.reversed(), key, FEW
    for _ in range(MOST_PORTIONS_BACKWARDS):
        portion = backwards.heads(alerts, size, at)
        first = {head.fold: head.pk for head in portion}  # of each fold the one that stands farthest back
        further = _before_all(alerts, order, portion)
        for head in portion:
            if head.fold is None or (first[head.fold] == head.pk and head.fold not in further):
                return head.pk
        if len(portion) < size:
            return None
        at, size = portion[-1].key, min(3 * size, MOST_PORTION)
    return None


def counted(alerts: QuerySet[Alert], shown: Iterable[Head]) -> dict[int, Folded]:
    """How many alerts stand behind each row that has several, by the number of its alert. One query; none where the
    whole list was looked at.
    """
    heads = [head for head in shown if head.fold is not None]
    if all(head.behind for head in heads):
        return {one.pk: _told(one.fold or b"", *one.behind) for one in heads if one.behind and one.behind[0] > 1}
    rows = {head.fold: head.pk for head in heads}
    if not rows:
        return {}
    try:
        members = alerts.filter(WAITING, fold__isnull=False).values("id", "fold", "status", "assignee_id")
        sql, values = members.query.sql_with_params()
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES.format(members=sql), [list(rows), *values, MOST_COUNTED + 1])
        return {rows[bytes(fold)]: _told(bytes(fold), *numbers) for fold, *numbers in cursor.fetchall()}


@dataclass(slots=True)
class Tally:
    """What a search has found of each fold, since only judging an alert tells whether it belongs."""

    numbers: Counter[bytes] = field(default_factory=Counter)
    fresh: Counter[bytes] = field(default_factory=Counter)
    newest: dict[bytes, int] = field(default_factory=dict)

    def add(self, fold: bytes | None, alert: Alert) -> None:
        """Another one."""
        if fold is not None:
            self.numbers[fold] += 1
            self.fresh[fold] += alert.status == Status.OPEN and alert.assignee_id is None
            self.newest[fold] = max(alert.pk, self.newest.get(fold, 0))

    def folded(self, fold: bytes | None) -> Folded | None:
        """The fold behind a row; None for one that is of a fold of its own."""
        if fold is None or self.numbers[fold] < 2:
            return None
        return _told(fold, self.numbers[fold], self.newest[fold], self.fresh[fold])


def _told(fold: bytes, size: int, newest: int, fresh: int) -> Folded:
    """What a row says of its fold."""
    return Folded(
        fold.hex(), of(size, MOST_COUNTED), newest, Count(min(fresh, MOST_COUNTED), capped=size > MOST_COUNTED)
    )


def _not_of(folds: set[bytes]) -> Q:
    return Q(fold=None) | Q(status=Status.CLOSED) | ~Q(fold__in=folds) if folds else Q()


def _shown_before(
    alerts: QuerySet[Alert], order: Order, key: Sequence[Any] | None, heads: Iterable[Head]
) -> set[bytes]:
    """The folds among these of which an alert stands at the key or before it. One query; none on the first page."""
    first = {head.fold: head.pk for head in heads if head.fold is not None}
    if key is None or not first:
        return set()
    earlier = alerts.filter(order.reached(key), WAITING, fold=OuterRef("fold"))
    rows = Alert.objects.filter(Exists(earlier), pk__in=first.values())
    return {bytes(fold) for fold in rows.values_list("fold", flat=True) if fold is not None}


def _before_all(alerts: QuerySet[Alert], order: Order, backwards: Sequence[Head]) -> set[bytes]:
    """The folds among these of which an alert stands before all of them. One query."""
    folds = {head.fold: head.pk for head in backwards if head.fold is not None}
    if not folds:
        return set()
    last = backwards[-1]
    earlier = alerts.filter(order.reached(last.key), WAITING, fold=OuterRef("fold")).exclude(pk=last.pk)
    rows = Alert.objects.filter(Exists(earlier), pk__in=folds.values())
    return {bytes(fold) for fold in rows.values_list("fold", flat=True) if fold is not None}
