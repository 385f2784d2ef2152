"""The exceptions that a rule has, beside its notes on false positives: what each says, and whether it fits this alert.

An exception that fits an alert which was raised all the same is switched off, came later, or says something else of the
events that this one was counted with; which it is, is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count as CountOf
from django.db.models import Max, Q

from alerts.exceptions.entries import field_of, told
from alerts.kept import INDICATOR, events_of
from alerts.models import Alert
from engine import Document, ExceptionEntryError, matches
from engine.languages.exceptions import parse_entries
from rules.models import ExceptionItem, HeldBack
from rules.value_lists import values_of

LATELY = timedelta(days=30)
MOST = 20


@dataclass(frozen=True, slots=True)
class RuleException:
    """An exception of the rule. `of_events` of the alert's `events` are such that it takes them."""

    item: ExceptionItem
    says: tuple[tuple[str, str], ...]
    held_back: int
    last_at: datetime | None
    of_events: int
    events: int

    @property
    def in_force(self) -> bool:
        """Whether it takes events out of its rule now."""
        return self.item.enabled and not self.item.expired

    @property
    def fits(self) -> bool:
        """Whether it would take all that this alert rests on."""
        return self.events > 0 and self.of_events == self.events

    @property
    def fits_some(self) -> bool:
        """Whether it would take a part of it."""
        return 0 < self.of_events < self.events


@dataclass(frozen=True, slots=True)
class RuleExceptions:
    """A rule's exceptions, those that fit first; `more` are not shown."""

    shown: tuple[RuleException, ...]
    more: int


def exceptions_beside(alert: Alert, *, team_ids: Sequence[int], now: datetime) -> RuleExceptions:
    """The newest exceptions of the alert's rule. Four queries, and one for each value list they name."""
    items = ExceptionItem.objects.filter(rule_id=alert.rule_id, removed_at=None).select_related("owner")
    found = list(items.order_by("-pk")[: MOST + 1])
    if not found:
        return RuleExceptions((), 0)
    documents = [one.event.document() for one in events_of(alert) if one.role != INDICATOR]
    held = _held_back(found[:MOST], team_ids, now)
    told_of = [_told(item, documents, *held.get(item.pk, (0, None))) for item in found[:MOST]]
    shown = sorted(told_of, key=lambda one: (not one.fits, not one.fits_some, not one.in_force))
    return RuleExceptions(tuple(shown), items.count() - MOST if len(found) > MOST else 0)


def _held_back(
    items: Sequence[ExceptionItem], team_ids: Sequence[int], now: datetime
) -> dict[int, tuple[int, datetime | None]]:
    rows = HeldBack.objects.filter(item__in=items, team_id__in=team_ids).order_by().values_list("item_id")
    lately = CountOf("pk", filter=Q(at__gte=now - LATELY))
    return {item_id: (number, last) for item_id, number, last in rows.annotate(number=lately, last=Max("at"))}


def _told(
    item: ExceptionItem, documents: Sequence[Document], held_back: int, last_at: datetime | None
) -> RuleException:
    says = tuple((field_of(entry), told(entry)) for entry in item.entries)
    return RuleException(item, says, held_back, last_at, _taken(item, documents), len(documents))


def _taken(item: ExceptionItem, documents: Sequence[Document]) -> int:
    """How many of the events it takes; none where it cannot be read, for then it takes none in a run either."""
    if item.not_applied_because:
        return 0
    try:
        tree = parse_entries(item.entries, values_of)
    except ExceptionEntryError:
        return 0
    return sum(matches(tree, document) for document in documents)
