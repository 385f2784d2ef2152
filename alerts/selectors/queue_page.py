"""The queue: a page of alerts in one of its orders, with the way to the next page and the count of all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.narrowing import narrowed
from alerts.selectors.ordering import Order, is_past, order_of
from alerts.selectors.searching import BUDGET, CHUNK, SECONDS, found
from alerts.selectors.shapes import Neighbours, QueueFilters, QueuePage, QueueRow
from alerts.selectors.verdicts import past_verdicts
from alerts.targets import targets
from engine import Tree, parse_kql, pin_dates
from soc.web.counts import CAP, Count, capped, of
from soc.web.paging import cut, read_key

SALT = "alerts"


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
    tree, times = tree_of(filters, now), targets()
    order = order_of(filters, times, now)
    salt = f"{SALT}:{order.shape}"
    start = read_key(after, salt)
    moment, key = _resume(start.values, now)
    order = order.as_of(moment)
    base = filtered(user, filters, now)
    if tree is None:
        rows, total, looked = order.read(base.select_related("assignee"), limit + 1, key), capped(base), Looked()
    else:
        rows, total, looked = _searched(base, order, tree, limit, key)
    page = cut(rows, limit, lambda alert: [moment.isoformat(), *order.key(alert)], salt)
    verdicts = past_verdicts({alert.rule_id for alert in page.items}, teams_of(user))
    return QueuePage(
        rows=[QueueRow(alert, verdicts[alert.rule_id], is_past(alert, times, now)) for alert in page.items],
        next_key=page.next_key,
        total=total,
        stopped=looked.stopped,
        late=looked.late,
        examined=looked.number,
        bad_key=bool(start.notice),
        targets=times,
    )


def tree_of(filters: QueueFilters, now: datetime) -> Tree | None:
    """The filters' KQL as a tree in which "now" means now; None without any.

    Raises: LanguageError.
    """
    return pin_dates(parse_kql(filters.kql), now) if filters.kql.strip() else None


def _resume(values: Sequence[Any] | None, now: datetime) -> tuple[datetime, Sequence[Any] | None]:
    """The moment whose order the pages follow, and the key to go on after."""
    if values is None:
        return now, None
    return datetime.fromisoformat(values[0]), values[1:]


def _searched(
    base: QuerySet[Alert], order: Order, tree: Tree, limit: int, key: Sequence[Any] | None
) -> tuple[list[Alert], Count, "Looked"]:
    """Fill a page from the alerts that the tree is true of, and count them, both within the budget.

    The first page falls out of the counting; a later one is read from its key on, before anything is counted.
    """
    looked, rows, number, later = Looked(), list[Alert](), 0, key is not None
    if later:
        rows = list(islice(matching(base, tree, order, looked, key), limit + 1))
    counted = looked.anew()
    for alert in islice(matching(base, tree, order, counted), CAP + 1):
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


def matching(
    alerts: QuerySet[Alert], tree: Tree, order: Order, looked: Looked, after: Sequence[Any] | None = None
) -> Iterator[Alert]:
    """The alerts that the tree is true of, in order, read in chunks from one key to the next, within the budget."""
    loaded = (
        alerts.filter(narrowed(tree))
        .select_related("assignee", "rule", "revision")
        .defer("revision__definition", "revision__source_text", "revision__tree")
    )
    while chunk := order.read(loaded, CHUNK, after):
        yield from found(chunk, tree, looked.goes_on)
        if looked.stopped or len(chunk) < CHUNK:
            return
        after = order.key(chunk[-1])


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
    order, alerts = order_of(filters, targets(), now), filtered(user, filters, now)
    tree = tree_of(filters, now)
    if tree is None:
        return order.numbers(alerts, limit)
    return [alert.pk for alert in islice(matching(alerts, tree, order, Looked()), limit)]


def neighbours(
    *,
    user: User,
    filters: QueueFilters,
    alert: Alert,
    now: datetime,
    times: Mapping[int, timedelta] | None = None,
) -> Neighbours:
    """The alerts before and after this one in the queue, as it is now. Three queries without KQL.

    `times` are the targets, if they were read before.

    Raises: LanguageError.
    """
    order, tree = order_of(filters, targets() if times is None else times, now), tree_of(filters, now)
    if order.targets and alert.severity not in dict(order.targets):
        return Neighbours(None, None)  # the queue it was opened from does not show its severity
    base, key, looked = filtered(user, filters, now), order.key(alert), Looked()
    back = _first(base, order.reversed(), key, tree, looked)
    return Neighbours(back, _first(base, order, key, tree, looked.anew()))


def _first(alerts: QuerySet[Alert], order: Order, key: Sequence[Any], tree: Tree | None, looked: Looked) -> int | None:
    if tree is None:
        return next(iter(order.numbers(alerts, 1, key)), None)
    found_one = next(matching(alerts, tree, order, looked, key), None)
    return found_one.pk if found_one else None
