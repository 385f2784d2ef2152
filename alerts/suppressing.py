"""Suppression: of the hits of a group the first becomes an alert, and the others are counted at it.

A group is a rule, a team and the values of the rule's `alert_suppression` fields; of a count its own group. With a
duration further hits count for as long after the arrival of the alert's first event; without one within the interval
bucket of arrival, which stands for a run. A closed alert counts nothing more: the next hit is an alert again.
New terms that are met while a rule learns its history are folded alike: one alert stands for all of them.

Every counted hit is remembered by its identity, so that judging it again counts it no more. That is bounded: an alert
counts MOST_COUNTED hits, what goes beyond is passed over, and what is older than stored events is forgotten.
Source: Kibana's alert suppression (terms, missing fields, window from the alert's start, closed alerts).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q

from alerts.cap import bucket_start
from alerts.learning import met_while_learning
from alerts.models import Alert, Kind, Status
from alerts.shells import Finding
from engine import Document, RuleDefinition
from engine.tree import text_of
from rules.schedule import interval

MOST_COUNTED = 10_000
MOST_FIELDS = 10
_MOST_VALUES, _LONGEST_VALUE = 50, 500
_AT_ONCE = 10_000
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=365)
_LOCK_CLASS, _SLOTS = 1_702_911_340, 256
_LOCK = "SELECT pg_advisory_xact_lock(%s, slot) FROM (SELECT unnest(%s::int[]) AS slot) AS slots"
_REMEMBER = (
    "INSERT INTO alerts_suppressedhit (identity, alert_id, day) "
    "SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::date[]) ON CONFLICT DO NOTHING"
)
_FORGET = (
    "DELETE FROM alerts_suppressedhit WHERE identity IN (SELECT identity FROM alerts_suppressedhit "
    "WHERE day < %s LIMIT %s FOR UPDATE SKIP LOCKED)"
)
_COUNT = (
    "UPDATE alerts_alert a SET suppressed = a.suppressed + n.number, "
    "suppressed_from = least(a.suppressed_from, n.first), suppressed_until = greatest(a.suppressed_until, n.last), "
    "facts = coalesce(n.facts, a.facts) "
    "FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) "
    "AS n (id, number, first, last, facts) WHERE a.id = n.id"
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A rule's `alert_suppression`. `window` is None for one run; `apart`: events without a field stay apart."""

    fields: tuple[str, ...]
    window: timedelta | None
    apart: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """The group that a finding belongs to: its key, its values, and for how long its alert counts (None: always)."""

    key: bytes
    terms: list[dict[str, Any]] | None
    window: timedelta | None


@dataclass(slots=True)
class Stand:
    """An alert that counts its group's hits: one that is stored and not closed, or the one that `leader` becomes."""

    at: datetime
    room: int
    fold: Fold
    stored: Alert | None = None
    leader: Finding | None = None
    counted: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Folding:
    """What becomes of a pass's findings: those that are alerts unless the cap says no, and who counts the others."""

    leading: list[Finding] = field(default_factory=list)
    stands: list[Stand] = field(default_factory=list)
    beyond: list[Finding] = field(default_factory=list)

    def led_by(self) -> dict[bytes, Stand]:
        """What is counted beside each finding that leads its group, by the finding's identity."""
        return {stand.leader.identity: stand for stand in self.stands if stand.leader is not None}


def suppression_of(definition: RuleDefinition) -> Suppression | None:
    """What the rule asks for; None when it asks for nothing that can be read."""
    asked = definition.alert_suppression
    if not asked:
        return None
    fields = asked.get("group_by")
    named = tuple(name for name in fields if isinstance(name, str)) if isinstance(fields, list | tuple) else ()
    if not named and definition.type != "threshold":
        return None
    return Suppression(
        named[:MOST_FIELDS], _window(asked.get("duration")), asked.get("missing_fields_strategy") == "doNotSuppress"
    )


