"""The ledger of exceptions across rules: who silenced what, whether it still serves, and when it is looked at again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count as CountOf
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from accounts.models import User
from alerts.models import Alert
from rules.models import ExceptionItem, HeldBack
from soc.web.counts import Count, capped
from soc.web.paging import KeyPage, cut, read_key

SALT = "exceptions"
LATELY, STALE_AFTER, SOON = timedelta(days=30), timedelta(days=90), timedelta(days=14)
SHOWS = ("all", "stale", "overdue", "expiring", "mine", "off")


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

    @property
    def in_force(self) -> bool:
        """Whether it takes events out of its rule now."""
        return self.item.enabled and not self.item.expired


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of the ledger, the number behind each facet, and what all held back in 30 days."""

    page: KeyPage[LedgerRow]
    numbers: dict[str, Count]
    held_back: Count


def ledger(
    *, user: User, team_ids: Sequence[int], show: str, now: datetime, after: str | None = None, limit: int = 50
) -> Ledger:
    """The exceptions of the rules that serve these teams, newest first, narrowed to one facet. 13 queries."""
    seen = ExceptionItem.objects.filter(Q(rule__team=None) | Q(rule__team_id__in=team_ids), removed_at=None)
    facets = {name: _narrowed(seen, name, user, team_ids, now) for name in SHOWS}
    start = read_key(after, f"{SALT}:{show}")
    found = facets[show].select_related("rule", "owner").order_by("-pk")
    if start.values is not None:
        found = found.filter(pk__lt=start.values[0])
    page = cut(list(found[: limit + 1]), limit, lambda item: (item.pk,), f"{SALT}:{show}", start.notice)
    rows = _rows(page.items, team_ids, now)
    lately = HeldBack.objects.filter(team_id__in=team_ids, at__gte=now - LATELY, item__removed_at=None)
    return Ledger(
        KeyPage(rows, page.next_key, page.notice),
        {name: capped(facet) for name, facet in facets.items()},
        capped(lately),
    )


def _narrowed(
    seen: QuerySet[ExceptionItem], show: str, user: User, team_ids: Sequence[int], now: datetime
) -> QuerySet[ExceptionItem]:
    in_force = seen.filter(enabled=True, expired=False)
    if show == "stale":
        hit = HeldBack.objects.filter(item=OuterRef("pk"), team_id__in=team_ids, at__gte=now - STALE_AFTER)
        return in_force.filter(~Exists(hit), created_at__lt=now - STALE_AFTER)
    if show == "overdue":
        return in_force.filter(review_at__lt=now)
    if show == "expiring":
        return in_force.filter(expires_at__lt=now + SOON)
    if show == "mine":
        return seen.filter(owner=user)
    return seen.filter(Q(enabled=False) | Q(expired=True)) if show == "off" else seen


def _rows(items: Sequence[ExceptionItem], team_ids: Sequence[int], now: datetime) -> list[LedgerRow]:
    held = HeldBack.objects.filter(item__in=items, team_id__in=team_ids).order_by().values_list("item_id")
    lately = CountOf("pk", filter=Q(at__gte=now - LATELY))
    told = {item_id: (number, last) for item_id, number, last in held.annotate(number=lately, last=Max("at"))}
    seen = alerts_seen({item.from_alert for item in items if item.from_alert}, team_ids)
    return [_row(item, *told.get(item.pk, (0, None)), now, item.from_alert in seen) for item in items]


def alerts_seen(numbers: Collection[int], team_ids: Sequence[int]) -> frozenset[int]:
    """Which of these alerts are there, with one of these teams. One query, none for no numbers."""
    if not numbers:
        return frozenset()
    return frozenset(Alert.objects.filter(pk__in=numbers, team_id__in=team_ids).values_list("pk", flat=True))


def _row(item: ExceptionItem, held_back: int, last_hit: datetime | None, now: datetime, alert_seen: bool) -> LedgerRow:
    in_force = item.enabled and not item.expired
    old = now - STALE_AFTER
    return LedgerRow(
        item,
        held_back,
        last_hit,
        stale=in_force and item.created_at < old and (last_hit is None or last_hit < old),
        overdue=in_force and item.review_at is not None and item.review_at < now,
        expiring=in_force and item.expires_at is not None and item.expires_at < now + SOON,
        alert_seen=alert_seen,
    )
