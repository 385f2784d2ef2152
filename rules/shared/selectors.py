"""What shared lists there are, and what is in one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from rules import exceptions
from rules.errors import ListGone
from rules.models import ExceptionItem, Rule, SharedList

MAX_LISTS = 1_000


@dataclass(frozen=True, slots=True)
class SharedItem:
    """An item of a list: its copies, the one that stands for them, and on how many rules it says something else, or was
    taken off."""

    item_id: str
    copies: list[ExceptionItem]
    shown: ExceptionItem
    differing: int


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list with how many rules it is for and how many items it has."""

    shared: SharedList
    rules: int
    items: int


def shared_lists(visible: QuerySet[Rule] | None = None) -> list[ListRow]:
    """The lists that there are, by name; of those that have rules, with one of these. Three queries."""
    lists = SharedList.objects.filter(removed_at=None)
    if visible is not None:
        lists = lists.filter(Q(rules=None) | Q(rules__in=visible)).distinct()
    rows = list(lists.order_by("name", "pk")[:MAX_LISTS])
    ids = [row.pk for row in rows]
    links = SharedList.rules.through.objects.filter(sharedlist_id__in=ids)
    rules = Counter(links.values_list("sharedlist_id", flat=True))
    copies = ExceptionItem.objects.filter(list_id__in=ids, removed_at=None)
    items = Counter(list_id for list_id, _ in copies.values_list("list_id", "item_id").distinct())
    return [ListRow(row, rules[row.pk], items[row.pk]) for row in rows]


def shared_list(list_id: str) -> SharedList:
    """The list of this id. Raises: ListGone."""
    row = SharedList.objects.filter(pk=list_id, removed_at=None).select_related("owner").first()
    if row is None:
        raise ListGone(list_id)
    return row


def list_of(item: ExceptionItem) -> SharedList | None:
    """The shared list that an exception belongs to; None for one of its rule alone. One query where it has an id."""
    return SharedList.objects.filter(pk=item.list_id, removed_at=None).first() if item.list_id else None


def items_of(shared: SharedList, visible: QuerySet[Rule] | None = None) -> list[SharedItem]:
    """The list's items, oldest first; with `visible` as they stand on these rules. Two queries."""
    rules = shared.rules.all() if visible is None else shared.rules.filter(pk__in=visible.values("pk"))
    of_rules = set(rules.values_list("pk", flat=True))
    copies: dict[str, list[ExceptionItem]] = {}
    for item in standing(shared):
        if visible is None or item.rule_id in of_rules:
            copies.setdefault(item.item_id, []).append(item)
    return [_together(item_id, of, of_rules) for item_id, of in copies.items()]


def _together(item_id: str, copies: list[ExceptionItem], rules: set[str]) -> SharedItem:
    said = [_said(item) for item in copies]
    most = max(said, key=said.count)
    missing = len(rules - {item.rule_id for item in copies})
    return SharedItem(item_id, copies, copies[said.index(most)], sum(one != most for one in said) + missing)


def _said(item: ExceptionItem) -> Mapping[str, Any]:
    content = {key: value for key, value in exceptions.content_of(item).items() if key not in ("rule", "owner")}
    return {**content, "enabled": item.enabled, "expired": item.expired}


def standing(shared: SharedList) -> QuerySet[ExceptionItem]:
    """The copies of its items that were not removed."""
    rows = ExceptionItem.objects.filter(list_id=shared.pk, removed_at=None)
    return rows.select_related("rule__team", "owner").order_by("pk")
