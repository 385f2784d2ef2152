"""The items of shared lists: each act is done to every copy, in one transaction and under one group of the record."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from rules import epoch, exceptions
from rules.errors import ListGone, ListRefused
from rules.exceptions import NewItem, Said, edit_items, remove_items, switch_items
from rules.models import ExceptionItem
from rules.shared.common import Copies, bump, locked, may_except
from rules.shared.selectors import items_of, standing

MAX_ITEMS = 500


@transaction.atomic
def add_item(*, list_id: str, **new: Unpack[NewItem]) -> Copies:
    """Save an exception on every rule of the list.

    Raises: NotAllowed, ListGone, ListRefused, ExceptionEntryError, ExceptionRefused.
    """
    may_except(new["actor"])
    epoch.bump()
    shared, group, item_id = locked(list_id, None), new.get("group") or uuid4(), str(uuid4())
    rules = list(shared.rules.select_related("team").order_by("pk"))
    if not rules:
        raise ListRefused("rules", "This list has no rule yet. Add one first.")
    if len(items_of(shared)) >= MAX_ITEMS:
        raise ListRefused("entries", f"A list holds up to {MAX_ITEMS} exceptions.")
    made = exceptions.create_items(rules=rules, list_id=shared.pk, item_id=item_id, **new | {"group": group})
    bump(shared, new["now"])
    return Copies(shared, made, group, item_id)


@transaction.atomic
def edit_item(
    *,
    list_id: str,
    item_id: str,
    version: int | None,
    note: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    **said: Unpack[Said],
) -> Copies:
    """Let every copy of an item say this, those too that differed; `version` is the list's, as the person saw it.

    Raises: as add_item, and StaleList, ExceptionGone.
    """
    return _all(edit_items, list_id, item_id, version, actor, now, door, group, note=note, **said)


@transaction.atomic
def disable_item(
    *, list_id: str, item_id: str, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> Copies:
    """Switch an item off for every rule of the list. Raises: NotAllowed, ListGone."""
    return _all(switch_items, list_id, item_id, None, actor, now, door, on=False)


@transaction.atomic
def enable_item(
    *,
    list_id: str,
    item_id: str,
    actor: User | None,
    now: datetime,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Switch an item on for every rule of the list; `note` goes into the record.

    Raises: NotAllowed, ListGone, ExceptionRefused.
    """
    return _all(switch_items, list_id, item_id, None, actor, now, door, on=True, note=note)


@transaction.atomic
def remove_item(
    *, list_id: str, item_id: str, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> Copies:
    """Take an item off every rule of the list. Raises: NotAllowed, ListGone."""
    return _all(remove_items, list_id, item_id, None, actor, now, door)


def _all(
    act: Callable[..., list[ExceptionItem]],
    list_id: str,
    item_id: str,
    version: int | None,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID | None = None,
    **told: Any,
) -> Copies:
    """Do it to every copy of an item, under one group."""
    may_except(actor)
    epoch.bump()
    shared, group = locked(list_id, version), group or uuid4()
    copies = list(standing(shared).filter(item_id=item_id))
    if not copies:
        raise ListGone(list_id)
    changed = act(items=copies, actor=actor, now=now, door=door, group=group, **told)
    bump(shared, now)
    return Copies(shared, changed, group, item_id)
