"""What the record keeps of an exception and of what was done to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Change, User
from accounts.record import entry_of
from rules.models import ExceptionItem


def content_of(item: ExceptionItem) -> dict[str, Any]:
    """What an exception says, as the record keeps it."""
    return {
        "rule": item.rule_id,
        "name": item.name,
        "entries": item.entries,
        "reason": item.reason,
        "expires_at": item.expires_at.isoformat() if item.expires_at else None,
        "review_at": item.review_at.isoformat() if item.review_at else None,
        "owner": item.owner_id,
    }


def standing_of(item: ExceptionItem) -> dict[str, Any]:
    """Whether an exception holds, and why not, as the record keeps it of what is changed: the way back needs it."""
    return {"enabled": item.enabled, "not_applied_because": item.not_applied_because}


def entry_about(
    verb: str,
    item: ExceptionItem,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    inverse: dict[str, Any] | None = None,
    note: str = "",
    undoes: Change | None = None,
) -> Change:
    """An entry about an exception, for record_all."""
    return entry_of(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type="exception",
        object_id=str(item.pk),
        before=before,
        after=after or {"rule": item.rule_id, "name": item.name, "reason": item.reason},
        inverse=inverse,
        team=item.rule.team,
        note=note,
        group=group,
        undoes=undoes,
    )
