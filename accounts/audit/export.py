"""The record as CSV: all that the filters find, row by row from a cursor in the database. Taking it is recorded."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from accounts.audit.entries import Seen, entry_of
from accounts.audit.reading import AuditFilters, filtered
from accounts.models import Change, User
from accounts.record import record_change

HEADER = (
    "number", "at (UTC)", "who", "what", "door", "team", "verb", "kind", "object", "before", "after", "note",
    "act", "takes back",
)  # fmt: skip
_CHUNK = 2000


def export_changes(
    *, user: User, filters: AuditFilters, now: datetime, door: Change.Door = Change.Door.PAGE
) -> Iterator[list[Any]]:
    """The rows, newest first, as of this moment; the export itself is recorded before the first of them.

    Costs no memory however long the record is. Raises: NotAllowed, at once.
    """
    newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = filtered(user, filters).filter(pk__lte=newest).select_related("team")
    record_change(
        at=now, actor=user, door=door, verb="export", object_type="record", object_id="csv", after=filters.to_json()
    )
    seen = Seen([])
    return (_row(change, seen) for change in found.iterator(chunk_size=_CHUNK))


def _row(change: Change, seen: Seen) -> list[Any]:
    return [
        change.pk,
        change.at,
        change.actor_name,
        entry_of(change, seen).sentence,
        change.door,
        change.team.name if change.team else None,
        change.verb,
        change.object_type,
        change.object_id,
        _json(change.before, seen),
        _json(change.after, seen),
        change.note,
        change.group,
        change.undoes_id,
    ]


def _json(values: dict[str, Any], seen: Seen) -> str:
    hidden = {key: seen.safe(key, value) for key, value in values.items()}
    return orjson.dumps(hidden).decode() if hidden else ""
