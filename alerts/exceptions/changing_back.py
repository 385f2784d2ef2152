"""What an import changed of exceptions changed back: each says again what it said, unless it was changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_change
from alerts.errors import GuardRefused
from alerts.exceptions.allowed import need_to_save_on
from alerts.exceptions.groups import parse_groups
from alerts.exceptions.guard import check_guard
from alerts.release import release_all
from alerts.retrying import retry_conflicts
from alerts.workflow import UNDID
from engine import ExceptionEntryError
from rules import epoch
from rules.exceptions import content_of
from rules.models import ExceptionItem

_DATES = ("expires_at", "review_at")
_SAID = ("name", "entries", "reason", "enabled", "imported", "not_applied_because")


@dataclass(frozen=True, slots=True)
class ChangedBack:
    """How many say again what they said, how many were left as they are, how many held-back events are alerts now."""

    changed: int = 0
    left: int = 0
    released: int = 0


def is_import(change: Change) -> bool:
    """Whether the entry is about an exception that an import changed: only those keep what was imported before."""
    inverse = change.inverse or {}
    edited = change.object_type == "exception" and inverse.get("verb") == "edit"
    return edited and "imported" in inverse.get("values", {})


@retry_conflicts
@transaction.atomic
def change_back(
    *, changes: Sequence[Change], actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door
) -> ChangedBack:
    """Take imported changes back. One that was changed, removed or taken back since stays, as does one that would hide
    a true positive as it was.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, RuleFailed.
    """
    epoch.bump()
    by_item = {int(change.object_id): change for change in changes}
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=by_item, removed_at=None)
    items = list(rows.select_related("rule__team").order_by("pk"))
    need_to_save_on(actor, [item.rule for item in items])
    group, back = uuid4(), list[ExceptionItem]()
    for item in items:
        change = by_item[item.pk]
        inverse = change.inverse or {}
        if item.version != inverse.get("version") or not _may(item, inverse["values"], actor, team_ids, now):
            continue
        before = content_of(item)
        _set(item, inverse["values"], now)
        told: dict[str, Any] = {"before": before, "after": content_of(item), "team": item.rule.team, "group": group}
        told |= {"object_type": "exception", "object_id": item.pk, "undoes": change}
        record_change(at=now, actor=actor, door=door, verb=UNDID, **told)
        back.append(item)
    return ChangedBack(len(back), len(by_item) - len(back), release_all(back, now).alerts)


def _may(item: ExceptionItem, was: Mapping[str, Any], actor: User, team_ids: Sequence[int], now: datetime) -> bool:
    """Whether it may hold as it was: asked only where it would take events out again."""
    until = _date(was, "expires_at")
    if not was["enabled"] or (until is not None and until <= now):
        return True
    try:
        check_guard(rules=item.rule, groups=parse_groups([was["entries"]]), team_ids=team_ids, actor=actor, override="")
    except (GuardRefused, ExceptionEntryError):
        return False
    return True


def _set(item: ExceptionItem, was: Mapping[str, Any], now: datetime) -> None:
    for key in _SAID:
        setattr(item, key, was[key])
    for key in _DATES:
        setattr(item, key, _date(was, key))
    item.expired = item.expires_at is not None and item.expires_at <= now
    item.version, item.updated_at = item.version + 1, now
    item.save(update_fields=[*_SAID, *_DATES, "expired", "version", "updated_at"])


def _date(was: Mapping[str, Any], key: str) -> datetime | None:
    return datetime.fromisoformat(was[key]) if was.get(key) else None
