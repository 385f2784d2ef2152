"""Hits become alerts, here and nowhere else: identity, cap, snapshot of the rule, evidence.

Runs inside the caller's transaction, which holds the epoch. An event judged twice raises nothing twice.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from alerts.cap import allowance
from alerts.evidence_line import evidence_line
from alerts.hits import Hit
from alerts.identity import identity_of
from alerts.kept import evidence_row
from alerts.models import Alert, AlertEvent, Severity
from alerts.newness import history_of
from engine import Document, columns_of, format_duration
from engine.prefilter import Columns

_NEXT_IDS = "SELECT nextval(pg_get_serial_sequence('alerts_alert', 'id')) FROM generate_series(1, %s)"
_INSERT_SIZE = 500
MAX_HASH = 128


@dataclass(frozen=True, slots=True)
class Raised:
    """How many alerts each rule raised, how many hits went over its maximum, and the new alerts' numbers."""

    alerts: Counter[str]
    over: Counter[str]
    ids: list[int]


def raise_alerts(*, hits: Iterable[Hit], now: datetime) -> Raised:
    """Store an alert for every hit that is none yet, up to each rule's maximum per interval.

    Five statements and two for each five hundred alerts, whatever the number of rules.
    """
    fresh = _without_known({identity_of(hit): hit for hit in hits})
    if not fresh:
        return Raised(Counter(), Counter(), [])
    allowed = allowance(list(fresh.values()))
    # Another pass may have raised some of them while this one waited for the counters.
    fresh = _without_known(fresh)
    chosen = {identity_of(hit): hit for hit in allowed.split(list(fresh.values()))}
    stored = _insert(chosen, now)
    allowed.give_back([hit for identity, hit in chosen.items() if identity not in stored])
    allowed.save()
    raised = Counter(chosen[identity].rule.id for identity in stored)
    return Raised(raised, Counter(allowed.over), sorted(stored.values()))


def _without_known(hits: dict[bytes, Hit]) -> dict[bytes, Hit]:
    known = Alert.objects.filter(identity__in=list(hits)).values_list("identity", flat=True)
    taken = {bytes(identity) for identity in known}
    return {identity: hit for identity, hit in hits.items() if identity not in taken}


def _insert(hits: dict[bytes, Hit], now: datetime) -> dict[bytes, int]:
    """Insert in the order of identities, so that two passes never wait for each other; returns what is new."""
    ordered = sorted(hits)
    numbers = iter(sorted(_next_ids(len(ordered))))
    # Numbers follow the order of the events, so that "newest" and "highest number" agree within a pass.
    by_time = sorted(hits, key=lambda identity: hits[identity].event.time)
    number_of = dict(zip(by_time, numbers, strict=True))
    rows = [_alert(number_of[identity], identity, hits[identity], now) for identity in ordered]
    Alert.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_INSERT_SIZE)
    stored = set(Alert.objects.filter(pk__in=number_of.values()).values_list("pk", flat=True))
    new = [row for row in rows if row.pk in stored]
    AlertEvent.objects.bulk_create(
        (evidence_row(row, hits[bytes(row.identity)].event) for row in new), batch_size=_INSERT_SIZE
    )
    return {bytes(row.identity): row.pk for row in new}


def _next_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_IDS, [count])
        return [int(number) for (number,) in cursor.fetchall()]


def _alert(number: int, identity: bytes, hit: Hit, now: datetime) -> Alert:
    definition, document = hit.rule.definition, hit.document
    columns = columns_of(document)
    return Alert(
        pk=number,
        identity=identity,
        team_id=hit.event.team_id,
        rule_id=hit.rule.id,
        revision_id=hit.rule.revision_id,
        name=definition.name[:255],
        severity=Severity[definition.severity.upper()],
        risk_score=definition.risk_score,
        building_block=definition.is_building_block,
        techniques=_techniques(hit),
        tags=list(definition.tags),
        event_time=hit.event.time,
        created_at=now,
        host_name=_text(columns, "host_name"),
        user_name=_text(columns, "user_name"),
        odd=columns.odd,
        process_hash=_hash(document),
        evidence=evidence_line(hit),
        new_terms=_new_terms(hit),
        demo=hit.demo,
    )


def _text(columns: Columns, name: str) -> str | None:
    value = columns.values[name]
    return value if isinstance(value, str) else None


def _hash(document: Document) -> str | None:
    return next((str(value)[:MAX_HASH] for value in document.values("process.hash.sha256")), None)


def _techniques(hit: Hit) -> list[str]:
    """Technique and sub-technique ids, as the rule maps itself."""
    found: list[str] = []
    for tactic in hit.rule.definition.threat:
        for technique in tactic.techniques:
            found += [technique.id, *(sub.id for sub in technique.subtechniques)]
    return list(dict.fromkeys(found))


def _new_terms(hit: Hit) -> dict[str, object] | None:
    if hit.terms is None or hit.history_start is None:
        return None
    length = history_of(hit.rule)
    return {
        "fields": list(hit.rule.definition.new_terms_fields),
        "values": list(hit.terms),
        "history_start": hit.history_start.isoformat(),
        "history_end": (hit.history_start + length).isoformat(),
        "history": format_duration(length),
    }
