"""The exceptions of a rule: saved, changed, switched, removed, and let go when they expire.

An exception is entries in Kibana's schema (AND inside an item, OR between the items of a rule). Every change bumps the
epoch before anything else, so from the next claim on it holds and no alert slips past it. What needs alerts (previews,
closing, raising what was held back) is in alerts/exceptions.py; what was held back is kept in rules/held_back.py.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import entry_of, record_all
from accounts.roles import Permission
from engine import ExceptionEntryError, parse_entries
from rules import epoch
from rules.errors import ExceptionGone, ExceptionRefused, StaleException
from rules.held_back import HeldEvent, drop_held_back, held_back_of, hold_back, let_go, take_let_go
from rules.models import ExceptionItem, Rule
from rules.storable import is_storable
from rules.value_lists import lists_named, types_of, values_of

MAX_ENTRIES = 50
MAX_ENTRIES_BYTES = 100_000
MAX_NAME = 255
MAX_REASON = 2_000
EXPIRY_BATCH = 500
TOGETHER = 500

Entries = Sequence[Mapping[str, Any]]

__all__ = [
    "HeldEvent",
    "check_content",
    "content_of",
    "create_item",
    "create_items",
    "disable_item",
    "drop_held_back",
    "edit_item",
    "enable_item",
    "expire_due",
    "held_back_of",
    "hold_back",
    "let_go",
    "remove_item",
    "take_let_go",
]


def create_item(
    *,
    rule: Rule,
    entries: Entries,
    reason: str,
    name: str,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    owner: User | None = None,
    from_alert: int | None = None,
    list_id: str = "",
    item_id: str = "",
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Save an exception on a rule; it holds from the next claim on. Without an owner the actor owns it.

    `list_id` and `item_id` are given for the copy of a shared list's item (rules/shared.py).

    Raises: ExceptionEntryError for an entry, ExceptionRefused for the rest, NotAllowed.
    """
    (item,) = create_items(
        rules=[rule],
        entries=entries,
        reason=reason,
        name=name,
        actor=actor,
        now=now,
        expires_at=expires_at,
        review_at=review_at,
        owner=owner,
        from_alert=from_alert,
        list_id=list_id,
        item_id=item_id,
        door=door,
        group=group,
    )
    return item


