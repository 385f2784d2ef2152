"""What the alerts of counts and of pipelines' groups have counted: the stretch of time of each, within which nothing
counts again.

A stretch is an alert's own, so that an earlier burst that comes late, or that an exception let go, still counts. It is
of the logic that counted it: another query or threshold of the rule counts anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from rules.models import GroupMark

_UPSERT = """
INSERT INTO rules_groupmark AS mark (rule_id, logic_hash, team_id, group_hash, first_at, last_at, alerted_at)
SELECT %s, * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[], %s::timestamptz[], %s::timestamptz[],
                         %s::timestamptz[])
ON CONFLICT (rule_id, logic_hash, team_id, group_hash, first_at) DO UPDATE
SET last_at = greatest(mark.last_at, excluded.last_at), alerted_at = greatest(mark.alerted_at, excluded.alerted_at)
"""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From when to when an alert's events count, and the time of the alert; all by the rule's clock."""

    first_at: datetime
    last_at: datetime
    alerted_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """An alert of a group: under which logic, and what it counted."""

    logic_hash: bytes
    team_id: int
    group: bytes
    span: Span


def spans_of(
    *, rule_id: str, logic_hash: bytes, team_id: int, groups: Iterable[bytes], since: datetime
) -> dict[bytes, list[Span]]:
    """What alerts since then have counted of these groups, in order. One query."""
    rows = GroupMark.objects.filter(
        rule_id=rule_id, logic_hash=logic_hash, team_id=team_id, group_hash__in=list(groups), alerted_at__gte=since
    )
    found: dict[bytes, list[Span]] = defaultdict(list)
    for group, *times in rows.order_by("first_at").values_list("group_hash", "first_at", "last_at", "alerted_at"):
        found[bytes(group)].append(Span(*times))
    return found


def move(*, rule_id: str, marks: Sequence[Mark]) -> None:
    """Keep what alerts have counted. One statement, in key order."""
    if not marks:
        return
    rows = [
        (mark.logic_hash, mark.team_id, mark.group, mark.span.first_at, mark.span.last_at, mark.span.alerted_at)
        for mark in sorted(marks)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [rule_id, *(list(column) for column in zip(*rows, strict=True))])


def forget(*, before: datetime) -> int:
    """Drop the marks of alerts before then, of every rule: no event of that time is stored; returns how many."""
    count, _ = GroupMark.objects.filter(alerted_at__lt=before).delete()
    return count


def alert_times(*, rule_id: str, logic_hash: bytes, after: datetime, until: datetime) -> dict[int, set[datetime]]:
    """The times, by team, of the alerts of groups in (after, until]. One query."""
    rows = GroupMark.objects.filter(rule_id=rule_id, logic_hash=logic_hash, alerted_at__gt=after, alerted_at__lte=until)
    found: dict[int, set[datetime]] = defaultdict(set)
    for team_id, at in rows.values_list("team_id", "alerted_at").distinct():
        found[team_id].add(at)
    return found


def alerted(*, rule_id: str, logic_hash: bytes, after: datetime, until: datetime) -> dict[int, set[bytes]]:
    """The groups, by team, that had an alert in (after, until]. One query."""
    rows = GroupMark.objects.filter(rule_id=rule_id, logic_hash=logic_hash, alerted_at__gt=after, alerted_at__lte=until)
    found: dict[int, set[bytes]] = defaultdict(set)
    for team_id, group in rows.values_list("team_id", "group_hash"):
        found[team_id].add(bytes(group))
    return found
