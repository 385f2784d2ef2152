"""What value lists held before their latest changes, so that these can be taken back.

A change of up to a thousand values can be taken back from its own entry in the record. Of larger ones the former values
are kept apart, packed as they were: of each list those of the last few changes, as long as they can be undone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import Change
from accounts.record import UNDO_WINDOW
from rules.models import FormerValues, ValueList
from rules.value_lists.common import RECORDED
from rules.value_lists.reading import Item
from rules.value_lists.stored import digest_of

MOST_KEPT = 5
"""So many large changes of a list can be undone, one after the other."""
VERB = "change values"


def way_back(
    row: ValueList, added: Sequence[Item], removed: Sequence[Item], *, columns_changed: bool
) -> dict[str, Any] | None:
    """How a change is taken back, for the record; None where the former values have to be kept for that."""
    if columns_changed or len(added) > RECORDED or len(removed) > RECORDED or not (added or removed):
        return None
    return {"verb": VERB, "version": row.version, "remove": list(added), "add": list(removed)}


def keep(
    entry: Change, row: ValueList, columns: list[Any], count: int, data: bytes | memoryview, *, needed: bool
) -> None:
    """Keep what the list held before this change where that is needed, and let go of what is too old. Up to three
    queries."""
    of_list = FormerValues.objects.filter(value_list=row)
    of_list.filter(at__lt=entry.at - UNDO_WINDOW).delete()
    if needed:
        older = of_list.order_by("-pk").values_list("pk", flat=True)[MOST_KEPT - 1 :]
        of_list.filter(pk__in=list(older)).delete()
        digest, was = digest_of(row.data), {"columns": columns, "count": count, "data": bytes(data)}
        FormerValues.objects.create(change=entry, value_list=row, after=digest, at=entry.at, **was)


def forget(now: datetime) -> int:
    """Let go of all that cannot be undone any more."""
    return FormerValues.objects.filter(at__lt=now - UNDO_WINDOW).delete()[0]