def fold_of(finding: Finding) -> Fold | None:
    """The group a finding belongs to; None for one that is an alert of its own."""
    rule = finding.hit.rule
    if finding.hit.learning:
        return Fold(_key(b"learning", finding, rule.logic_hash), None, None)
    asked = suppression_of(rule.definition)
    if asked is None:
        return None
    terms = _terms_of_count(finding) if finding.kind is Kind.THRESHOLD else _terms(asked, finding.document)
    if asked.apart and any(term["value"] is None for term in terms):
        return None
    length = interval(rule.definition)
    run = "" if asked.window else bucket_start(finding.arrived, length).isoformat()
    return Fold(_key(b"suppress", finding, orjson.dumps([terms, run])), _shown(terms), asked.window or length)


def lock(folds: Collection[Fold]) -> None:
    """Have whoever raises for these groups at the same time wait until this transaction ends, without deadlocks.

    A bounded number of locks, however many groups; taken in order. One statement.
    """
    slots = sorted({int.from_bytes(fold.key[:2], "big") % _SLOTS for fold in folds})
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [_LOCK_CLASS, slots])


def fold(findings: Sequence[Finding], folds: dict[bytes, Fold]) -> Folding:
    """Divide findings (with their groups by identity) into those that lead and those that are counted.

    In the order of arrival, whatever the order they come in. One query where there are groups, locked beforehand.
    """
    folding = Folding()
    stands = _standing(findings, folds) if folds else {}
    for finding in sorted(findings, key=_order):
        group = folds.get(finding.identity)
        if group is None:
            folding.leading.append(finding)
        else:
            _place(finding, group, stands[group.key], folding)
    folding.stands = [stand for group in stands.values() for stand in group.all if stand.counted or stand.leader]
    return folding


def count(stands: Iterable[Stand]) -> None:
    """Count hits at the alerts that stand, which are locked. One statement."""
    rows = [(stand, stand.stored) for stand in stands if stand.stored is not None and stand.counted]
    if not rows:
        return
    values = [(alert.pk, len(stand.counted), *_span(stand), _facts_json(alert, stand)) for stand, alert in rows]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(column) for column in zip(*values, strict=True)])


def remember(counted: Sequence[tuple[Finding, int]]) -> None:
    """Keep which hits were counted at which alert. One statement."""
    if not counted:
        return
    rows = sorted((finding.identity, alert_id, finding.hit.event.day) for finding, alert_id in counted)
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [list(column) for column in zip(*rows, strict=True)])


def forget(*, before: date) -> int:
    """Forget counted hits whose events are of days before: they are judged no more. Returns how many.

    A statement for every few thousand, so that nobody waits for long.
    """
    forgotten = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET, [before, _AT_ONCE])
            forgotten += int(cursor.rowcount)
            if cursor.rowcount < _AT_ONCE:
                return forgotten


def mark(alert: Alert, stand: Stand) -> None:
    """Have a new alert know its group, and what it counts already."""
    alert.suppression_key, alert.suppression, alert.suppression_at = stand.fold.key, stand.fold.terms, stand.at
    if stand.counted:
        alert.suppressed = len(stand.counted)
        alert.suppressed_from, alert.suppressed_until = _span(stand)
    if stand.leader is not None and alert.learning:
        alert.facts = met_while_learning(None, [stand.leader, *stand.counted], since=stand.at)


def _place(finding: Finding, group: Fold, stands: "_Stands", folding: Folding) -> None:
    stand = stands.of(finding.arrived, group.window)
    if stand is None:
        stands.add(Stand(finding.arrived, MOST_COUNTED, group, leader=finding))
        folding.leading.append(finding)
    elif stand.room:
        stand.counted.append(finding)
        stand.room -= 1
    else:
        folding.beyond.append(finding)


