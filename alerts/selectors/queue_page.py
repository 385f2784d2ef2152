"""The queue: a page of alerts in one of its orders, with the way to the next page and the count of all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from time import monotonic
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.narrowing import narrowed
from alerts.selectors.searching import BUDGET, CHUNK, SECONDS, found
from alerts.selectors.shapes import Neighbours, QueueFilters, QueuePage, QueueRow
from alerts.selectors.verdicts import past_verdicts
from engine import Tree, parse_kql, pin_dates
from soc.web.counts import CAP, Count, capped, of
from soc.web.paging import cut, read_key

SALT = "alerts"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the queue: columns, all of them downwards or all upwards, the last one the alert's number."""

    columns: tuple[str, ...]
    down: bool = True

    def sorted(self, alerts: QuerySet[Alert]) -> QuerySet[Alert]:
        """The alerts in this order."""
        return alerts.order_by(*(f"-{name}" if self.down else name for name in self.columns))

    def key(self, alert: Alert) -> tuple[Any, ...]:
        """The sort values of an alert, as JSON takes them."""
        values = (getattr(alert, name) for name in self.columns)
        return tuple(value.isoformat() if isinstance(value, datetime) else value for value in values)

    def beyond(self, key: Sequence[Any], *, back: bool = False) -> Q:
        """The alerts that come after the key in this order (`back`: before it)."""
        step = "lt" if self.down is not back else "gt"
        beyond, same = Q(), Q()
        for name, value in zip(self.columns, key, strict=True):
            beyond |= same & Q(**{f"{name}__{step}": value})
            same &= Q(**{name: value})
        # Said once more for the first column alone, so that its index is of use.
        return Q(**{f"{self.columns[0]}__{step}e": key[0]}) & beyond

    def reversed(self) -> "Order":
        """The same order from its other end."""
        return Order(self.columns, not self.down)


ORDERS = {
    "urgent": Order(("severity", "risk_score", "pk")),
    "newest": Order(("created_at", "pk")),
    "oldest": Order(("created_at", "pk"), down=False),
}


def queue(
    *,
    user: User,
    filters: QueueFilters,
    now: datetime,
    after: str | None = None,
    limit: int = 50,
) -> QueuePage:
    """A page of the queue after the token `after`.

    Without KQL three to five queries whatever the page; with KQL as many chunks of two hundred as it takes to fill it.

    Raises: LanguageError for KQL that cannot be read.
    """
    order = ORDERS.get(filters.sort, ORDERS["urgent"])
    tree = tree_of(filters, now)
    start = read_key(after, f"{SALT}:{filters.sort}")
    key = start.values if start.values and len(start.values) == len(order.columns) else None
    base = filtered(user, filters)
    rest = order.sorted(base.filter(order.beyond(key)) if key else base)
    if tree is None:
        rows, total, looked = _plain(rest, limit), capped(base), Looked()
    else:
        rows, total, looked = _searched(base, rest, order, tree, limit, later=key is not None)
    page = cut(rows, limit, order.key, f"{SALT}:{filters.sort}")
    verdicts = past_verdicts({alert.rule_id for alert in page.items}, teams_of(user))
    return QueuePage(
        rows=[QueueRow(alert, verdicts[alert.rule_id]) for alert in page.items],
        next_key=page.next_key,
        total=total,
        stopped=looked.stopped,
        late=looked.late,
        examined=looked.number,
        bad_key=bool(start.notice),
    )


def tree_of(filters: QueueFilters, now: datetime) -> Tree | None:
    """The filters' KQL as a tree in which "now" means now; None without any.

    Raises: LanguageError.
    """
    return pin_dates(parse_kql(filters.kql), now) if filters.kql.strip() else None


def _plain(rest: QuerySet[Alert], limit: int) -> list[Alert]:
    return list(rest.select_related("assignee")[: limit + 1])


def _searched(
    base: QuerySet[Alert], rest: QuerySet[Alert], order: Order, tree: Tree, limit: int, *, later: bool
) -> tuple[list[Alert], Count, "Looked"]:
    """Fill a page from the alerts that the tree is true of, and count them, both within the budget.

    The first page falls out of the counting; a later one is read from its key on, before anything is counted.
    """
    looked, rows, number = Looked(), list[Alert](), 0
    if later:
        rows = list(islice(matching(rest, tree, order, looked), limit + 1))
    counted = looked.anew()
    for alert in islice(matching(order.sorted(base), tree, order, counted), CAP + 1):
        number += 1
        if not later and number <= limit + 1:
            rows.append(alert)
    total = Count(number, capped=True) if counted.stopped else of(number)
    return rows, total, counted if counted.stopped or not later else looked


@dataclass(slots=True)
class Looked:
    """How many alerts a search has looked at, and when it has to end: a page holds one of few threads."""

    number: int = 0
    until: float = field(default_factory=lambda: monotonic() + SECONDS)
    late: bool = False

    @property
    def stopped(self) -> bool:
        """Whether the search ended at its budget: of alerts, or of seconds (`late`)."""
        return self.late or self.number > BUDGET

    def anew(self) -> "Looked":
        """A second search of the same page: a budget of alerts of its own, the same seconds."""
        return Looked(until=self.until)

    def goes_on(self) -> bool:
        """Whether there is time for another alert; counts it."""
        self.late = monotonic() > self.until
        self.number += not self.late
        return not self.late


def matching(alerts: QuerySet[Alert], tree: Tree, order: Order, looked: Looked) -> Iterator[Alert]:
    """The alerts that the tree is true of, in order, read in chunks from one key to the next, within the budget."""
    loaded = (
        alerts.filter(narrowed(tree))
        .select_related("assignee", "rule", "revision")
        .defer("revision__definition", "revision__source_text", "revision__tree")
    )
    rest = loaded
    while chunk := list(rest[:CHUNK]):
        yield from found(chunk, tree, looked.goes_on)
        if looked.stopped or len(chunk) < CHUNK:
            return
        rest = loaded.filter(order.beyond(order.key(chunk[-1])))


def matching_ids(
    *,
    user: User,
    filters: QueueFilters,
    now: datetime,
    limit: int = 1_000,
) -> list[int]:
    """The numbers of all alerts that the filters let through, for an act on the whole selection; at most `limit`.

    Raises: LanguageError.
    """
    order = ORDERS.get(filters.sort, ORDERS["urgent"])
    alerts = order.sorted(filtered(user, filters))
    tree = tree_of(filters, now)
    if tree is None:
        return list(alerts.values_list("pk", flat=True)[:limit])
    return [alert.pk for alert in islice(matching(alerts, tree, order, Looked()), limit)]


def neighbours(
    *,
    user: User,
    filters: QueueFilters,
    alert: Alert,
    now: datetime,
) -> Neighbours:
    """The alerts before and after this one in the queue, as it is now. Two queries without KQL.

    Raises: LanguageError.
    """
    order = ORDERS.get(filters.sort, ORDERS["urgent"])
    tree = tree_of(filters, now)
    base, key = filtered(user, filters), order.key(alert)
    before = order.reversed().sorted(base.filter(order.beyond(key, back=True)))
    after = order.sorted(base.filter(order.beyond(key)))
    looked = Looked()
    return Neighbours(_first(before, order.reversed(), tree, looked), _first(after, order, tree, looked.anew()))


def _first(alerts: QuerySet[Alert], order: Order, tree: Tree | None, looked: Looked) -> int | None:
    if tree is None:
        return alerts.values_list("pk", flat=True).first()
    found_one = next(matching(alerts, tree, order, looked), None)
    return found_one.pk if found_one else None
