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
_UNDONE_HERE = (OBJECT_TYPE, EXCEPTION, "exception_draft")


def others_of(groups: Collection[UUID]) -> frozenset[UUID]:
    """Those of the groups that hold an entry about something else than alerts, exceptions and their drafts, and
    lists that came with these. One query."""
    return _groups(groups, ~Q(object_type__in=_UNDONE_HERE) & ~Q(object_type="shared list", verb="create"))


def taken_back(groups: Collection[UUID]) -> frozenset[UUID]:
    """Those of the groups that are an undo, were undone, or added exceptions that are all gone. Three queries.

    Where one of several exceptions is gone, what it had closed may have been opened with it: the rest still stands.
    """
    undone = Q(Exists(Change.objects.filter(undoes=OuterRef("pk"))))
    standing, gone = _by_exceptions(groups)
    return (_groups(groups, Q(verb=UNDID) | undone) - standing) | gone


def _groups(groups: Collection[UUID], condition: Q) -> frozenset[UUID]:
    if not groups:
        return frozenset()
    found = Change.objects.filter(condition, group__in=groups).order_by().values_list("group", flat=True)
    return frozenset(group for group in found.distinct() if group is not None)


def _by_exceptions(groups: Collection[UUID]) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Those of the groups that added exceptions: some of which stand, and all of which are gone."""
    added = Change.objects.filter(group__in=groups, object_type=EXCEPTION, verb="create").order_by()
    by_item = {int(item): group for item, group in added.values_list("object_id", "group")} if groups else {}
    if not by_item:
        return frozenset(), frozenset()
    there = ExceptionItem.objects.filter(pk__in=by_item, removed_at=None).values_list("pk", flat=True)
    standing = frozenset(group for item in there if (group := by_item[item]) is not None)
    every = frozenset(group for group in by_item.values() if group is not None)
    return standing, every - standing
