"""Value lists made, filled, changed and removed. What asks for a list asks for what it holds from the next claim on.

Every change bumps the epoch before anything else (rules/epoch.py), leaves a record, and makes the next version.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from rules import epoch
from rules.errors import ListGone, ListRefused, StaleList
from rules.models import ValueList
from rules.value_lists.reading import Content, Item, check_size, key_of, read_lines
from rules.value_lists.stored import columns_json, columns_of, packed, unpacked
from rules.value_lists.users import check_own, check_still_fits, check_unused, used_by
from rules.value_lists.waiting import apply_exceptions, try_again
from rules.value_lists.watching import NOTHING, Effect, ValuesChange, effect_of

MAX_NAME, MAX_DESCRIPTION = 255, 2_000
RECORDED = 1_000
"""So many values go into the record as they are; of more only how many, and a digest of all that the list holds."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
Kind = ValueList.Type


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


@transaction.atomic
def create_list(
    *,
    list_id: str,
    name: str,
    type: str,  # noqa: A002 - what it is called everywhere
    lines: Iterable[str] = (),
    description: str = "",
    skip_bad: bool = False,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Make a list with the values of these lines; rules that waited for a table of its name are evaluated from now on.

    Raises: NotAllowed, ListRefused.
    """
    _allowed(actor)
    if type not in Kind.values:
        raise ListRefused("type", f"A list is one of {', '.join(Kind.values)}.")
    checked_id, told = _checked_id(list_id), _described(name or list_id, description)
    content = read_lines(type, lines, skip_bad=skip_bad) if lines or type == Kind.TABLE else Content()
    epoch.bump()
    if ValueList.objects.filter(pk=checked_id).exists():
        raise ListRefused("list_id", f"There is a list “{checked_id}” already.")
    made = ValueList.objects.create(
        pk=checked_id, type=type, **told, **_stored(content), owner=actor, created_at=now, updated_at=now
    )
    after = {**_state(made), "added": _some(content.items)}
    _record("create", made, actor, now, door, after=after, inverse={"verb": "remove", "version": made.version})
    try_again(made.pk, actor=actor, now=now, door=door)
    kept_off = apply_exceptions(made.pk, actor=actor, now=now, door=door)
    return _changed(made, content, added=len(content.items), kept_off=kept_off)


@transaction.atomic
def replace_values(
    *,
    list_id: str,
    version: int | None,
    lines: Iterable[str],
    skip_bad: bool = False,
    override_guard_reason: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Let the list hold these values instead of those it has; `version` is what the person saw.

    A table keeps its columns while something asks for it. `override_guard_reason` has it so although an exception
    hides a true positive then, by who may, and is recorded; the other verbs take it, too.
    Raises: NotAllowed, ListGone, StaleList, ListRefused, ListInUse, ValuesHide.
    """
    _allowed(actor)
    known = _known(list_id)
    columns = columns_of(known) if known.type == Kind.TABLE and used_by(list_id).rules else None
    content = read_lines(known.type, lines, columns=columns, skip_bad=skip_bad)
    epoch.bump()
    row = _locked(list_id, version)
    before = unpacked(row.data)
    if before == content.items and columns_of(row) == content.columns:
        return _changed(row, content)
    _check_asked(row, content.items, actor)
    keys, old = {key_of(row.type, one) for one in content.items}, {key_of(row.type, one) for one in before}
    gone = [one for one in before if key_of(row.type, one) not in keys]
    new = [one for one in content.items if key_of(row.type, one) not in old]
    by = _By(actor, now, door, override_guard_reason)
    effect = _save(row, content, by, "replace", before=before, added=new, removed=gone)
    return _changed(row, content, effect, added=len(new), removed=len(gone))


@transaction.atomic
def append_values(
    *,
    list_id: str,
    lines: Iterable[str],
    version: int | None = None,
    skip_bad: bool = False,
    override_guard_reason: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Add values; those that the list has already are counted. Where all are, nothing is changed or recorded.

    Raises: NotAllowed, ListGone, StaleList, ListRefused, ValuesHide.
    """
    _allowed(actor)
    known = _known(list_id)
    content = read_lines(known.type, lines, columns=columns_of(known), skip_bad=skip_bad)
    if not _new(known, content.items):
        return _changed(known, content, duplicates=len(content.items))
    epoch.bump()
    row = _locked(list_id, version)
    before, new = unpacked(row.data), _new(row, content.items)
    whole = Content([*before, *new], columns_of(row))
    check_size(row.type, whole.items)
    _check_asked(row, new or whole.items, actor)  # what it held fitted when it came
    by = _By(actor, now, door, override_guard_reason)
    effect = _save(row, whole, by, "append", before=before, added=new)
    return _changed(row, content, effect, added=len(new), duplicates=len(content.items) - len(new))


@transaction.atomic
def remove_values(
    *,
    list_id: str,
    values: Sequence[str],
    version: int | None = None,
    override_guard_reason: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Changed:
    """Take values out; of a table, the rows whose first column they are. What is not in it is passed over.

    Raises: NotAllowed, ListGone, StaleList, ListInUse when nothing would be left and something asks what is outside,
    ValuesHide.
    """
    _allowed(actor)
    known = _known(list_id)
    wanted = {_sought(known.type, value) for value in values}
    if not any(_sought_of(known.type, item) in wanted for item in unpacked(known.data)):
        return Changed(known, passed=len(wanted))
    epoch.bump()
    row = _locked(list_id, version)
    before = unpacked(row.data)
    left = [item for item in before if _sought_of(row.type, item) not in wanted]
    gone = [item for item in before if _sought_of(row.type, item) in wanted]
    _check_asked(row, left, actor)
    effect = NOTHING
    if gone:
        by, whole = _By(actor, now, door, override_guard_reason), Content(left, columns_of(row))
        effect = _save(row, whole, by, "remove values", before=before, removed=gone)
    return Changed(row, removed=len(gone), passed=max(len(wanted) - len(gone), 0), effect=effect)


@transaction.atomic
def describe_list(
    *,
    list_id: str,
    version: int,
    name: str,
    description: str,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> ValueList:
    """Call the list something else; its id stays.

    Raises: NotAllowed, ListGone, StaleList, ListRefused.
    """
    _allowed(actor)
    told, row = _described(name, description), _locked(list_id, version)
    before = {"name": row.name, "description": row.description}
    if before == told:
        return row
    row.name, row.description = told["name"], told["description"]
    _bump(row, now, "name", "description")
    inverse = {"verb": "describe", "version": row.version, "values": before}
    _record("describe", row, actor, now, door, before=before, after=told, inverse=inverse)
    return row


@transaction.atomic
def remove_list(
    *,
    list_id: str,
    version: int | None,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> None:
    """Remove a list that nothing asks for.

    Raises: NotAllowed, ListGone, StaleList, ListInUse naming what asks for it.
    """
    _allowed(actor)
    epoch.bump()
    row = _locked(list_id, version)
    check_unused(list_id, actor)
    before = {**_state(row), "removed": _some(unpacked(row.data))}
    _record("remove", row, actor, now, door, before=before)
    row.delete()


def _allowed(actor: User | None) -> None:
    if actor is not None:
        need(actor, Permission.MANAGE_RULES)


def _checked_id(list_id: str) -> str:
    text = list_id.strip()
    if not _ID.fullmatch(text):
        raise ListRefused("list_id", "An id has up to 128 letters, digits, dots, dashes and underscores.")
    return text


def _described(name: str, description: str) -> dict[str, str]:
    told = {"name": name.replace("\0", "").strip(), "description": description.replace("\0", "").strip()}
    if not told["name"] or len(told["name"]) > MAX_NAME:
        raise ListRefused("name", f"Give the list a name of up to {MAX_NAME} characters.")
    if len(told["description"]) > MAX_DESCRIPTION:
        raise ListRefused("description", f"Keep it under {MAX_DESCRIPTION:,} characters.")
    return told


def _known(list_id: str) -> ValueList:
    row = ValueList.objects.filter(pk=list_id).first()
    if row is None:
        raise ListGone(list_id)
    return row


def _locked(list_id: str, version: int | None) -> ValueList:
    """The row as it is now, locked, unless the person has seen an older one."""
    row = ValueList.objects.select_for_update(no_key=True).filter(pk=list_id).first()
    if row is None:
        raise ListGone(list_id)
    if version is not None and row.version != version:
        raise StaleList(list_id, version, row.version, row.updated_at)
    return row


def _new(row: ValueList, items: Sequence[Item]) -> list[Item]:
    known = {key_of(row.type, item) for item in unpacked(row.data)}
    return [item for item in items if key_of(row.type, item) not in known]


def _sought(kind: str, text: str) -> object:
    return text if kind == Kind.TABLE else key_of(kind, text.strip())


def _sought_of(kind: str, item: Item) -> object:
    """What a value is removed by: of a row, the text of its first cell."""
    if isinstance(item, str):
        return key_of(kind, item)
    return item[0] if item and isinstance(item[0], str) else repr(item[:1])


def _check_asked(row: ValueList, items: Sequence[Item], actor: User | None) -> None:
    check_own(row.pk, actor)
    check_still_fits(row.pk, _texts(items), actor)


def _stored(content: Content) -> dict[str, Any]:
    columns = columns_json(content.columns)
    return {"columns": columns, "count": len(content.items), "data": packed(content.items)}


@dataclass(frozen=True, slots=True)
class _By:
    """Who changes values, when, through which door, and why past the guard."""

    actor: User | None
    now: datetime
    door: Change.Door
    override: str


def _save(
    row: ValueList,
    content: Content,
    by: _By,
    verb: str,
    *,
    before: Sequence[Item],
    added: Sequence[Item] = (),
    removed: Sequence[Item] = (),
) -> Effect:
    state = _state(row)
    for key, value in _stored(content).items():
        setattr(row, key, value)
    _bump(row, by.now, "columns", "count", "data")
    effect = _effect(row, by, before, added, removed)
    after = {**_state(row), "added": _some(added), "removed": _some(removed)}
    back = _way_back(row, added, removed)
    _record(verb, row, by.actor, by.now, by.door, before=state, after=after, inverse=back, note=effect.note)
    return effect


def _effect(row: ValueList, by: _By, before: Sequence[Item], added: Sequence[Item], removed: Sequence[Item]) -> Effect:
    """What packages above say to it. Exceptions ask for no tables. Raises: RulesError, when one refuses it."""
    if row.type == Kind.TABLE or not (added or removed):
        return NOTHING
    change = ValuesChange(
        list_id=row.pk,
        version=row.version,
        added=_texts(added),
        removed=_texts(removed),
        before=_texts(before),
        actor=by.actor,
        now=by.now,
        door=by.door,
        override=by.override,
    )
    return effect_of(change)


def _texts(items: Sequence[Item]) -> list[str]:
    return [item for item in items if isinstance(item, str)]


def _bump(row: ValueList, now: datetime, *changed: str) -> None:
    row.version += 1
    row.updated_at = now
    row.save(update_fields=[*changed, "version", "updated_at"])


def _state(row: ValueList) -> dict[str, Any]:
    """What the list is, as the record keeps it; its values by their digest."""
    digest = sha256(b"\n".join(repr(item).encode() for item in unpacked(row.data))).hexdigest()
    told = {"name": row.name, "description": row.description, "type": row.type, "columns": row.columns}
    return {**told, "version": row.version, "count": row.count, "digest": digest}


def _some(items: Sequence[Item]) -> dict[str, Any]:
    """Values for the record: all of them where they are few enough."""
    return {"count": len(items), "values": list(items)} if len(items) <= RECORDED else {"count": len(items)}


def _way_back(row: ValueList, added: Sequence[Item], removed: Sequence[Item]) -> dict[str, Any] | None:
    if len(added) > RECORDED or len(removed) > RECORDED:
        return None
    return {"verb": "change values", "version": row.version, "remove": list(added), "add": list(removed)}


def _record(
    verb: str,
    row: ValueList,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    note: str = "",
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="value list",
        object_id=row.pk,
        before=before,
        after=after,
        inverse=inverse,
        note=note,
    )


def _changed(row: ValueList, content: Content, effect: Effect = NOTHING, **counts: int) -> Changed:
    duplicates = content.duplicates + counts.pop("duplicates", 0)
    bad = tuple(content.bad)
    return Changed(row, **counts, duplicates=duplicates, passed=content.passed, bad=bad, effect=effect)
