"""The signs by which an exception is told to be unsafe, too broad or out of use. Each is asked of one exception."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from alerts.exceptions.covering import judge_alerts
from alerts.exceptions.entries import field_of, flat, is_excluded, values_of
from alerts.exceptions.lints import Carried, lints
from alerts.models import Alert, ExceptionCheck, Kind, Reason, Status
from engine import EngineError, Tree
from engine.languages.exceptions import parse_each_entry
from engine.tree import MatchNone
from rules.models import ExceptionItem, HeldBack
from rules.value_lists import values_of as list_values

LATELY = timedelta(days=30)
GONE_AFTER = timedelta(days=14)
BROAD_SHARE = 0.8
LEAST_HITS = 10  # below this many hits of a rule a share says nothing
MOST_TRUE_POSITIVES = 500
_BROAD = ("negative_only", "name_only", "wide_fields", "root_alone")
_OF_WHOM = {"host.name": "host_name", "user.name": "user_name"}
# The newest true positive that rests on an event which the exception held back: another rule saw it.
_ELSEWHERE = """
SELECT a.id FROM rules_heldback h
JOIN alerts_alertevent e ON e.uid = h.uid AND e.day = h.day AND e.index = h.index
JOIN alerts_alert a ON a.id = e.alert_id AND a.team_id = h.team_id
WHERE h.item_id = %s AND a.status = 'closed' AND a.reason = 'true_positive' AND a.kind <> 'block'
ORDER BY a.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A true positive that an exception hides, and how that is known."""

    how: str
    alert_id: int


def hidden_by(item: ExceptionItem) -> Hidden | None:
    """The newest true positive that the exception hides: one of its rule that it covers, or one that rests on an event
    it held back. Judges five hundred alerts at most; 50 to 100 µs each.
    """
    true_positives = Alert.objects.filter(
        rule_id=item.rule_id, status=Status.CLOSED, reason=Reason.TRUE_POSITIVE
    ).exclude(kind=Kind.BLOCK)
    newest = dict(true_positives.order_by("-pk").values_list("pk", "team_id")[:MOST_TRUE_POSITIVES])
    covered = [one.alert_id for one in judge_alerts(newest.items(), [trees_of(item)]) if one.covered] if newest else []
    if covered:
        return Hidden(ExceptionCheck.Hides.COVERED, max(covered))
    with connection.cursor() as cursor:
        cursor.execute(_ELSEWHERE, [item.pk])
        row = cursor.fetchone()
    return Hidden(ExceptionCheck.Hides.ELSEWHERE, row[0]) if row else None


def trees_of(item: ExceptionItem) -> tuple[Tree, ...]:
    """What its entries ask; never true when they cannot be read."""
    try:
        return parse_each_entry(item.entries, list_values)
    except EngineError:
        return (MatchNone(),)


def share_of_rule(item: ExceptionItem, now: datetime) -> float | None:
    """Which share of the rule's hits of 30 days it held back; None for too few of them. Two capped counts."""
    held = _some(HeldBack.objects.filter(item=item, at__gte=now - LATELY))
    raised = Alert.objects.filter(rule_id=item.rule_id, created_at__gte=now - LATELY).exclude(kind=Kind.BLOCK)
    total = held + _some(raised)
    return held / total if total >= LEAST_HITS else None


def _some(rows: QuerySet[Any], most: int = 10_000) -> int:
    return rows.order_by().values("pk")[:most].count()


def broad_by_words(item: ExceptionItem) -> str:
    """The code of the lint by which its conditions alone say that it takes out too much; empty for none."""
    found = lints([item.entries], Carried(item.entries), silenced=[0], total=0)
    return next((lint.code for lint in found if lint.code in _BROAD), "")


def gone_from(item: ExceptionItem, now: datetime) -> tuple[str, str]:
    """The host or user that it is about and of which nothing came for a fortnight: field and value, else empty."""
    if item.created_at > now - GONE_AFTER:
        return "", ""
    for field, value in _named(item):
        if not _came(_OF_WHOM[field], value, now - GONE_AFTER):
            return field, value
    return "", ""


def _named(item: ExceptionItem) -> Iterator[tuple[str, str]]:
    """The single hosts and users that its conditions demand."""
    for _, entry in flat(item.entries):
        field, values = field_of(entry), values_of(entry)
        if field in _OF_WHOM and entry.get("type") == "match" and not is_excluded(entry) and len(values) == 1:
            yield field, values[0]


def _came(column: str, value: str, since: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM event WHERE {column} = %s AND time >= %s LIMIT 1", [value, since])  # noqa: S608
        return cursor.fetchone() is not None
