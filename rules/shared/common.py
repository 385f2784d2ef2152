"""What all acts on shared lists have in common: who may, the row to change, its version and its record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from rules.errors import ListGone, ListRefused, StaleList
from rules.list_ids import recorded_id
from rules.models import ExceptionItem, Rule, SharedList

MAX_RULES = 2_000
MAX_COPIES = 2_000
"""So many exceptions come to stand on rules by one act."""
OBJECT_TYPE = "shared list"


@dataclass(frozen=True, slots=True)
class Copies:
    """What an act changed: the list, the item's id where it was about one, and the copies that were changed."""

    shared: SharedList
    items: list[ExceptionItem]
    group: UUID
    item_id: str = ""
    change: Change | None = None
    """The list's entry in the record, where it has one of its own."""


def may_manage(actor: User | None) -> None:
    """Raises: NotAllowed, for whoever may not change lists."""
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)


def may_except(actor: User | None) -> None:
    """Raises: NotAllowed, for whoever may not write exceptions."""
    if actor is not None:
        need(actor, Permission.EXCEPT)


def some(rules: Iterable[Rule]) -> list[Rule]:
    """The rules, each once. Raises: ListRefused for too many."""
    chosen = list({rule.pk: rule for rule in rules}.values())
    if len(chosen) > MAX_RULES:
        raise ListRefused("rules", f"A list is for up to {MAX_RULES:,} rules.")
    return chosen


def locked(list_id: str, version: int | None) -> SharedList:
    """The list as it is now, locked, unless the person has seen an older one. Raises: ListGone, StaleList."""
    shared = SharedList.objects.select_for_update(no_key=True).filter(pk=list_id, removed_at=None).first()
    if shared is None:
        raise ListGone(list_id)
    if version is not None and shared.version != version:
        raise StaleList(list_id, version, shared.version, shared.updated_at)
    return shared


def bump(shared: SharedList, now: datetime, *changed: str) -> None:
    """Save the next version, with these fields."""
    shared.version += 1
    shared.updated_at = now
    shared.save(update_fields=[*changed, "version", "updated_at"])


def state(shared: SharedList) -> dict[str, Any]:
    """What the list is, as the record keeps it."""
    rules = list(shared.rules.order_by("pk").values_list("pk", flat=True))
    return {"name": shared.name, "description": shared.description, "version": shared.version, "rules": rules}


def record(
    verb: str,
    shared: SharedList,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    group: UUID | None = None,
    note: str = "",
    undoes: Change | None = None,
) -> Change:
    """One entry of the record about the list."""
    return record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=recorded_id(shared.pk),
        before=before,
        after=after,
        inverse=inverse,
        group=group,
        note=note,
        undoes=undoes,
    )
