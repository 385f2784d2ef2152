"""Shared lists made, named, put on rules and taken off them, removed and brought back."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from rules import epoch, exceptions
from rules.errors import ListGone, ListRefused
from rules.models import ExceptionItem, Rule, SharedList
from rules.shared.common import MAX_RULES, Copies, bump, locked, may_manage, record, some, state
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
    version: int,
    name: str,
    description: str,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
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
    record("edit", shared, actor, now, door, before=before, after=told, inverse=inverse)
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
    known = set(shared.rules.values_list("pk", flat=True))
    new = [rule for rule in some(rules) if rule.pk not in known]
    if len(known) + len(new) > MAX_RULES:
        raise ListRefused("rules", f"A list is for up to {MAX_RULES:,} rules.")
    standing = [one.shown for one in items_of(shared)]
    made = [_copied(item, rule, actor, now, door, group) for rule in new for item in standing]
    shared.rules.add(*new)
    _note_rules(shared, "add rules", "remove rules", new, actor, now, door, group, note)
    return Copies(shared, made, group)


@transaction.atomic
def remove_rules(
    *,
    list_id: str,
    rules: Iterable[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Take the list off these rules: its items no longer hold for them.

    Raises: NotAllowed, ListGone, ListRefused when no rule would be left to hold the items.
    """
    may_manage(actor)
    epoch.bump()
    shared, group = locked(list_id, None), uuid4()
    gone = [rule for rule in some(rules) if shared.rules.filter(pk=rule.pk).exists()]
    left = shared.rules.count() - len(gone)
    items = list(standing(shared).filter(rule__in=gone))
    if not left and items:
        raise ListRefused("rules", "A list with exceptions needs a rule. Remove the list, or add another rule first.")
    removed = [exceptions.remove_item(item=item, actor=actor, now=now, door=door, group=group) for item in items]
    shared.rules.remove(*gone)
    _note_rules(shared, "remove rules", "add rules", gone, actor, now, door, group)
    return Copies(shared, removed, group)


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
    removed = [exceptions.remove_item(item=item, actor=actor, now=now, door=door, group=group) for item in items]
    shared.removed_at = now
    bump(shared, now, "removed_at")
    inverse = {"verb": "restore", "items": [item.pk for item in removed]}
    record("remove", shared, actor, now, door, before=state(shared), inverse=inverse, group=group)
    return Copies(shared, removed, group)


@transaction.atomic
def restore_list(
    *,
    list_id: str,
    items: Sequence[int],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Undo remove_list: the list is back, and these of its items hold again.

    Raises: NotAllowed, ListGone, ExceptionRefused.
    """
    may_manage(actor)
    epoch.bump()
    shared = SharedList.objects.select_for_update(no_key=True).filter(pk=list_id).first()
    if shared is None:
        raise ListGone(list_id)
    group, shared.removed_at = uuid4(), None
    rows = ExceptionItem.objects.filter(list_id=list_id, pk__in=list(items)).select_related("rule__team")
    back = [exceptions.restore_item(item=item, actor=actor, now=now, door=door, group=group) for item in rows]
    bump(shared, now, "removed_at")
    record("restore", shared, actor, now, door, after=state(shared), inverse={"verb": "remove"}, group=group)
    return Copies(shared, back, group)


def _copied(
    item: ExceptionItem, rule: Rule, actor: User | None, now: datetime, door: Change.Door, group: UUID
) -> ExceptionItem:
    """The item on one more rule, in the state that it is in elsewhere; a copy that was removed there comes back."""
    kept = ("name", "entries", "reason", "owner_id", "from_alert", "not_applied_because", "enabled", "expires_at")
    values = {key: getattr(item, key) for key in (*kept, "expired", "review_at", "imported")}
    ids = {"rule": rule, "list_id": item.list_id, "item_id": item.item_id}
    copy = ExceptionItem.objects.filter(**ids).first() or ExceptionItem(**ids, created_at=now, version=0)
    for key, value in values.items():
        setattr(copy, key, value)
    copy.removed_at, copy.updated_at, copy.version = None, now, copy.version + 1
    copy.save()
    exceptions.record_item(
        "create", copy, actor, now, door, group, after=exceptions.content_of(copy), inverse={"verb": "remove"}
    )
    return copy


def _described(name: str, description: str) -> dict[str, str]:
    told = {"name": name.replace("\0", "").strip(), "description": description.replace("\0", "").strip()}
    if not told["name"] or len(told["name"]) > MAX_NAME:
        raise ListRefused("name", f"Give the list a name of up to {MAX_NAME} characters.")
    if len(told["description"]) > MAX_DESCRIPTION:
        raise ListRefused("description", f"Keep it under {MAX_DESCRIPTION:,} characters.")
    return told


def _note_rules(
    shared: SharedList,
    verb: str,
    inverse: str,
    rules: Sequence[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
    note: str = "",
) -> None:
    if not rules:
        return
    bump(shared, now)
    changed = [rule.pk for rule in rules]
    back = {"verb": inverse, "rules": changed}
    after = {**state(shared), "changed": changed}
    record(verb, shared, actor, now, door, after=after, inverse=back, group=group, note=note)
