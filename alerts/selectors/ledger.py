"""The ledger of exceptions across rules: who silenced what, whether it still serves, and when it is looked at again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Count as CountOf
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from accounts.models import User
from alerts.models import Alert, ExceptionCheck
from alerts.reviewing.signs import BROAD_SHARE
from alerts.selectors.ledger_search import saying
from rules.models import ExceptionItem, HeldBack, Rule, SharedList
from soc.web.counts import Count, capped
from soc.web.paging import KeyPage, cut, read_key

SALT = "exceptions"
LATELY, STALE_AFTER, SOON = timedelta(days=30), timedelta(days=90), timedelta(days=14)
BROAD = ~Q(checked__broad="") | Q(checked__share__gt=BROAD_SHARE)
SHOWS = ("all", "hides", "broad", "stale", "overdue", "expiring", "mine", "shared", "off")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An exception with what it held back, in the person's teams, in 30 days, and the last time it did."""

    item: ExceptionItem
    held_back: int
    last_hit: datetime | None
    stale: bool
    overdue: bool
    expiring: bool
    alert_seen: bool = False  # whether the alert it was written on is still there for the person
    days: tuple[int, ...] = ()  # held back on each of the 30 days, oldest first
    check: ExceptionCheck | None = None  # of this version; None: not looked at yet
    hides_seen: bool = False  # whether the person may see the true positive that it hides
    rules_of_list: int = 0  # how many rules share the list it is of

    @property
    def in_force(self) -> bool:
        """Whether it takes events out of its rule now."""
        return self.item.enabled and not self.item.expired

    @property
    def hides(self) -> bool:
        """Whether it hides a true positive."""
        return self.check is not None and bool(self.check.hides)

    @property
    def broad(self) -> bool:
        """Whether it takes out nearly all of its rule, or says so little that it may."""
        return self.check is not None and is_broad(self.check)

    @property
    def gone(self) -> bool:
        """Whether the host or user that it is about sends nothing any more."""
        return self.check is not None and bool(self.check.gone)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of the ledger, the number behind each facet, and what all held back in 30 days."""

    page: KeyPage[LedgerRow]
    numbers: dict[str, Count]
    held_back: Count


def ledger(
    *,
    user: User,
    team_ids: Sequence[int],
    show: str,
    now: datetime,
    rule: Rule | None = None,
    text: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Ledger:
    """The exceptions of the rules that serve these teams, or of one of these rules, newest first, narrowed to one
    facet, and to those that say what is looked for. Some 20 queries, one more for a text."""
    seen = ExceptionItem.objects.filter(Q(rule__team=None) | Q(rule__team_id__in=team_ids), removed_at=None)
    lately = HeldBack.objects.filter(team_id__in=team_ids, at__gte=now - LATELY, item__removed_at=None)
    if rule is not None:
        seen, lately = seen.filter(rule=rule), lately.filter(rule=rule)
    if text:
        numbers = saying(seen, text)
        seen, lately = seen.filter(pk__in=numbers), lately.filter(item__in=numbers)
    facets = {name: _narrowed(seen, name, user, team_ids, now) for name in SHOWS}
    salt = f"{SALT}:{show}:{rule.pk if rule else ''}:{text}"
    start = read_key(after, salt)
    found = facets[show].select_related("rule", "owner").order_by("-pk")
    if start.values is not None:
        found = found.filter(pk__lt=start.values[0])
    page = cut(list(found[: limit + 1]), limit, lambda item: (item.pk,), salt, start.notice)
    rows = _rows(page.items, team_ids, now)
    return Ledger(
        KeyPage(rows, page.next_key, page.notice),
        {name: capped(facet) for name, facet in facets.items()},
        capped(lately),
    )


def _narrowed(
    seen: QuerySet[ExceptionItem], show: str, user: User, team_ids: Sequence[int], now: datetime
) -> QuerySet[ExceptionItem]:
    in_force = seen.filter(enabled=True, expired=False)
    if show in ("hides", "broad"):
        checked = in_force.filter(checked__item_version=F("version"))
        return checked.exclude(checked__hides="") if show == "hides" else checked.filter(BROAD)
    if show == "stale":
        hit = HeldBack.objects.filter(item=OuterRef("pk"), team_id__in=team_ids, at__gte=now - STALE_AFTER)
        unused = Q(~Exists(hit), created_at__lt=now - STALE_AFTER)
        return in_force.filter(unused | Q(checked__item_version=F("version"), checked__gone__gt=""))
    if show == "shared":
        return seen.filter(list_id__in=SharedList.objects.filter(removed_at=None).values("pk"))
    if show == "overdue":
        return in_force.filter(review_at__lt=now)
    if show == "expiring":
        return in_force.filter(expires_at__lt=now + SOON)
    if show == "mine":
        return seen.filter(owner=user)
    return seen.filter(Q(enabled=False) | Q(expired=True)) if show == "off" else seen


def _rows(items: Sequence[ExceptionItem], team_ids: Sequence[int], now: datetime) -> list[LedgerRow]:
    held = HeldBack.objects.filter(item__in=items, team_id__in=team_ids).order_by().values_list("item_id")
    last = dict(held.annotate(last=Max("at")))
    days = days_of([item.pk for item in items], team_ids, now)
    checks = {one.pk: one for one in ExceptionCheck.objects.filter(item__in=items)}
    named = {item.from_alert for item in items if item.from_alert}
    seen = alerts_seen(named | {one.alert_id for one in checks.values() if one.alert_id}, team_ids)
    shared = SharedList.objects.filter(pk__in={item.list_id for item in items if item.list_id}, removed_at=None)
    rules = dict(shared.values_list("pk").annotate(number=CountOf("rules")))
    return [
        replace(
            _row(item, days[item.pk], last.get(item.pk), _of_now(checks.get(item.pk), item), now),
            alert_seen=item.from_alert in seen,
            hides_seen=item.pk in checks and checks[item.pk].alert_id in seen,
            rules_of_list=rules.get(item.list_id, 0),
        )
        for item in items
    ]


def rows_of_rule(rule: Rule, team_ids: Sequence[int], now: datetime) -> list[LedgerRow]:
    """The exceptions of one rule, newest first. Seven queries, however many they are."""
    found = ExceptionItem.objects.filter(rule=rule, removed_at=None).select_related("owner").order_by("-pk")
    items = list(found)
    return _rows(items, team_ids, now) if items else []


def row_of(item: ExceptionItem, team_ids: Sequence[int], now: datetime) -> LedgerRow:
    """The row of one exception. Six queries."""
    return _rows([item], team_ids, now)[0]


def _of_now(check: ExceptionCheck | None, item: ExceptionItem) -> ExceptionCheck | None:
    """What was found of the exception as it stands; nothing where it was changed since, or is not in force."""
    of_this = check is not None and check.item_version == item.version and item.enabled and not item.expired
    return check if of_this else None


def days_of(
    item_ids: Sequence[int], team_ids: Sequence[int], now: datetime, days: int = 30
) -> dict[int, tuple[int, ...]]:
    """How many events each exception held back on each of the last days, oldest first; UTC days. One query."""
    today = now.date()
    found = dict.fromkeys(item_ids, (0,) * days)
    held = HeldBack.objects.filter(item_id__in=item_ids, team_id__in=team_ids, at__gte=now - timedelta(days=days))
    numbers: dict[int, list[int]] = {}
    for item_id, day, number in (
        held.annotate(on=TruncDate("at", tzinfo=UTC)).order_by().values_list("item_id", "on").annotate(n=CountOf("pk"))
    ):
        at = days - 1 - (today - day).days
        if 0 <= at < days:
            numbers.setdefault(item_id, [0] * days)[at] = number
    return found | {item_id: tuple(counts) for item_id, counts in numbers.items()}


def alerts_seen(numbers: Collection[int], team_ids: Sequence[int]) -> frozenset[int]:
    """Which of these alerts are there, with one of these teams. One query, none for no numbers."""
    if not numbers:
        return frozenset()
    return frozenset(Alert.objects.filter(pk__in=numbers, team_id__in=team_ids).values_list("pk", flat=True))


def _row(
    item: ExceptionItem, days: tuple[int, ...], last_hit: datetime | None, check: ExceptionCheck | None, now: datetime
) -> LedgerRow:
    in_force = item.enabled and not item.expired
    old = now - STALE_AFTER
    return LedgerRow(
        item,
        sum(days),
        last_hit,
        stale=in_force and item.created_at < old and (last_hit is None or last_hit < old),
        overdue=in_force and item.review_at is not None and item.review_at < now,
        expiring=in_force and item.expires_at is not None and item.expires_at < now + SOON,
        days=days,
        check=check,
    )


def is_broad(check: ExceptionCheck) -> bool:
    """Whether an exception was found too broad: by what it held back, or by what it says."""
    return bool(check.broad) or (check.share is not None and check.share > BROAD_SHARE)
