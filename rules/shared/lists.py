"""Shared lists made, named, put on rules and taken off them, removed and brought back."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_all
from rules import epoch
from rules.errors import ListGone, ListRefused
from rules.exceptions import TOGETHER, content_of, entry_about, remove_items, restore_items
from rules.models import ExceptionItem, Rule, SharedList
from rules.shared.common import MAX_COPIES, MAX_RULES, Copies, bump, locked, may_manage, record, some, state
from rules.shared.selectors import items_of, standing

MAX_NAME, MAX_DESCRIPTION = 255, 2_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


@transaction.atomic
def create_list(
    *,
    name: str,
    description: str = "",
    rules: Iterable[Rule] = (),
    list_id: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> SharedList:
    """Make a list for these rules. Without an id it gets one. Raises: NotAllowed, ListRefused."""
    may_manage(actor)
    told, checked_id = _described(name, description), list_id.strip() or str(uuid4())
    if not _ID.fullmatch(checked_id):
        raise ListRefused("list_id", "An id has up to 255 letters, digits, dots, dashes and underscores.")
    if SharedList.objects.filter(pk=checked_id).exists() or ExceptionItem.objects.filter(list_id=checked_id).exists():
        raise ListRefused("list_id", f"There is a list “{checked_id[:80]}” already.")
    shared = SharedList.objects.create(pk=checked_id, **told, owner=actor, created_at=now, updated_at=now)
    chosen = some(rules)
    shared.rules.set(chosen)
    after = {**told, "rules": [rule.pk for rule in chosen]}
    record("create", shared, actor, now, door, after=after, inverse={"verb": "remove"})
    return shared


@transaction.atomic
def edit_list(
    *,
    list_id: str,
    version: int | None,
    name: str,
    description: str,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    undoes: Change | None = None,
) -> SharedList:
    """Call the list something else. Raises: NotAllowed, ListGone, StaleList, ListRefused."""
    may_manage(actor)
    told, shared = _described(name, description), locked(list_id, version)
    before = {"name": shared.name, "description": shared.description}
    if told == before:
        return shared
    shared.name, shared.description = told["name"], told["description"]
    bump(shared, now, "name", "description")
    inverse = {"verb": "edit", "version": shared.version, "values": before}
    record("edit", shared, actor, now, door, before=before, after=told, inverse=inverse, undoes=undoes)
    return shared


@transaction.atomic
def add_rules(
    *,
    list_id: str,
    rules: Iterable[Rule],
    actor: User | None,
    now: datetime,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Have the list's items hold for these rules too, from the next claim on; `note` goes into the record.

    Raises: NotAllowed, ListGone, ListRefused.
    """
    may_manage(actor)
    epoch.bump()
    shared, group = locked(list_id, None), uuid4()
    new = _new_to(shared, rules)
    standing = [one.shown for one in items_of(shared)]
    if len(new) * len(standing) > MAX_COPIES:
        raise ListRefused(
            "rules", f"At most {MAX_COPIES:,} exceptions come to stand on rules at once. Add fewer rules."
        )
    made = _copied(standing, new, actor, now, door, group)
    shared.rules.add(*new)
    back = {"verb": "remove rules"}
    entry = _note_rules("add rules", shared, new, actor, now, door, group, back, note=note)
    return Copies(shared, made, group, change=entry)