class _Stands:
    """The alerts of one group by the arrival of their first events."""

    def __init__(self) -> None:
        self.all: list[Stand] = []

    def add(self, stand: Stand) -> None:
        self.all.insert(bisect_right(self.all, stand.at, key=_at), stand)

    def of(self, at: datetime, window: timedelta | None) -> Stand | None:
        """The alert that counts what arrived then: the latest before whose window holds it.

        What is judged late belongs to an alert soon after, if there is one: its window would have been this one's.
        """
        if window is None:
            return self.all[-1] if self.all else None
        place = bisect_right(self.all, at, key=_at)
        if place and at < self.all[place - 1].at + window:
            return self.all[place - 1]
        if place < len(self.all) and self.all[place].at < at + window:
            return self.all[place]
        return None


def _standing(findings: Sequence[Finding], folds: dict[bytes, Fold]) -> defaultdict[bytes, _Stands]:
    """The alerts of these groups that are not closed, locked in the order of their numbers, from within the windows."""
    groups = {group.key: group for group in folds.values()}
    longest = max((group.window for group in groups.values() if group.window), default=timedelta())
    arrivals = [finding.arrived for finding in findings if finding.identity in folds]
    near = Q(suppression_at__gt=min(arrivals) - longest, suppression_at__lt=max(arrivals) + longest)
    rows = Alert.objects.select_for_update(no_key=True).filter(
        near | Q(learning=True), suppression_key__in=list(groups)
    )
    stands: defaultdict[bytes, _Stands] = defaultdict(_Stands)
    for row in rows.exclude(status=Status.CLOSED).order_by("pk"):
        group = groups[bytes(row.suppression_key or b"")]
        at = row.suppression_at or row.created_at
        stands[group.key].add(Stand(at, max(MOST_COUNTED - row.suppressed, 0), group, stored=row))
    return stands


def _terms(asked: Suppression, document: Document) -> list[dict[str, Any]]:
    return [{"field": name, "value": _value(document, name)} for name in asked.fields]


def _terms_of_count(finding: Finding) -> list[dict[str, Any]]:
    facts = finding.hit.joined.facts if finding.hit.joined else {}
    return [dict(term) for term in facts.get("terms", ())]


def _value(document: Document, name: str) -> Any:
    """The field's value; several as a whole, in an order of their own; None for none."""
    values = document.values(name)
    if len(values) <= 1:
        return values[0] if values else None
    return sorted(values, key=text_of)


def _shown(terms: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The values as they are kept for people, shortened where an event is beyond measure."""
    return [{"field": term["field"], "value": _shortened(term["value"])} for term in terms]


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(one) for one in value[:_MOST_VALUES]]
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value


def _key(person: bytes, finding: Finding, content: bytes) -> bytes:
    name = blake2b(digest_size=16, person=person)
    for part in (finding.hit.rule.id.encode(), str(finding.hit.event.team_id).encode(), content):
        name.update(len(part).to_bytes(4, "big") + part)
    return name.digest()


def _window(duration: Any) -> timedelta | None:
    """`{value, unit}` as a length of time; None for one that cannot be read, which stands for a run."""
    if not isinstance(duration, dict):
        return None
    number, unit = duration.get("value"), duration.get("unit")
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0 or unit not in _UNITS:
        return None
    return min(min(number, 10**8) * _UNITS[unit], _LONGEST)


def _facts_json(alert: Alert, stand: Stand) -> str | None:
    """An alert that learns shows what it stands for; others keep their facts."""
    if not alert.learning:
        return None
    return orjson.dumps(met_while_learning(alert.facts, stand.counted, since=stand.at)).decode()


def _span(stand: Stand) -> tuple[datetime, datetime]:
    """From when to when what it counts happened."""
    times = [finding.time for finding in stand.counted]
    return min(times), max(times)


def _at(stand: Stand) -> datetime:
    return stand.at


def _order(finding: Finding) -> tuple[datetime, datetime]:
    """Events of one instant keep the order in which their agent sent them."""
    return finding.arrived, finding.hit.event.time
