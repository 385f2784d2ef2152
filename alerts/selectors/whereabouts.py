"""The row that somebody comes back to: that of an alert, or where the alert has left the list, the one in its place.

Mostly it is on the first page, of which nothing more is asked. A row further down has the list drawn as far as there,
and one that is too deep for that has the list begin with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Status
from alerts.selectors.ordering import WAITING, Order, fold_shown, order_of
from alerts.selectors.queue_page import asked_of, judged, queue, token_after
from alerts.selectors.shapes import QueueFilters, QueuePage, QueueRow
from alerts.targets import targets
from engine import Tree

LONG_AGO = timedelta(hours=12)
"""Who comes from an alert that was closed before that was not working through the list."""


@dataclass(frozen=True, slots=True)
class Sought:
    """An alert and the list in which its row is looked for. `held`: the list has it still."""

    alert: Alert
    base: QuerySet[Alert]
    order: Order
    held: bool
    fold: bytes | None
    key: list[Any]  # where it stands in the order, or stood

    def row_in(self, rows: Sequence[QueueRow]) -> QueueRow | None:
        """Its row among these, which follow the order from the top; of what has left the list the first behind it."""
        if self.held:
            return next((row for row in rows if self._is_its(row.alert)), None)
        return next((row for row in rows if self.order.is_after(self.order.key(row.alert), self.key)), None)

    def _is_its(self, alert: Alert) -> bool:
        shown = fold_shown(alert.fold, alert.status)
        return alert.pk == self.alert.pk or (self.fold is not None and self.fold == shown)

    def begin(self) -> list[Any]:
        """The key right before its row. One query or two for what folds."""
        of_fold = self.base.filter(WAITING, fold=self.fold)
        first = next(iter(self.order.read(of_fold, 1)), None) if self.fold else None
        return _before(self.order, self.order.key(first) if first else self.key)


def page_with(
    *, user: User, filters: QueueFilters, now: datetime, page: QueuePage, number: int, most: int
) -> tuple[QueuePage, int | None]:
    """The first page of a list, longer where the row of this alert is further down, with the alert that stands for the
    row; None where it was never of the list. A row below the first `most` is the first of what is drawn instead.

    No query where the alert is on the page; two to five where its row is, or was; else those of another page or two.
    Raises: LanguageError.
    """
    if any(row.alert.pk == number for row in page.rows):
        return page, number
    sought = _sought(user, filters, now, page.targets, number)
    if sought is None or not page.rows:
        return page, None
    size = len(page.rows)
    if row := sought.row_in(page.rows):
        return page, row.alert.pk
    if page.next_key:
        longer = queue(user=user, filters=filters, now=now, limit=most, counted=False)
        page = replace(page, rows=longer.rows, next_key=longer.next_key)
        if row := sought.row_in(page.rows):
            return _as_far_as(row, page, sought.order, now, size), row.alert.pk
    if page.next_key is None:
        return page, page.rows[-1].alert.pk
    return _from_on(sought, user, filters, now, page, size)


def from_alert(*, user: User, filters: QueueFilters, now: datetime, number: int) -> str | None:
    """The token of the page that begins with the row of this alert, or where that was; None if it was never of the
    list. Raises: LanguageError."""
    sought = _sought(user, filters, now, targets(), number)
    return None if sought is None else token_after(sought.order, now, sought.begin())


def _sought(
    user: User, filters: QueueFilters, now: datetime, times: Mapping[int, timedelta], number: int
) -> Sought | None:
    """None for what the person does not see, what left the list long ago, and a severity that the list leaves out."""
    alert = Alert.objects.filter(pk=number, team_id__in=teams_of(user)).first()
    order = order_of(filters, times, now)
    if alert is None or (order.targets and alert.severity not in dict(order.targets)):
        return None
    base, tree = asked_of(user, filters, now)
    held = _is_held(base, tree, alert)
    if not held and alert.closed_at is not None and now - alert.closed_at > LONG_AGO:
        return None
    if not held:
        alert.status = Status.OPEN  # it stood where such alerts do
    fold = fold_shown(alert.fold, alert.status) if held and filters.folded else None
    return Sought(alert, base, order, held, fold, order.key(alert))


def _is_held(base: QuerySet[Alert], tree: Tree | None, alert: Alert) -> bool:
    found = base.filter(pk=alert.pk)
    return found.exists() if tree is None else bool(judged(found, tree))


def _as_far_as(row: QueueRow, page: QueuePage, order: Order, now: datetime, size: int) -> QueuePage:
    """So many pages of the list that the row is on the last one."""
    whole = -(-(page.rows.index(row) + 1) // size) * size
    if whole >= len(page.rows):
        return page
    rows = page.rows[:whole]
    return replace(page, rows=rows, next_key=token_after(order, now, order.key(rows[-1].alert)))


def _from_on(
    sought: Sought, user: User, filters: QueueFilters, now: datetime, page: QueuePage, size: int
) -> tuple[QueuePage, int | None]:
    """A page that begins with the row; of what stood behind all others, the last rows of the list."""
    order, at = sought.order, 0

    def after(key: Sequence[Any]) -> QueuePage:
        token = token_after(order, now, key)
        return queue(user=user, filters=filters, now=now, after=token, limit=size, counted=False)

    further = after(sought.begin())
    if not further.rows and (last := order.reversed().heads(sought.base, size)):
        further, at = after(_before(order, last[-1].key)), -1
    if not further.rows:
        return page, page.rows[-1].alert.pk
    row = (sought.row_in(further.rows) if sought.held else None) or further.rows[at]
    page = replace(page, rows=further.rows, next_key=further.next_key, begins_with=further.rows[0].alert.pk)
    return page, row.alert.pk


def _before(order: Order, key: Sequence[Any]) -> list[Any]:
    """The key right before this one: the last of its values is a number."""
    return [*key[:-1], key[-1] + (1 if order.down else -1)]