@transaction.atomic
def remove_rules(
    *,
    list_id: str,
    rules: Iterable[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    undoes: Change | None = None,
) -> Copies:
    """Take the list off these rules: its items no longer hold for them; restore_rules brings both back.

    Raises: NotAllowed, ListGone, ListRefused when no rule would be left to hold the items.
    """
    may_manage(actor)
    epoch.bump()
    shared, group = locked(list_id, None), uuid4()
    known = set(shared.rules.values_list("pk", flat=True))
    gone = [rule for rule in some(rules) if rule.pk in known]
    left = len(known) - len(gone)
    items = list(standing(shared).filter(rule__in=gone))
    if not left and items:
        raise ListRefused("rules", "A list with exceptions needs a rule. Remove the list, or add another rule first.")
    removed = remove_items(items=items, actor=actor, now=now, door=door, group=group)
    shared.rules.remove(*gone)
    back = {"verb": "add rules", **_to_restore(items)}
    entry = _note_rules("remove rules", shared, gone, actor, now, door, group, back, undoes=undoes)
    return Copies(shared, removed, group, change=entry)


@transaction.atomic
def restore_rules(
    *,
    list_id: str,
    rules: Iterable[Rule],
    items: Sequence[int],
    off: Sequence[int] = (),
    actor: User | None,
    now: datetime,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
    undoes: Change | None = None,
) -> Copies:
    """Undo remove_rules: the list is for these rules again, and these of its items hold on them as they did.

    Raises: NotAllowed, ListGone, ListRefused, ExceptionRefused.
    """
    may_manage(actor)
    epoch.bump()
    shared, group = locked(list_id, None), uuid4()
    new = _new_to(shared, rules)
    back = _of_list(list_id, items)
    restored = restore_items(items=back, off=off, actor=actor, now=now, door=door, group=group, note=note)
    shared.rules.add(*new)
    by = {"verb": "remove rules"}
    entry = _note_rules("add rules", shared, new, actor, now, door, group, by, note=note, undoes=undoes)
    return Copies(shared, restored, group, change=entry)


def _new_to(shared: SharedList, rules: Iterable[Rule]) -> list[Rule]:
    """Those of the rules that the list is not for yet. Raises: ListRefused."""
    known = set(shared.rules.values_list("pk", flat=True))
    new = [rule for rule in some(rules) if rule.pk not in known]
    if len(known) + len(new) > MAX_RULES:
        raise ListRefused("rules", f"A list is for up to {MAX_RULES:,} rules.")
    return new


@transaction.atomic
def remove_list(
    *,
    list_id: str,
    version: int | None,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Remove a list and its items from all its rules; restore_list brings both back.

    Raises: NotAllowed, ListGone, StaleList.
    """
    may_manage(actor)
    epoch.bump()
    shared, group = locked(list_id, version), uuid4()
    items = list(standing(shared))
    removed = remove_items(items=items, actor=actor, now=now, door=door, group=group)
    shared.removed_at = now
    bump(shared, now, "removed_at")
    inverse = {"verb": "restore", **_to_restore(items)}
    entry = record("remove", shared, actor, now, door, before=state(shared), inverse=inverse, group=group)
    return Copies(shared, removed, group, change=entry)


@transaction.atomic
def restore_list(
    *,
    list_id: str,
    items: Sequence[int],
    off: Sequence[int] = (),
    actor: User | None,
    now: datetime,
    note: str = "",
    door: Change.Door = Change.Door.PAGE,
    undoes: Change | None = None,
) -> Copies:
    """Undo remove_list: the list is back, and these of its items hold again, but for those that were `off`.

    Raises: NotAllowed, ListGone, ExceptionRefused.
    """
    may_manage(actor)
    epoch.bump()
    shared = SharedList.objects.select_for_update(no_key=True).filter(pk=list_id).first()
    if shared is None:
        raise ListGone(list_id)
    group, shared.removed_at = uuid4(), None
    of_list = _of_list(list_id, items)
    back = restore_items(items=of_list, off=off, actor=actor, now=now, door=door, group=group, note=note)
    bump(shared, now, "removed_at")
    told = {"after": state(shared), "inverse": {"verb": "remove"}}
    entry = record("restore", shared, actor, now, door, **told, group=group, note=note, undoes=undoes)
    return Copies(shared, back, group, change=entry)


def _of_list(list_id: str, items: Sequence[int]) -> list[int]:
    """Those of the items that belong to the list."""
    return list(ExceptionItem.objects.filter(list_id=list_id, pk__in=list(items)).values_list("pk", flat=True))


def _to_restore(items: Sequence[ExceptionItem]) -> dict[str, list[int]]:
    """For the record: which items an act removes, and which of these were off before."""
    return {"items": [item.pk for item in items], "off": [item.pk for item in items if not item.enabled]}


def _copied(
    items: Sequence[ExceptionItem],
    rules: Sequence[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
) -> list[ExceptionItem]:
    """The items on further rules, in the state that they are in elsewhere; a copy that was removed there comes back. A
    query for some hundreds."""
    rows = ExceptionItem.objects.filter(list_id__in={item.list_id for item in items}, rule__in=rules)
    known = {(row.rule_id, row.item_id): row for row in rows.order_by("-pk")}
    copies = [_copy_of(item, rule, known.get((rule.pk, item.item_id)), now) for rule in rules for item in items]
    old = [copy for copy in copies if copy.pk is not None]
    columns = [*(key.removesuffix("_id") for key in _KEPT), "removed_at", "updated_at", "version"]
    ExceptionItem.objects.bulk_update(old, columns, batch_size=TOGETHER)
    ExceptionItem.objects.bulk_create([copy for copy in copies if copy.pk is None], batch_size=TOGETHER)
    by, back = (actor, now, door, group), {"verb": "remove"}
    record_all([entry_about("create", copy, *by, after=content_of(copy), inverse=back) for copy in copies])
    return copies


_KEPT = (
    "name", "entries", "reason", "owner_id", "from_alert", "not_applied_because", "enabled", "expires_at", "expired",
    "review_at", "imported",
)  # fmt: skip


def _copy_of(item: ExceptionItem, rule: Rule, known: ExceptionItem | None, now: datetime) -> ExceptionItem:
    ids = {"rule": rule, "list_id": item.list_id, "item_id": item.item_id}
    copy = known or ExceptionItem(**ids, created_at=now, version=0)
    for key in _KEPT:
        setattr(copy, key, getattr(item, key))
    copy.rule, copy.removed_at, copy.updated_at, copy.version = rule, None, now, copy.version + 1
    return copy


def _described(name: str, description: str) -> dict[str, str]:
    told = {"name": name.replace("\0", "").strip(), "description": description.replace("\0", "").strip()}
    if not told["name"] or len(told["name"]) > MAX_NAME:
        raise ListRefused("name", f"Give the list a name of up to {MAX_NAME} characters.")
    if len(told["description"]) > MAX_DESCRIPTION:
        raise ListRefused("description", f"Keep it under {MAX_DESCRIPTION:,} characters.")
    return told


def _note_rules(
    verb: str,
    shared: SharedList,
    rules: Sequence[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
    inverse: dict[str, Any],
    *,
    note: str = "",
    undoes: Change | None = None,
) -> Change | None:
    if not rules:
        return None
    bump(shared, now)
    changed = [rule.pk for rule in rules]
    after, back = {**state(shared), "changed": changed}, {**inverse, "rules": changed}
    return record(verb, shared, actor, now, door, after=after, inverse=back, group=group, note=note, undoes=undoes)
