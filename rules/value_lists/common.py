"""What all acts on value lists have in common: who may, the row to change, its version, its state and its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from rules.errors import ListGone, ListRefused, StaleList
from rules.list_ids import recorded_id
from rules.models import ValueList
from rules.value_lists.reading import Content, Item
from rules.value_lists.stored import columns_json, digest_of, packed
from rules.value_lists.watching import NOTHING, Effect

MAX_NAME, MAX_DESCRIPTION = 255, 2_000
RECORDED = 1_000
"""So many values go into the record as they are; of more only how many, and a digest of all that the list holds."""
OBJECT_TYPE = "value list"


@dataclass(frozen=True, slots=True)
class Changed:
    """The list as it is now, and what came of the lines: how many values are new, gone, were there already, or could
    not be read and were passed over (the first of these with their reasons); and what it means to exceptions."""

    value_list: ValueList
    added: int = 0
    removed: int = 0
    duplicates: int = 0
    passed: int = 0
    bad: tuple[tuple[int, str], ...] = ()
    effect: Effect = NOTHING
    kept_off: int = 0
    """Imported exceptions that waited for the list, and would hide a true positive: they stay off."""
    change: Change | None = None
    """Its entry in the record, by which it can be taken back; None where nothing changed."""


@dataclass(frozen=True, slots=True)
class By:
    """Who changes values, when, through which door, and why past the guard."""

    actor: User | None
    now: datetime
    door: Change.Door
    override: str = ""


def allowed(actor: User | None) -> None:
    """Raises: NotAllowed, for whoever may not change lists."""
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)


def described(name: str, description: str) -> dict[str, str]:
    """Name and description as they are kept. Raises: ListRefused."""
    told = {"name": name.replace("\0", "").strip(), "description": description.replace("\0", "").strip()}
    if not told["name"] or len(told["name"]) > MAX_NAME:
        raise ListRefused("name", f"Give the list a name of up to {MAX_NAME} characters.")
    if len(told["description"]) > MAX_DESCRIPTION:
        raise ListRefused("description", f"Keep it under {MAX_DESCRIPTION:,} characters.")
    return told


def known(list_id: str) -> ValueList:
    """The list as it is now, for looking at it. Raises: ListGone."""
    row = ValueList.objects.filter(pk=list_id).first()
    if row is None:
        raise ListGone(list_id)
    return row


def locked(list_id: str, version: int | None) -> ValueList:
    """The row as it is now, locked, unless the person has seen an older one. Raises: ListGone, StaleList."""
    row = ValueList.objects.select_for_update(no_key=True).filter(pk=list_id).first()
    if row is None:
        raise ListGone(list_id)
    if version is not None and row.version != version:
        raise StaleList(list_id, version, row.version, row.updated_at)
    return row


def stored(content: Content) -> dict[str, Any]:
    """The columns of the row that hold these values."""
    columns = columns_json(content.columns)
    return {"columns": columns, "count": len(content.items), "data": packed(content.items)}


def bump(row: ValueList, now: datetime, *changed: str) -> None:
    """Save the next version, with these fields."""
    row.version += 1
    row.updated_at = now
    row.save(update_fields=[*changed, "version", "updated_at"])


def state(row: ValueList) -> dict[str, Any]:
    """What the list is, as the record keeps it; its values by their digest."""
    told = {"name": row.name, "description": row.description, "type": row.type, "columns": row.columns}
    return {**told, "version": row.version, "count": row.count, "digest": digest_of(row.data)}


def some(items: Sequence[Item]) -> dict[str, Any]:
    """Values for the record: all of them where they are few enough."""
    return {"count": len(items), "values": list(items)} if len(items) <= RECORDED else {"count": len(items)}


def texts(items: Sequence[Item]) -> list[str]:
    """The values among items: rows of tables are none."""
    return [item for item in items if isinstance(item, str)]


def record(
    verb: str,
    row: ValueList,
    by: By,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    note: str = "",
    undoes: Change | None = None,
) -> Change:
    """One entry of the record about the list."""
    return record_change(
        at=by.now,
        actor=by.actor,
        door=by.door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=recorded_id(row.pk),
        before=before,
        after=after,
        inverse=inverse,
        note=note,
        undoes=undoes,
    )
