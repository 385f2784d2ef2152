"""The record of changes: every write of a person or of Watchbill itself leaves one entry, and none is ever changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Change, Team, User

WATCHBILL = "Watchbill"


def record_change(
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
    """Write one entry, in the caller's transaction, so that a change and its record stand or fall together.

    The actor's name is kept as it was: people are renamed and leave. Costs one query.
    """
    return Change.objects.create(
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
