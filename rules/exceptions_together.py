"""Several exceptions taken off their rules in one act, and brought back; a query for some hundreds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_all
from rules import epoch
from rules.errors import ExceptionGone
from rules.exceptions import TOGETHER, check_still_there, entry_about, may_except
from rules.models import ExceptionItem

_COLUMNS = ["enabled", "removed_at", "updated_at", "version"]


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
    known = {item.pk for item in items}
    found = _locked(known, removed=False)
    if missing := known - {item.pk for item in found}:
        raise ExceptionGone(min(missing))
    for item in found:
        item.enabled, item.removed_at, item.updated_at, item.version = False, now, now, item.version + 1
    ExceptionItem.objects.bulk_update(found, _COLUMNS, batch_size=TOGETHER)
    backs = [{"verb": "restore", "version": item.version} for item in found]
    record_all(
        [
            entry_about("remove", item, actor, now, door, group, inverse=back)
            for item, back in zip(found, backs, strict=True)
        ]
    )
    return found


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
    check_still_there(*(item for item in found if item.pk not in off))
    for item in found:
        item.enabled, item.removed_at = item.pk not in off, None
        item.updated_at, item.version = now, item.version + 1
    ExceptionItem.objects.bulk_update(found, _COLUMNS, batch_size=TOGETHER)
    back = {"verb": "remove"}
    record_all([entry_about("restore", item, actor, now, door, group, inverse=back, note=note) for item in found])
    return found


def _locked(numbers: Collection[int], *, removed: bool) -> list[ExceptionItem]:
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk__in=numbers, removed_at__isnull=not removed)
    return list(found.select_related("rule__team").order_by("pk"))
