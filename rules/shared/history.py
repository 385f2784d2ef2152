"""What was done to shared lists last, and which of it can be taken back."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Change
from accounts.record import UNDO_WINDOW
from rules.list_history import SHOWN, Done, latest, undoable
from rules.list_ids import recorded_id
from rules.models import Rule, SharedList
from rules.shared.common import OBJECT_TYPE

UNDOABLE = ("edit", "add rules", "remove rules", "remove")


def activity(shared: SharedList, now: datetime) -> list[Done]:
    """The latest changes of a list, newest first. One query."""
    return latest(_changes(shared.pk), now, lambda change: change.verb in UNDOABLE)


def change_of(list_id: str, change_id: int, now: datetime) -> Change:
    """A change of this list that can be taken back. Raises: NotUndoable."""
    return undoable(_changes(list_id).filter(verb__in=UNDOABLE), change_id, now)


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
