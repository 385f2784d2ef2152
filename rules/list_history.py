"""What was done to lists, shared ones and those of values, as far as both tell it alike: ten minutes to undo, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Change
from accounts.record import UNDO_WINDOW
from rules.errors import NotUndoable

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Done:
    """A change of a list, and whether it can be taken back, as far as can be told without looking at its values."""

    change: Change
    undoable: bool


def latest(changes: QuerySet[Change], now: datetime, has_way_back: Callable[[Change], bool]) -> list[Done]:
    """The last of these changes, newest first. One query."""
    undone = Exists(Change.objects.filter(undoes=OuterRef("pk")))
    found = changes.annotate(undone=undone).order_by("-at", "-pk")[:SHOWN]
    return [Done(one, _young(one, now) and not one.undone and has_way_back(one)) for one in found]


def undoable(changes: QuerySet[Change], change_id: int, now: datetime) -> Change:
    """The one of these changes that is to be taken back. Raises: NotUndoable."""
    change = changes.filter(pk=change_id).first()
    if change is None or change.undone_by.exists():
        raise NotUndoable
    if not _young(change, now):
        raise NotUndoable("A change can be undone for ten minutes.")
    return change


def _young(change: Change, now: datetime) -> bool:
    return now - change.at <= UNDO_WINDOW
