"""One exception of a rule: saved, changed, switched, removed, and let go when it expires.

Every change bumps the epoch before anything else, so from the next claim on it holds and no alert slips past it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_all
from accounts.roles import Permission
from rules import epoch
from rules.errors import ExceptionGone, StaleException
from rules.exceptions.content import Said, check_content, check_enabling
from rules.exceptions.recording import content_of, entry_about, standing_of
from rules.models import ExceptionItem, Rule

EXPIRY_BATCH = 500
TOGETHER = 500


class NewItem(Said, total=False):
    """What makes a new exception: what it says, who makes it and when. Without an owner the actor owns it."""

    actor: Required[User | None]
    now: Required[datetime]
    owner: User | None
    from_alert: int | None
    door: Change.Door
    group: UUID | None
    note: str


def create_item(*, rule: Rule, **new: Unpack[NewItem]) -> ExceptionItem:
    """Save an exception on a rule; it holds from the next claim on.

    Raises: ExceptionEntryError for an entry, ExceptionRefused for the rest, NotAllowed.
    """
    (item,) = create_items(rules=[rule], **new)
    return item


@transaction.atomic
def create_items(
    *,
    rules: Sequence[Rule],
    list_id: str = "",
    item_id: str = "",
    actor: User | None,
    now: datetime,
    owner: User | None = None,
    from_alert: int | None = None,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    note: str = "",
    **said: Unpack[Said],
) -> list[ExceptionItem]:
    """The same exception on each of some rules, in their order. Costs a query for some hundreds.

    `note` is for the record. `list_id` and `item_id` are given for the copies of a shared list's item (rules/shared).

    Raises: as create_item.
    """
    may_except(actor)
    content = check_content(now=now, **said)
    epoch.bump()
    origin = {"owner": owner or actor, "from_alert": from_alert, "list_id": list_id, "item_id": item_id}
    items = [ExceptionItem(rule=rule, **content, **origin, created_at=now, updated_at=now) for rule in rules]
    ExceptionItem.objects.bulk_create(items, batch_size=TOGETHER)
    by, inverse = (actor, now, door, group), {"verb": "remove"}
    record_all([entry_about("create", item, *by, after=content_of(item), inverse=inverse, note=note) for item in items])
    return items


@transaction.atomic
def edit_item(
    *,
    item: ExceptionItem,
    version: int,
    owner: User | None = None,
    note: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    **said: Unpack[Said],
) -> ExceptionItem:
    """Replace what an exception says; `version` is the one the person saw. A later expiry brings an expired one back.

    Raises: StaleException, ExceptionGone, ExceptionEntryError, ExceptionRefused, NotAllowed.
    """
    may_except(actor)
    content = check_content(now=now, **said)
    epoch.bump()
    item = _locked(item, version)
    before, was = content_of(item), standing_of(item)
    values = {**content, "expired": False, "owner": owner or item.owner, "not_applied_because": ""}
    _save(item, now, **values)
    inverse = {"verb": "edit", "version": item.version, "values": before, **was}
    told: dict[str, Any] = {"before": before, "after": content_of(item), "inverse": inverse}
    record_all([entry_about("edit", item, actor, now, door, group, **told, note=note)])
    return item


class Switch(TypedDict, total=False):
    """Who switches an exception and when; with `version` only as he saw it."""

    actor: Required[User | None]
    now: Required[datetime]
    version: int | None
    door: Change.Door
    group: UUID | None


def disable_item(*, item: ExceptionItem, **act: Unpack[Switch]) -> ExceptionItem:
    """Switch an exception off: what it covered alerts again from the next claim on.

    Raises: StaleException, ExceptionGone, NotAllowed.
    """
    return _switch(item, "disable", "enable", {"enabled": False}, **act)


def enable_item(*, item: ExceptionItem, note: str = "", **act: Unpack[Switch]) -> ExceptionItem:
    """Switch an exception back on; `note` goes into the record.

    Raises: ExceptionRefused when its expiry has passed, StaleException, ExceptionGone, NotAllowed.
    """
    check_enabling([item], act["now"])
    values = {"enabled": True, "expired": False}
    return _switch(item, "enable", "disable", values, note=note, **act)


def remove_item(*, item: ExceptionItem, **act: Unpack[Switch]) -> ExceptionItem:
    """Take an exception off its rule for good. The row stays for the record, and restore_items brings it back.

    Raises: StaleException, ExceptionGone, NotAllowed.
    """
    return _switch(item, "remove", "restore", {"enabled": False, "removed_at": act["now"]}, **act)


def expire_due(now: datetime) -> int:
    """Let go of the exceptions whose time is up, and return how many. One query when there are none.

    Their events alert again from the next claim on; what they held back until now stays held back.
    """
    due = ExceptionItem.objects.filter(expires_at__lte=now, expired=False, removed_at=None)
    if not due.exists():
        return 0
    with transaction.atomic():
        epoch.bump()
        items = list(due.select_for_update(no_key=True).order_by("pk")[:EXPIRY_BATCH])
        for item in items:
            _save(item, now, expired=True)
        record_all([entry_about("expire", item, None, now, Change.Door.SYSTEM, None) for item in items])
    return len(items)


@transaction.atomic
def _switch(
    item: ExceptionItem,
    verb: str,
    inverse: str,
    values: dict[str, Any],
    *,
    actor: User | None,
    now: datetime,
    version: int | None = None,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    note: str = "",
) -> ExceptionItem:
    may_except(actor)
    epoch.bump()
    item = _locked(item, version)
    if all(getattr(item, key) == value for key, value in values.items()):
        return item
    was = standing_of(item)
    _save(item, now, **values)
    back = {"verb": inverse, "version": item.version, **was}
    record_all([entry_about(verb, item, actor, now, door, group, inverse=back, note=note)])
    return item


def may_except(actor: User | None) -> None:
    """Raises: NotAllowed, for whoever may not write exceptions."""
    if actor is not None:
        need(actor, Permission.EXCEPT)


def _locked(item: ExceptionItem, version: int | None) -> ExceptionItem:
    """The row as it is now, locked, unless the person has seen an older one."""
    row = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).select_related("rule").get(pk=item.pk)
    if row.removed_at is not None:
        raise ExceptionGone(row.pk)
    if version is not None and row.version != version:
        raise StaleException(row.pk, version, row.version, row.updated_at)
    return row


def _save(item: ExceptionItem, now: datetime, **values: Any) -> None:
    for key, value in values.items():
        setattr(item, key, value)
    item.version += 1
    item.updated_at = now
    item.save(update_fields=[*values, "version", "updated_at"])
