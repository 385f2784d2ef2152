"""Several exceptions changed in one act, such as the copies of a shared list's item: a query for some hundreds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import Change, User
from accounts.record import record_all
from rules import epoch
from rules.errors import ExceptionGone
from rules.exceptions.content import Said, check_content, check_enabling
from rules.exceptions.items import may_except
from rules.exceptions.recording import content_of, entry_about, standing_of
from rules.models import ExceptionItem


@transaction.atomic
def edit_items(
    *,
    items: Sequence[ExceptionItem],
    note: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    **said: Unpack[Said],
) -> list[ExceptionItem]:
    """Let all of them say this; a later expiry brings expired ones back.

    Raises: ExceptionGone, ExceptionEntryError, ExceptionRefused, NotAllowed.
    """
    may_except(actor)
    content = check_content(now=now, **said)
    epoch.bump()
    found = _standing(items)
    before = {item.pk: content_of(item) for item in found}
    stood = {item.pk: standing_of(item) for item in found}
    _write(found, now, **content, expired=False, not_applied_because="")
    by, told = (actor, now, door, group), list[Change]()
    for item in found:
        was, is_now = before[item.pk], content_of(item)
        back = {"verb": "edit", "version": item.version, "values": was, **stood[item.pk]}
        told.append(entry_about("edit", item, *by, before=was, after=is_now, inverse=back, note=note))
    record_all(told)
    return found


@transaction.atomic
def switch_items(
    *,
    items: Sequence[ExceptionItem],
    on: bool,
    note: str = "",
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> list[ExceptionItem]:
    """Switch all of them on or off; those that are so already stay untouched.

    Raises: ExceptionRefused for one that cannot be switched on, ExceptionGone, NotAllowed.
    """
    may_except(actor)
    if on:
        check_enabling(items, now)
    epoch.bump()
    found = _standing(items)
    other = [item for item in found if item.enabled != on or (on and item.expired)]
    by = (actor, now, door, group)
    if on:
        _write(other, now, enabled=True, expired=False)
        _record("enable", "disable", other, by, note)
    else:
        _write(other, now, enabled=False)
        _record("disable", "enable", other, by, note)
    return found


@transaction.atomic
def remove_items(
    *,
    items: Sequence[ExceptionItem],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> list[ExceptionItem]:
    """Take several exceptions off their rules for good, whole or not at all; restore_items brings them back.

    Raises: ExceptionGone, NotAllowed.
    """
    may_except(actor)
    epoch.bump()
    found = _standing(items)
    _write(found, now, enabled=False, removed_at=now)
    _record("remove", "restore", found, (actor, now, door, group))
    return found


@transaction.atomic
def unmake_items(
    *,
    items: Sequence[ExceptionItem],
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> list[ExceptionItem]:
    """Take exceptions off as the undo of the act that added them, whole or not at all.

    Those that an import brought give up the ids of their export, so that importing it again finds nothing of them and
    brings them as new: nobody decided against them, as with remove_items. The entry of their making keeps the ids.
    Raises: ExceptionGone, NotAllowed.
    """
    removed = remove_items(items=items, actor=actor, now=now, door=door)
    brought = [item for item in removed if item.imported is not None]
    for item in brought:
        item.list_id = item.item_id = ""
    ExceptionItem.objects.filter(pk__in=[item.pk for item in brought]).update(list_id="", item_id="")
    return removed


@transaction.atomic
def restore_items(
    *,
    items: Collection[int],
    off: Collection[int] = (),
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
    note: str = "",
) -> list[ExceptionItem]:
    """Undo remove_items for those that are still removed: they hold again, but for those that were `off`.

    Raises: ExceptionRefused where a list that one asks for is gone, NotAllowed.
    """
    may_except(actor)
    epoch.bump()
    found = _locked(items, removed=True)
    holding = [item for item in found if item.pk not in off]
    check_enabling(holding, None)
    _write(holding, now, enabled=True, removed_at=None)
    _write([item for item in found if item.pk in off], now, enabled=False, removed_at=None)
    _record("restore", "remove", found, (actor, now, door, group), note)
    return found


_By = tuple[User | None, datetime, Change.Door, UUID | None]


def _record(verb: str, inverse: str, items: Sequence[ExceptionItem], by: _By, note: str = "") -> None:
    record_all(
        [entry_about(verb, item, *by, inverse={"verb": inverse, "version": item.version}, note=note) for item in items]
    )


def _write(items: Sequence[ExceptionItem], now: datetime, **values: Any) -> None:
    """Store the same of locked rows. One statement."""
    for item in items:
        for key, value in values.items():
            setattr(item, key, value)
        item.updated_at, item.version = now, item.version + 1
    numbers = [item.pk for item in items]
    ExceptionItem.objects.filter(pk__in=numbers).update(**values, updated_at=now, version=F("version") + 1)


def _standing(items: Sequence[ExceptionItem]) -> list[ExceptionItem]:
    """The rows as they are now, locked. Raises: ExceptionGone."""
    known = {item.pk for item in items}
    found = _locked(known, removed=False)
    if missing := known - {item.pk for item in found}:
        raise ExceptionGone(min(missing))
    return found


def _locked(numbers: Collection[int], *, removed: bool) -> list[ExceptionItem]:
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk__in=numbers, removed_at__isnull=not removed)
    return list(found.select_related("rule__team", "owner").order_by("pk"))
