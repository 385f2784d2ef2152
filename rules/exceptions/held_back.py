"""What exceptions kept from alerting, so that alerts/exceptions can raise it when one is taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from rules.models import ExceptionItem, HeldBack

# One that only expired lets nothing go: what it held back until then stays held back.
_OF_LET_GO = """
WHERE held.rule_id = ANY(%s) AND item.id = held.item_id AND (
    item.removed_at IS NOT NULL OR NOT item.enabled OR NOT item.expired AND held.at < item.updated_at
)
"""
_COLUMNS = "held.item_id, held.team_id, held.day, held.index, held.uid, held.time"
_LET_GO = f"SELECT {_COLUMNS} FROM rules_heldback held, rules_exceptionitem item {_OF_LET_GO}"  # noqa: S608  (ours)
_TAKE_LET_GO = f"DELETE FROM rules_heldback held USING rules_exceptionitem item {_OF_LET_GO} RETURNING {_COLUMNS}"  # noqa: S608

_WITH_LET_GO = f"SELECT DISTINCT held.rule_id FROM rules_heldback held, rules_exceptionitem item {_OF_LET_GO}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """One event that one exception held back. The event itself lies in the store, as long as retention keeps it."""

    rule_id: str
    item_id: int
    team_id: int
    day: date
    index: str
    uid: bytes
    time: datetime


def hold_back(rows: Iterable[HeldEvent], *, at: datetime) -> None:
    """Note what exceptions held back; the same event twice is one row. One statement, written in key order.

    Call it last in the evaluating transaction, with the other upserts.
    """
    ordered = sorted(set(rows), key=lambda row: (row.item_id, row.team_id, row.day, row.index, row.uid))
    held = [
        HeldBack(
            rule_id=row.rule_id,
            item_id=row.item_id,
            team_id=row.team_id,
            day=row.day,
            index=row.index,
            uid=row.uid,
            time=row.time,
            at=at,
        )
        for row in ordered
    ]
    HeldBack.objects.bulk_create(held, ignore_conflicts=True, batch_size=2_000)


def held_back_of(item: ExceptionItem) -> list[HeldEvent]:
    """What an exception has held back so far, oldest first."""
    rows = HeldBack.objects.filter(item=item).order_by("time", "pk")
    return [
        HeldEvent(row.rule_id, row.item_id, row.team_id, row.day, row.index, bytes(row.uid), row.time) for row in rows
    ]


def held_among(rule_id: str, uids: Iterable[bytes]) -> set[bytes]:
    """Those of these events that exceptions of the rule hold back. One query."""
    rows = HeldBack.objects.filter(rule_id=rule_id, uid__in=list(uids))
    return {bytes(uid) for uid in rows.values_list("uid", flat=True)}


def take_let_go(*, rule_id: str) -> list[HeldEvent]:
    """Forget and return what a rule's exceptions held back before they were removed, switched off or edited.

    One statement, so that nothing that is held back at the same time is forgotten and not returned.
    """
    return _events(_TAKE_LET_GO, rule_id)


def let_go(*, rule_id: str) -> list[HeldEvent]:
    """What `take_let_go` would forget and return."""
    return _events(_LET_GO, rule_id)


def with_let_go(rule_ids: Iterable[str]) -> set[str]:
    """Those of the rules of which `take_let_go` would return something. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_LET_GO, [list(rule_ids)])
        return {row[0] for row in cursor.fetchall()}


def _events(sql: str, rule_id: str) -> list[HeldEvent]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [[rule_id]])
        rows = [
            HeldEvent(rule_id, item_id, team_id, day, index, bytes(uid), time)
            for item_id, team_id, day, index, uid, time in cursor.fetchall()
        ]
    return sorted(rows, key=lambda row: (row.time, row.uid))


def drop_held_back(item: ExceptionItem, *, until: datetime) -> int:
    """Forget what an exception held back up to `until`, once it has been raised; returns how many."""
    count, _ = HeldBack.objects.filter(item=item, at__lte=until).delete()
    return count