@transaction.atomic
def create_items(
    *,
    rules: Sequence[Rule],
    entries: Entries,
    reason: str,
    name: str,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    owner: User | None = None,
    from_alert: int | None = None,
    list_id: str = "",
    item_id: str = "",
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> list[ExceptionItem]:
    """The same exception on each of some rules, in their order. Costs a query for some hundreds.

    Raises: as create_item.
    """
    may_except(actor)
    content = _checked(entries=entries, reason=reason, name=name, expires_at=expires_at, review_at=review_at, now=now)
    epoch.bump()
    origin = {"owner": owner or actor, "from_alert": from_alert, "list_id": list_id, "item_id": item_id}
    items = [ExceptionItem(rule=rule, **content, **origin, created_at=now, updated_at=now) for rule in rules]
    ExceptionItem.objects.bulk_create(items, batch_size=TOGETHER)
    inverse = {"verb": "remove"}
    record_all(
        [
            entry_about("create", item, actor, now, door, group, after=content_of(item), inverse=inverse)
            for item in items
        ]
    )
    return items


@transaction.atomic
def edit_item(
    *,
    item: ExceptionItem,
    version: int,
    entries: Entries,
    reason: str,
    name: str,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    owner: User | None = None,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Replace what an exception says; `version` is the one the person saw. A later expiry brings an expired one back.

    Raises: StaleException, ExceptionGone, ExceptionEntryError, ExceptionRefused, NotAllowed.
    """
    may_except(actor)
    content = _checked(entries=entries, reason=reason, name=name, expires_at=expires_at, review_at=review_at, now=now)
    epoch.bump()
    item = _locked(item, version)
    before = content_of(item)
    values = {**content, "expired": False, "owner": owner or item.owner, "not_applied_because": ""}
    _save(item, now, **values)
    inverse = {"verb": "edit", "version": item.version, "values": before}
    record_item(
        "edit", item, actor, now, door, group, before=before, after=content_of(item), inverse=inverse, note=note
    )
    return item


def disable_item(
    *,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    version: int | None = None,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Switch an exception off: what it covered alerts again from the next claim on.

    Raises: StaleException, ExceptionGone, NotAllowed.
    """
    return _switch(item, "disable", "enable", {"enabled": False}, actor, now, version, door, group)


def enable_item(
    *,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    version: int | None = None,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Switch an exception back on; `note` goes into the record.

    Raises: ExceptionRefused when its expiry has passed, StaleException, ExceptionGone, NotAllowed.
    """
    check_enabling([item], now)
    values = {"enabled": True, "expired": False}
    return _switch(item, "enable", "disable", values, actor, now, version, door, group, note)


def remove_item(
    *,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    version: int | None = None,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Take an exception off its rule for good. The row stays for the record, and restore_items brings it back.

    Raises: StaleException, ExceptionGone, NotAllowed.
    """
    return _switch(item, "remove", "restore", {"enabled": False, "removed_at": now}, actor, now, version, door, group)


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
            record_item("expire", item, None, now, Change.Door.SYSTEM, None)
    return len(items)


@transaction.atomic
def _switch(
    item: ExceptionItem,
    verb: str,
    inverse: str,
    values: dict[str, Any],
    actor: User | None,
    now: datetime,
    version: int | None,
    door: Change.Door,
    group: UUID | None,
    note: str = "",
) -> ExceptionItem:
    may_except(actor)
    epoch.bump()
    item = _locked(item, version)
    if all(getattr(item, key) == value for key, value in values.items()):
        return item
    _save(item, now, **values)
    record_item(verb, item, actor, now, door, group, inverse={"verb": inverse, "version": item.version}, note=note)
    return item


def check_enabling(items: Sequence[ExceptionItem], now: datetime | None) -> None:
    """Whether they can be in force: every list that they ask for is there and, with `now`, none has expired or could
    not be applied. One query where lists are asked for. Raises: ExceptionRefused.
    """
    for item in items if now is not None else ():
        if now is not None and item.expires_at is not None and item.expires_at <= now:
            raise ExceptionRefused("expires_at", "This exception has expired. Edit it and give it a later date.")
        if item.not_applied_because:
            raise ExceptionRefused("entries", f"{item.not_applied_because} Edit it so that it can be applied.")
    named = {list_id for item in items for list_id in lists_named(item.entries)}
    missing = named - types_of(named).keys() if named else ()
    for list_id in missing:
        raise ExceptionRefused("entries", f"It asks for the value list “{list_id[:60]}”, which is no longer there.")


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


def _checked(
    *,
    entries: Entries,
    reason: str,
    name: str,
    expires_at: datetime | None,
    review_at: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """The content as it is stored, or the error of the first field that cannot be."""
    plain = [dict(entry) for entry in entries]
    if not plain:
        raise ExceptionRefused("entries", "Add a condition: without any the exception would silence the whole rule.")
    if not all(map(is_storable, plain)):
        raise ExceptionRefused("entries", "A condition holds parts, text or numbers that cannot be kept.")
    if len(plain) > MAX_ENTRIES or len(orjson.dumps(plain)) > MAX_ENTRIES_BYTES:
        raise ExceptionRefused("entries", f"An exception holds up to {MAX_ENTRIES} conditions and 100 kB of values.")
    _check_lists(plain)
    parse_entries(plain, values_of)
    if expires_at is not None and expires_at <= now:
        raise ExceptionRefused("expires_at", "The expiry lies in the past.")
    return {
        "entries": plain,
        "reason": _text("reason", reason, MAX_REASON, "Say why, for whoever reviews this exception."),
        "name": _text("name", name, MAX_NAME, "Give the exception a name."),
        "expires_at": expires_at,
        "review_at": review_at,
    }


def _check_lists(entries: list[dict[str, Any]]) -> None:
    """Let each entry that asks for a list say its type, as Kibana's do; a list that is missing is told by the parser.

    Raises: ExceptionEntryError for a type that is not the list's.
    """
    asking = [(at, entry) for at, entry in enumerate(entries) if isinstance(entry.get("list"), Mapping)]
    if not asking:
        return
    types = types_of(str(entry["list"].get("id")) for _, entry in asking)
    for at, entry in asking:
        kind, said = types.get(str(entry["list"].get("id"))), entry["list"].get("type")
        if kind is not None and said not in (None, "", kind):
            raise ExceptionEntryError(at, "list.type", f"is {kind}, not {str(said)[:20]}")
        if kind is not None:
            entry["list"] = {**entry["list"], "type": kind}


def check_content(
    *,
    entries: Entries,
    reason: str,
    name: str,
    expires_at: datetime | None,
    review_at: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """What an exception would store, for one that waits before it is saved.

    Raises: ExceptionEntryError for an entry, ExceptionRefused for the rest.
    """
    return _checked(entries=entries, reason=reason, name=name, expires_at=expires_at, review_at=review_at, now=now)


def _text(field: str, text: str, limit: int, when_empty: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise ExceptionRefused(field, when_empty)
    if len(text) > limit:
        raise ExceptionRefused(field, f"Keep it under {limit:,} characters.")
    return text


def content_of(item: ExceptionItem) -> dict[str, Any]:
    """What an exception says, as the record keeps it."""
    return {
        "rule": item.rule_id,
        "name": item.name,
        "entries": item.entries,
        "reason": item.reason,
        "expires_at": item.expires_at.isoformat() if item.expires_at else None,
        "review_at": item.review_at.isoformat() if item.review_at else None,
        "owner": item.owner_id,
    }


def record_item(
    verb: str,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    note: str = "",
) -> None:
    """Write an entry about an exception."""
    record_all(
        [entry_about(verb, item, actor, now, door, group, before=before, after=after, inverse=inverse, note=note)]
    )


def entry_about(
    verb: str,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    note: str = "",
) -> Change:
    return entry_of(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="exception",
        object_id=str(item.pk),
        before=before,
        after=after or {"rule": item.rule_id, "name": item.name, "reason": item.reason},
        inverse=inverse,
        team=item.rule.team,
        note=note,
        group=group,
    )
