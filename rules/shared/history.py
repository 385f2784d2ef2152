"""What was done to shared lists last, and which of it can be taken back: for ten minutes, each once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Change
from rules.errors import NotUndoable
from rules.list_ids import recorded_id
from rules.models import Rule, SharedList
from rules.shared.common import OBJECT_TYPE

SHOWN = 10
UNDO_WINDOW = timedelta(minutes=10)
UNDOABLE = ("edit", "add rules", "remove rules", "remove")


@dataclass(frozen=True, slots=True)
class Done:
    """A change of a list, and whether it can be taken back."""

    change: Change
    undoable: bool


def activity(shared: SharedList, now: datetime) -> list[Done]:
    """The latest changes of a list, newest first. One query."""
    undone = Exists(Change.objects.filter(undoes=OuterRef("pk")))
    found = _changes(shared.pk).annotate(undone=undone).order_by("-at", "-pk")[:SHOWN]
    return [Done(one, one.verb in UNDOABLE and not one.undone and _is_young(one, now)) for one in found]


def change_of(list_id: str, change_id: int, now: datetime) -> Change:
    """A change of this list that can be taken back. Raises: NotUndoable."""
    change = _changes(list_id).filter(pk=change_id).first()
    if change is None or change.verb not in UNDOABLE or change.undone_by.exists():
        raise NotUndoable
    if not _is_young(change, now):
        raise NotUndoable("A change can be undone for ten minutes.")
    return change


def removed_lately(visible: QuerySet[Rule], now: datetime) -> list[tuple[SharedList, Change]]:
    """The lists of which all rules are seen that were removed just now, with the change that can be taken back. One
    query, and one for each of them."""
    gone = SharedList.objects.filter(removed_at__gte=now - UNDO_WINDOW)
    others = Rule.objects.filter(shared_lists=OuterRef("pk")).exclude(pk__in=visible.values("pk"))
    lists = gone.filter(~Q(Exists(others))).order_by("-removed_at")[:SHOWN]
    last = [(one, _changes(one.pk).filter(verb="remove").order_by("-pk").first()) for one in lists]
    return [(one, change) for one, change in last if change is not None]


def _changes(list_id: str) -> QuerySet[Change]:
    return Change.objects.filter(object_type=OBJECT_TYPE, object_id=recorded_id(list_id))


def _is_young(change: Change, now: datetime) -> bool:
    return now - change.at <= UNDO_WINDOW
