"""Which acts on alerts can be taken back: the same answer for the button and for the act (alerts/undo.py).

Not what is half of an act on something else, such as closing a case: that is taken back there, or not at all.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Change
from alerts.workflow import OBJECT_TYPE, UNDID
from rules.models import ExceptionItem

EXCEPTION = "exception"
_UNDONE_HERE = (OBJECT_TYPE, EXCEPTION)


def others_of(groups: Collection[UUID]) -> frozenset[UUID]:
    """Those of the groups that hold an entry about something else than alerts and exceptions. One query."""
    return _groups(groups, ~Q(object_type__in=_UNDONE_HERE))


def taken_back(groups: Collection[UUID]) -> frozenset[UUID]:
    """Those of the groups that are an undo, were undone, or added an exception that is gone. Two queries."""
    undone = Q(Exists(Change.objects.filter(undoes=OuterRef("pk"))))
    return _groups(groups, Q(verb=UNDID) | undone) | _of_removed_exceptions(groups)


def _groups(groups: Collection[UUID], condition: Q) -> frozenset[UUID]:
    if not groups:
        return frozenset()
    found = Change.objects.filter(condition, group__in=groups).order_by().values_list("group", flat=True)
    return frozenset(group for group in found.distinct() if group is not None)


def _of_removed_exceptions(groups: Collection[UUID]) -> frozenset[UUID]:
    added = Change.objects.filter(group__in=groups, object_type=EXCEPTION, verb="create").order_by()
    by_item = {int(item): group for item, group in added.values_list("object_id", "group")} if groups else {}
    if not by_item:
        return frozenset()
    there = ExceptionItem.objects.filter(pk__in=by_item, removed_at=None).values_list("pk", flat=True)
    gone = by_item.keys() - set(there)
    return frozenset(group for item in gone if (group := by_item[item]) is not None)
