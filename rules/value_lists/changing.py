"""The values of lists changed. What asks for a list asks for what it holds from the next claim on.

What a change comes to is worked out before the epoch is bumped (rules/epoch.py), since alerting stands still from then
on until the change is stored: a feed may add a value to a hundred thousand every minute. Where somebody was faster it
is worked out again. Every change leaves a record, and makes the next version.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Change, User
from rules import epoch
from rules.errors import StaleList
from rules.models import ValueList
from rules.value_lists import former
from rules.value_lists.common import By, Changed, allowed, bump, known, locked, record, some, state, stored, texts
from rules.value_lists.reading import Content, Item, check_size, key_of, read_lines
from rules.value_lists.stored import columns_of, unpacked
from rules.value_lists.users import check_own, check_still_fits, used_by
from rules.value_lists.watching import NOTHING, Effect, ValuesChange, effect_of

Kind = ValueList.Type


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change comes to: what the list held, what it is to hold, which of that is new, and what goes."""

    before: Sequence[Item]
    whole: Content
    added: Sequence[Item] = ()
    removed: Sequence[Item] = ()

    @property
    def changes(self) -> bool:
        """Whether it changes anything; the columns of a table may change alone."""
        return bool(self.added or self.removed) or list(self.before) != list(self.whole.items)


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
    allowed(actor)
    seen = known(list_id)
    columns = columns_of(seen) if seen.type == Kind.TABLE and used_by(list_id).rules else None
    content = read_lines(seen.type, lines, columns=columns, skip_bad=skip_bad)

    def plan(row: ValueList) -> Plan:
        before = unpacked(row.data)
        keys, old = {key_of(row.type, one) for one in content.items}, {key_of(row.type, one) for one in before}
        gone = [one for one in before if key_of(row.type, one) not in keys]
        return Plan(before, content, [one for one in content.items if key_of(row.type, one) not in old], gone)

    by = By(actor, now, door, override_guard_reason)
    return change("replace", seen, version, plan, by, read=content)


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
    allowed(actor)
    seen = known(list_id)
    content = read_lines(seen.type, lines, columns=columns_of(seen), skip_bad=skip_bad)
    by = By(actor, now, door, override_guard_reason)
    return change("append", seen, version, lambda row: with_added(row, content.items), by, read=content)


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
    allowed(actor)
    seen = known(list_id)
    wanted = {_sought(seen.type, value) for value in values}

    def plan(row: ValueList) -> Plan:
        return without(row, lambda item: _sought_of(row.type, item) in wanted)

    by = By(actor, now, door, override_guard_reason)
    changed = change("remove values", seen, version, plan, by)
    passed = max(len(wanted) - changed.removed, 0)
    return Changed(
        changed.value_list, removed=changed.removed, passed=passed, effect=changed.effect, change=changed.change
    )


def with_added(row: ValueList, items: Sequence[Item], before: Sequence[Item] | None = None) -> Plan:
    """The list with those of the items that it does not have."""
    old = unpacked(row.data) if before is None else before
    keys = {key_of(row.type, item) for item in old}
    new = [item for item in items if key_of(row.type, item) not in keys]
    return Plan(old, Content([*old, *new], columns_of(row)), new)


def without(row: ValueList, goes: Callable[[Item], bool]) -> Plan:
    """The list without some of its items."""
    before = unpacked(row.data)
    gone = [item for item in before if goes(item)]
    left = [item for item in before if not goes(item)] if gone else before
    return Plan(before, Content(left, columns_of(row)), removed=gone)


def change(
    verb: str,
    seen: ValueList,
    version: int | None,
    planned: Callable[[ValueList], Plan],
    by: By,
    *,
    read: Content | None = None,
    undoes: Change | None = None,
) -> Changed:
    """Store what is planned for a list as it was seen, planned anew where it changed meanwhile; part of the caller's
    transaction. `read` is what came in; `undoes` the change that is taken back by it.

    Raises: ListGone, StaleList, ListRefused, ListInUse, ValuesHide.
    """
    plan = planned(seen)
    if not _differs(plan, seen):
        locked(seen.pk, version)
        return _told(seen, plan, read)
    columns = _checked(seen, plan)
    epoch.bump()
    row = locked(seen.pk, version)
    if not _same(row, seen):
        if (row.type, row.columns) != (seen.type, seen.columns):  # lines were read for other columns
            raise StaleList(row.pk, seen.version, row.version, row.updated_at)
        plan = planned(row)
        columns = _checked(row, plan)
    check_own(row.pk, by.actor)
    # What it held fitted when it came; that something is left of it is asked all the same.
    check_still_fits(row.pk, texts(plan.added or plan.whole.items[:1]), by.actor)
    return _save(row, columns, plan, by, verb, read, undoes)


def _differs(plan: Plan, row: ValueList) -> bool:
    return plan.changes or plan.whole.columns != columns_of(row)


def _checked(row: ValueList, plan: Plan) -> dict[str, Any]:
    """What is stored of it. Raises: ListRefused for more than a list holds."""
    if plan.added:
        check_size(row.type, plan.whole.items)
    return stored(plan.whole)


def _same(row: ValueList, seen: ValueList) -> bool:
    """Whether nobody changed the list meanwhile, or removed it and made another."""
    return (row.version, row.created_at, row.type) == (seen.version, seen.created_at, seen.type)


def _save(
    row: ValueList,
    columns: dict[str, Any],
    plan: Plan,
    by: By,
    verb: str,
    read: Content | None,
    undoes: Change | None,
) -> Changed:
    before, held = state(row), (row.columns, row.count, row.data)
    for key, value in columns.items():
        setattr(row, key, value)
    bump(row, by.now, "columns", "count", "data")
    effect = _effect(row, by, plan)
    after = {**state(row), "added": some(plan.added), "removed": some(plan.removed)}
    back = None if undoes else former.way_back(row, plan.added, plan.removed, columns_changed=held[0] != row.columns)
    entry = record(verb, row, by, before=before, after=after, inverse=back, note=effect.note, undoes=undoes)
    if not undoes:
        former.keep(entry, row, *held, needed=back is None)
    return _told(row, plan, read, effect, entry)


def _effect(row: ValueList, by: By, plan: Plan) -> Effect:
    """What packages above say to it. Exceptions ask for no tables. Raises: RulesError, when one refuses it."""
    if row.type == Kind.TABLE or not (plan.added or plan.removed):
        return NOTHING
    change = ValuesChange(
        list_id=row.pk,
        version=row.version,
        added=texts(plan.added),
        removed=texts(plan.removed),
        before=texts(plan.before),
        actor=by.actor,
        now=by.now,
        door=by.door,
        override=by.override,
    )
    return effect_of(change)


def _told(
    row: ValueList, plan: Plan, read: Content | None, effect: Effect = NOTHING, entry: Change | None = None
) -> Changed:
    came = read or Content()
    again = len(came.items) - len(plan.added) if read is not None and plan.whole is not came else 0
    return Changed(
        row,
        added=len(plan.added),
        removed=len(plan.removed),
        duplicates=came.duplicates + again,
        passed=came.passed,
        bad=tuple(came.bad),
        effect=effect,
        change=entry,
    )


def _sought(kind: str, text: str) -> object:
    return text if kind == Kind.TABLE else key_of(kind, text.strip())


def _sought_of(kind: str, item: Item) -> object:
    """What a value is removed by: of a row, the text of its first cell."""
    if isinstance(item, str):
        return key_of(kind, item)
    return item[0] if item and isinstance(item[0], str) else repr(item[:1])
