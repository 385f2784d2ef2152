"""Ten minutes in which a value list that was removed can be brought back: whole, under its id, with its history.

Nothing asked for it when it was removed; what has been waiting for it since comes into force as it does for a new list.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from rules import epoch
from rules.errors import NotUndoable
from rules.list_history import SHOWN, undoable
from rules.list_ids import recorded_id
from rules.models import RemovedList, ValueList
from rules.value_lists.common import OBJECT_TYPE, By, Changed, allowed, record, state
from rules.value_lists.waiting import apply_exceptions, try_again

_KEPT = ("name", "description", "type", "columns", "count", "version", "created_at", "owner_id")


def keep(entry: Change, row: ValueList) -> None:
    """Keep a list that is being removed, and let go of those that cannot come back any more. Two queries."""
    forget(entry.at)
    told = {name: getattr(row, name) for name in _KEPT}
    RemovedList.objects.create(change=entry, list_id=row.pk, data=bytes(row.data), at=entry.at, **told)


def removed_lately(now: datetime) -> list[RemovedList]:
    """The lists that can be brought back, the last first, with the change that removed them. One query."""
    anew = ValueList.objects.filter(pk=OuterRef("list_id"))
    gone = RemovedList.objects.filter(~Exists(anew), at__gte=now - UNDO_WINDOW)
    undone = Change.objects.filter(undoes=OuterRef("change_id"))
    return list(gone.filter(~Exists(undone)).select_related("change").order_by("-at", "-pk")[:SHOWN])


@transaction.atomic
def restore_list(
    *, list_id: str, change_id: int, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE
) -> Changed:
    """Bring a removed list back as it was, and what waits for a list of its name into force.

    Raises: NotAllowed, NotUndoable also where a list of the id was made meanwhile.
    """
    allowed(actor)
    epoch.bump()
    removals = Change.objects.filter(object_type=OBJECT_TYPE, object_id=recorded_id(list_id), verb="remove")
    done = undoable(removals, change_id, now)
    kept = RemovedList.objects.filter(pk=done.pk, list_id=list_id).first()
    if kept is None:
        raise NotUndoable
    if ValueList.objects.filter(pk=list_id).exists():
        raise NotUndoable(f"Another list “{list_id}” was made since.")
    row = ValueList(pk=list_id, data=kept.data, updated_at=now, **{name: getattr(kept, name) for name in _KEPT})
    row.version += 1
    row.save(force_insert=True)
    kept.delete()
    entry = record("restore", row, By(actor, now, door), after=state(row), undoes=done)
    try_again(list_id, actor=actor, now=now, door=door)
    kept_off = apply_exceptions(list_id, actor=actor, now=now, door=door)
    return Changed(row, added=row.count, kept_off=kept_off, change=entry)


def forget(now: datetime) -> int:
    """Let go of what cannot be brought back any more."""
    return RemovedList.objects.filter(at__lt=now - UNDO_WINDOW).delete()[0]
