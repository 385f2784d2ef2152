"""How far the groups of threshold rules have alerted: only later events count again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from rules.models import GroupMark

_UPSERT = """
INSERT INTO rules_groupmark AS mark (rule_id, team_id, group_hash, last_at, alerted_at)
SELECT %s, * FROM unnest(%s::bigint[], %s::bytea[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (rule_id, team_id, group_hash) DO UPDATE
SET last_at = greatest(mark.last_at, excluded.last_at), alerted_at = greatest(mark.alerted_at, excluded.alerted_at)
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Until when a group's events are counted, and the time, by the rule's clock, of its last alert."""

    last_at: datetime
    alerted_at: datetime


def marks_of(*, rule_id: str, team_id: int, groups: Iterable[bytes]) -> dict[bytes, Mark]:
    """The marks of those of the groups that have alerted. One query."""
    rows = GroupMark.objects.filter(rule_id=rule_id, team_id=team_id, group_hash__in=list(groups))
    return {
        bytes(group): Mark(last_at, alerted_at)
        for group, last_at, alerted_at in rows.values_list("group_hash", "last_at", "alerted_at")
    }


def move(*, rule_id: str, marks: dict[tuple[int, bytes], Mark]) -> None:
    """Move groups' marks on, never back. One statement, in key order."""
    if not marks:
        return
    rows = [(team_id, group, mark.last_at, mark.alerted_at) for (team_id, group), mark in sorted(marks.items())]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [rule_id, *(list(column) for column in zip(*rows, strict=True))])


def forget(*, rule_id: str, before: datetime) -> int:
    """Drop marks that no event counts against any more; returns how many."""
    count, _ = GroupMark.objects.filter(rule_id=rule_id, alerted_at__lt=before).delete()
    return count


def alerted(*, rule_id: str, after: datetime, until: datetime) -> dict[int, set[bytes]]:
    """The groups, by team, whose last alert was in (after, until]. One query."""
    rows = GroupMark.objects.filter(rule_id=rule_id, alerted_at__gt=after, alerted_at__lte=until)
    found: dict[int, set[bytes]] = defaultdict(set)
    for team_id, group in rows.values_list("team_id", "group_hash"):
        found[team_id].add(bytes(group))
    return found
