"""Ten minutes in which a change of a list's values can be taken back, past the same guard as every other change."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Change, User
from rules.errors import NotUndoable
from rules.list_history import Done, latest, undoable
from rules.list_ids import recorded_id
from rules.models import FormerValues, ValueList
from rules.value_lists.changing import Plan, change
from rules.value_lists.common import OBJECT_TYPE, By, Changed, allowed, known
from rules.value_lists.former import VERB
from rules.value_lists.reading import Content, Item, key_of
from rules.value_lists.stored import columns_of, digest_of, unpacked
from rules.value_lists.users import used_by

CHANGED_SINCE = "The list has been changed since. Take that back first."


def activity(row: ValueList, now: datetime) -> list[Done]:
    """What was done to a list last, newest first. Two queries."""
    kept = set(FormerValues.objects.filter(value_list=row).values_list("pk", flat=True))
    return latest(_changes(row), now, lambda change: change.pk in kept or _told(change))


@transaction.atomic
def undo_change(
    *,
    list_id: str,
    change_id: int,
    override_guard_reason: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Take a change of a list's values back. One of up to a thousand values is taken back whatever came after it: what
    it added goes, as far as it is there, and what it took out comes back. A larger one only as the list's last change.

    Raises: NotAllowed, ListGone, NotUndoable, ListRefused, ListInUse, ValuesHide.
    """
    allowed(actor)
    row = known(list_id)
    done = undoable(_changes(row), change_id, now)
    former = FormerValues.objects.filter(pk=done.pk).first()
    if former is None and not _told(done):
        raise NotUndoable
    by = By(actor, now, door, override_guard_reason)

    def plan(held: ValueList) -> Plan:
        return _as_before(held, former) if former else _without(held, done)

    undone = change("undo", row, None, plan, by, undoes=done)
    if undone.change is None:
        raise NotUndoable("Nothing of this change is left to undo.")
    return undone


def _changes(row: ValueList) -> QuerySet[Change]:
    """Of this list alone: one of the same name may have been removed before it."""
    return Change.objects.filter(object_type=OBJECT_TYPE, object_id=recorded_id(row.pk), at__gte=row.created_at)


def _told(done: Change) -> bool:
    """Whether the record itself tells how the change is taken back."""
    return (done.inverse or {}).get("verb") == VERB


def _as_before(row: ValueList, former: FormerValues) -> Plan:
    """What the list held before. Raises: NotUndoable, where it holds something else by now than just after."""
    if digest_of(row.data) != former.after:
        raise NotUndoable(CHANGED_SINCE)
    if row.columns != former.columns and used_by(row.pk).rules:
        raise NotUndoable("A rule joins this table by the columns that it has now.")
    before, items = unpacked(row.data), unpacked(former.data)
    columns = [(one["name"], one["type"]) for one in former.columns]
    return Plan(before, Content(items, columns), _beyond(row.type, items, before), _beyond(row.type, before, items))


def _beyond(kind: str, items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    keys = {key_of(kind, item) for item in others}
    return [item for item in items if key_of(kind, item) not in keys]


def _without(row: ValueList, done: Change) -> Plan:
    """The list without what the change added, and with what it took out."""
    inverse = done.inverse or {}
    gone = {key_of(row.type, item) for item in inverse["remove"]}
    before = unpacked(row.data)
    keys = [key_of(row.type, item) for item in before]
    there = set(keys)
    left = [item for item, key in zip(before, keys, strict=True) if key not in gone]
    removed = [item for item, key in zip(before, keys, strict=True) if key in gone]
    added = [item for item in inverse["add"] if key_of(row.type, item) not in there]
    return Plan(before, Content([*left, *added], columns_of(row)), added, removed)
