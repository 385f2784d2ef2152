"""Lists that an import made, gone again with it: as long as nobody has used one for anything else since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Change, User
from rules import epoch
from rules.models import Rule, SharedList
from rules.shared.common import OBJECT_TYPE, may_manage, record, state
from rules.shared.selectors import standing

MADE = "create"
UNDID = "undid"


@dataclass(frozen=True, slots=True)
class Unmade:
    """How many lists are gone, and how many stay, since they are used by now."""

    gone: int = 0
    left: int = 0


def is_making(change: Change) -> bool:
    """Whether the entry is about a list that an import made: only that is part of a larger act."""
    return change.object_type == OBJECT_TYPE and change.verb == MADE and change.group is not None


@transaction.atomic
def unmake_lists(
    *,
    changes: Sequence[Change],
    visible: QuerySet[Rule],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
) -> Unmade:
    """Let the lists that these entries tell of go, as if they had not been made. One that was changed, removed or given
    exceptions since stays, as does one for rules that are not `visible`. Raises: NotAllowed.
    """
    may_manage(actor)
    epoch.bump()
    gone = 0
    for change in changes:
        shared = _as_made(change, visible)
        if shared is not None:
            told: dict[str, Any] = {"before": state(shared), "group": group, "note": MADE, "undoes": change}
            record(UNDID, shared, actor, now, door, **told)
            shared.delete()
            gone += 1
    return Unmade(gone, len(changes) - gone)


def _as_made(change: Change, visible: QuerySet[Rule]) -> SharedList | None:
    """The list, where it is as it was made."""
    made = change.inverse or {}
    rows = SharedList.objects.select_for_update(no_key=True).filter(removed_at=None)
    shared = rows.filter(pk=made.get("list_id")).first()
    if shared is None or shared.version != made.get("version") or standing(shared).exists():
        return None
    rules = set(shared.rules.values_list("pk", flat=True))
    same = rules == set(change.after.get("rules", ()))
    return shared if same and visible.filter(pk__in=rules).count() == len(rules) else None
