"""The record of changes: every write of a person or of Watchbill itself leaves one entry, and none is ever changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Required, TypedDict, Unpack
from uuid import UUID

from accounts.models import Change, Team, User

WATCHBILL = "Watchbill"
TOGETHER = 500
UNDO_WINDOW = timedelta(minutes=10)
"""So long what an entry tells can be taken back."""


class Entry(TypedDict, total=False):
    """What an entry tells: who did what to what, when, through which door, and what it was before."""

    at: Required[datetime]
    actor: Required[User | None]
    door: Required[Change.Door]
    verb: Required[str]
    object_type: Required[str]
    object_id: Required[object]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    inverse: Mapping[str, Any] | None
    team: Team | None
    note: str
    group: UUID | None
    undoes: Change | None


def record_change(**entry: Unpack[Entry]) -> Change:
    """Write one entry, in the caller's transaction, so that a change and its record stand or fall together.

    The actor's name is kept as it was: people are renamed and leave. Costs one query.
    """
    change = entry_of(**entry)
    change.save(force_insert=True)
    return change


def entry_of(
    *,
    at: datetime,
    actor: User | None,
    door: Change.Door,
    verb: str,
    object_type: str,
    object_id: object,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    inverse: Mapping[str, Any] | None = None,
    team: Team | None = None,
    note: str = "",
    group: UUID | None = None,
    undoes: Change | None = None,
) -> Change:
    """An entry that is not written yet: for `record_all`."""
    return Change(
        at=at,
        actor=actor,
        actor_name=str(actor)[:150] if actor else WATCHBILL,
        door=door,
        team=team,
        verb=verb,
        object_type=object_type,
        object_id=str(object_id),
        before=dict(before or {}),
        after=dict(after or {}),
        inverse=None if inverse is None else dict(inverse),
        note=note,
        group=group,
        undoes=undoes,
    )


def record_all(entries: Sequence[Change]) -> None:
    """Write entries in their order, as `record_change` does with one. Costs a query for some hundreds."""
    Change.objects.bulk_create(entries, batch_size=TOGETHER)
