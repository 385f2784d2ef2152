"""The queue: a page of alerts in one of its orders, with the way to the next page and the count of all."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from time import monotonic
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Status
from alerts.selectors import folding
from alerts.selectors.filtering import filtered
from alerts.selectors.folding import Faces, Tally
from alerts.selectors.narrowing import columns_say
from alerts.selectors.numbers import count_by_rule, keep_longer, known_longer, named
from alerts.selectors.ordering import Order, fold_shown, is_past, order_of
from alerts.selectors.prior import prior_verdicts
from alerts.selectors.searching import BUDGET, CHUNK, SECONDS, found
from alerts.selectors.shapes import Folded, Neighbours, Numbers, QueueFilters, QueuePage, QueueRow, Spread
from alerts.targets import targets
from engine import Tree, parse_kql, pin_dates
from soc.web.counts import CAP, Count, of
from soc.web.paging import read_key, sign_key
from soc.web.read_aside import read_aside

SALT = "alerts"
NOT_COUNTED = Count(0)
MOST_ODD = 100
"""So many alerts whose columns do not say it all are judged by their documents, where columns tell the rest."""


def queue(
    *,
    user: User,
    filters: QueueFilters,
    now: datetime,
    after: str | None = None,
    limit: int = 50,
    counted: bool = True,
) -> QueuePage:
    """A page of the queue after the token `after`; `counted` asks how many there are in all, and which rule has most.

    Without KQL five to eight queries whatever the page; with KQL as many chunks of two hundred as it takes to fill it.

    Raises: LanguageError for KQL that cannot be read.
    """
    times = targets()
    base, tree = asked_of(user, filters, now)
    order = order_of(filters, times, now)
    start = read_key(after, _salt(order))
    moment, key = _resume(start.values, now)
    order = order.as_of(moment)
    if tree is None:
        found = _told(base, order, limit, key, named(user, filters) if counted else None, folded=filters.folded)
    else:
        found = _searched(base, order, tree, limit, key, folded=filters.folded)
    team_ids = teams_of(user)
    before = read_aside(lambda: prior_verdicts(found.alerts, team_ids))
    return QueuePage(
        rows=[
            QueueRow(alert, before, is_past(alert, times, now), found.folds.get(alert.pk), _sleeps(alert, now))
            for alert in found.alerts
        ],
        next_key=token_after(order, moment, found.next_key) if found.next_key else None,
        total=found.total,
        loudest=found.numbers.loudest,
        stopped=found.looked.stopped,
        late=found.looked.late,
        examined=found.looked.number,
        bad_key=bool(start.notice),
        targets=times,
        spread=_spread(filters, found, base if tree is None else None),
    )


def token_after(order: Order, moment: datetime, key: Sequence[Any]) -> str:
    """The token of what comes after a key in the order as of a moment."""
    return sign_key([moment.isoformat(), *key], _salt(order))


def _salt(order: Order) -> str:
    return f"{SALT}:{order.shape}"


def _spread(filters: QueueFilters, found: "Found", base: QuerySet[Alert] | None) -> Spread:
    """When the alerts of the list were raised, as far as it was gone through."""
    oldest = min((at for at, _ in found.each or ()), default=found.numbers.oldest)
    return Spread(oldest, found.each, base if filters.kql.strip() else None)


def _sleeps(alert: Alert, now: datetime) -> bool:
    return alert.status != Status.CLOSED and alert.snoozed_until is not None and alert.snoozed_until > now


@dataclass(slots=True)
class Found:
    """The alerts of a page, what folds behind them by number, and where the next page begins."""

    alerts: list[Alert]
    next_key: list[Any] | None
    total: Count
    looked: "Looked"
    folds: Mapping[int, Folded] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    each: Sequence[tuple[datetime, int]] | None = None  # of a search that went to its end


def _told(
    base: QuerySet[Alert], order: Order, limit: int, key: Sequence[Any] | None, name: Hashable | None, *, folded: bool
) -> Found:
    """A page of a list whose columns tell what belongs to it; the list is counted where its name is given."""
    numbers, whole = (None, None) if name is None else _counted(base, order, limit, key, name, folded=folded)
    order = order if numbers is None else order.counted(numbers.total)
    found = _folded(base, order, limit, key, whole) if folded else _plain(base, order, limit, key)
    return found if numbers is None else replace(found, total=of(numbers.total), numbers=numbers)


def _counted(
    base: QuerySet[Alert], order: Order, limit: int, key: Sequence[Any] | None, name: Hashable, *, folded: bool
) -> tuple[Numbers, Faces | None]:
    """How many alerts the list has; where each of few that fold is looked at for it, that tells the first page, too."""
    known = known_longer(name)
    if known is not None:
        return known, None
    if key is not None or not folded or not order.narrow:
        return keep_longer(name, count_by_rule(base)), None
    whole, numbers = folding.looked_over(base, order, limit, CAP)  # as far as lists are counted
    return keep_longer(name, numbers), whole


def _plain(base: QuerySet[Alert], order: Order, limit: int, key: Sequence[Any] | None) -> Found:
    """Every alert a row of its own."""
    alerts = order.read(base, limit + 1, key)
    return Found(_owned(alerts[:limit]), _end(alerts, order, limit), NOT_COUNTED, Looked())


def _owned(alerts: list[Alert]) -> list[Alert]:
    """The same alerts with their owners, who are few and read once each. One query; none where nobody owns any."""
    owners = User.objects.in_bulk({alert.assignee_id for alert in alerts if alert.assignee_id is not None})
    for alert in alerts:
        alert.assignee = owners.get(alert.assignee_id) if alert.assignee_id is not None else None
    return alerts


def _folded(base: QuerySet[Alert], order: Order, limit: int, key: Sequence[Any] | None, whole: Faces | None) -> Found:
    """Alerts of a fold as one row; `whole`: the page, where counting the list has told it."""
    page = folding.faces(base, order, limit, key) if whole is None else whole
    numbers = [head.pk for head in page.heads]
    stored = {alert.pk: alert for alert in base.filter(pk__in=numbers)}
    alerts = _owned([stored[number] for number in numbers if number in stored])
    return Found(alerts, page.next_key, NOT_COUNTED, Looked(), folding.counted(base, page.heads))


def _end(alerts: Sequence[Alert], order: Order, limit: int) -> list[Any] | None:
    """The key of the last row where more rows than fit were found."""
    return order.key(alerts[limit - 1]) if len(alerts) > limit else None


def asked_of(user: User, filters: QueueFilters, now: datetime) -> tuple[QuerySet[Alert], Tree | None]:
    """The alerts that the filters let through, and the tree that their documents have to be judged by besides: none
    without KQL, or where columns tell all that it asks. Where it asks for events one query, and two where some alerts
    are odd.

    Raises: LanguageError.
    """
    base, tree = filtered(user, filters, now), tree_of(filters, now)
    if tree is None or (columns := columns_say(tree)).told is None:
        return base, tree
    if not columns.asks_events:
        return base.filter(columns.told), None
    odd = list(_loaded(base.filter(columns.narrowed, odd=True))[: MOST_ODD + 1])
    if len(odd) > MOST_ODD:
        return base, tree
    met = [alert.pk for alert in found(odd, tree, lambda: True)]
    return base.filter(columns.told & Q(odd=False) | Q(pk__in=met)), None


def judged(alerts: QuerySet[Alert], tree: Tree) -> list[Alert]:
    """Those of a few alerts that the tree is true of. Two queries."""
    return list(found(list(_loaded(alerts)), tree, lambda: True))


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
    base: QuerySet[Alert], order: Order, tree: Tree, limit: int, key: Sequence[Any] | None, *, folded: bool
) -> Found:
    """Fill a page from the alerts that the tree is true of, and count them, both within the budget.

    The first page falls out of the counting; a later one is read from its key on, before anything is counted, and loses
    the folds that the counting meets before the key. Where the counting ends at its budget, it knows no more of them.
    """
    looked, tally, met, first = Looked(), Tally(), set[bytes](), list[Alert]()
    by_rule, each = Counter[str](), list[tuple[datetime, int]]()
    ahead = matching(base, tree, order, looked, key) if key is not None else iter(())
    waiting, counted, number = list(islice(ahead, limit + 1)), looked.anew(), 0
    for alert in islice(matching(base, tree, order, counted), CAP + 1):
        number += 1
        by_rule[alert.rule_id] += 1
        each.append((alert.created_at, alert.severity))
        fold = _fold(alert, folded=folded)
        tally.add(fold, alert)
        if key is None:
            first += _faces([alert], met, folded=folded) if len(first) <= limit else []
        elif fold is not None and not order.is_after(order.key(alert), key):
            met.add(fold)
    rows = first if key is None else list(islice(_faces(chain(waiting, ahead), met, folded=folded), limit + 1))
    shown = rows[:limit]
    folds = {alert.pk: of_it for alert in shown if (of_it := tally.folded(_fold(alert, folded=folded)))}
    total = Count(number, capped=True) if counted.stopped else of(number)
    known = counted if counted.stopped or key is None else looked
    whole = None if total.capped else each
    numbers = Numbers(number, next(iter(by_rule.most_common(1)), None))
    return Found(shown, _end(rows, order, limit), total, known, folds, numbers, whole)


def _faces(alerts: Iterable[Alert], met: set[bytes], *, folded: bool) -> Iterator[Alert]:
    """The first alert of each fold that was not met yet, and every alert without one."""
    for alert in alerts:
        fold = _fold(alert, folded=folded)
        if fold is None or fold not in met:
            yield alert
        if fold is not None:
            met.add(fold)


def _fold(alert: Alert, *, folded: bool) -> bytes | None:
    return fold_shown(alert.fold, alert.status) if folded else None


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
    loaded = _loaded(alerts.filter(columns_say(tree).narrowed))
    while chunk := order.read(loaded, CHUNK, after):
        yield from found(chunk, tree, looked.goes_on)
        if looked.stopped or len(chunk) < CHUNK:
            return
        after = order.key(chunk[-1])


def _loaded(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """With all that their documents are made of."""
    with_others = alerts.select_related("assignee", "rule", "revision")
    return with_others.defer("revision__definition", "revision__source_text", "revision__tree")


def neighbours(
    *,
    user: User,
    filters: QueueFilters,
    alert: Alert,
    now: datetime,
    times: Mapping[int, timedelta] | None = None,
) -> Neighbours:
    """The alerts before and after this one in the queue, as it is now. A few queries without KQL; with it, folds are
    gone through alert by alert.

    `times` are the targets, if they were read before.

    Raises: LanguageError.
    """
    order = order_of(filters, targets() if times is None else times, now)
    if order.targets and alert.severity not in dict(order.targets):
        return Neighbours(None, None)  # the queue it was opened from does not show its severity
    (base, tree), key, looked = asked_of(user, filters, now), order.key(alert), Looked()
    if filters.folded and tree is None:
        ahead = folding.faces(base, order, 1, key).heads
        return Neighbours(folding.face_before(base, order, key), ahead[0].pk if ahead else None)
    back = _first(base, order.reversed(), key, tree, looked)
    return Neighbours(back, _first(base, order, key, tree, looked.anew()))


def _first(alerts: QuerySet[Alert], order: Order, key: Sequence[Any], tree: Tree | None, looked: Looked) -> int | None:
    if tree is None:
        return next(iter(order.numbers(alerts, 1, key)), None)
    found_one = next(matching(alerts, tree, order, looked, key), None)
    return found_one.pk if found_one else None
