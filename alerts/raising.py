"""Hits become alerts, here and nowhere else: identity, loops, suppression, cap, snapshot of the rule, evidence.

Runs inside the caller's transaction, which holds the epoch. An event judged twice raises nothing twice and is counted
nowhere twice. Locks are taken in one order: groups that are suppressed, counters of caps, alerts that stand.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import connection

from alerts import suppressing
from alerts.as_events import Written, write_back
from alerts.cap import Allowance, allowance
from alerts.folds import fold_of
from alerts.hits import Hit
from alerts.identity import identity_of
from alerts.kept import evidence_row
from alerts.known import known_among
from alerts.lineage import goes_round
from alerts.models import Alert, AlertEvent
from alerts.rows import alert_row, block_rows
from alerts.shells import Finding
from alerts.suppressing import Fold, Folding

log = structlog.get_logger(__name__)

_NEXT_IDS = "SELECT nextval(pg_get_serial_sequence('alerts_alert', 'id')) FROM generate_series(1, %s)"
_INSERT_SIZE = 500

Findings = dict[bytes, Finding]


@dataclass(frozen=True, slots=True)
class Raised:
    """What became of hits, by rule: alerts, hits over the maximum, hits counted at an alert that stands, and hits left
    out because their alert would have descended from its own rule. `ids` are the new alerts' numbers; in `batches` they
    wait as events to be judged. Building blocks of sequences count nowhere."""

    alerts: Counter[str] = field(default_factory=Counter)
    over: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    looped: Counter[str] = field(default_factory=Counter)
    ids: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


def raise_alerts(*, hits: Iterable[Hit], now: datetime) -> Raised:
    """Store an alert for every hit that is none yet and is not suppressed, up to each rule's maximum per interval.

    A dozen statements, two for each five hundred alerts, and six for each team whose alerts are written back as
    events, whatever the number of rules.
    """
    found, looped = _findings(hits)
    fresh = _without_known(found)
    if not fresh:
        return Raised(looped=looped)
    folds = _folds(fresh.values())
    if folds:
        suppressing.lock(folds.values())
    allowed = allowance(list(fresh.values()))
    # Another pass may have raised or counted some of them while this one waited for its locks.
    fresh = _without_known(fresh)
    folding = suppressing.fold(list(fresh.values()), {key: group for key, group in folds.items() if key in fresh})
    written = _raise(folding, allowed, now)
    suppressed = _count(folding, {one.finding.identity: one.alert.pk for one in written}, allowed)
    allowed.save()
    raised = Counter(one.alert.rule_id for one in written)
    numbers = sorted(one.alert.pk for one in written)
    return Raised(raised, allowed.over, suppressed, looped, numbers, write_back(written, now=now))


def _findings(hits: Iterable[Hit]) -> tuple[Findings, Counter[str]]:
    """Every hit once, without those that would go round in circles."""
    found: Findings = {}
    looped: Counter[str] = Counter()
    for hit in hits:
        identity = identity_of(hit)
        finding = Finding.of(hit, identity)
        if goes_round(hit, finding.sources):
            looped[hit.rule.id] += 1
        else:
            found.setdefault(identity, finding)
    if looped:
        log.info("alerts that would descend from themselves are left out", rules=dict(looped))
    return found, looped


def _folds(findings: Iterable[Finding]) -> dict[bytes, Fold]:
    """The groups of those that belong to one, by identity."""
    groups = ((finding.identity, suppressing.fold_of(finding)) for finding in findings)
    return {identity: group for identity, group in groups if group is not None}


def _without_known(findings: Findings) -> Findings:
    known = known_among(findings)
    return {identity: finding for identity, finding in findings.items() if identity not in known}


def _raise(folding: Folding, allowed: Allowance, now: datetime) -> list[Written]:
    """Raise what leads its group or stands alone, as far as there is room; returns what is new."""
    chosen = {finding.identity: finding for finding in allowed.split(folding.leading)}
    written = _insert(chosen, folding, now) if chosen else []
    stored = {one.finding.identity for one in written}
    allowed.give_back([finding for identity, finding in chosen.items() if identity not in stored])
    return written


def _count(folding: Folding, stored: dict[bytes, int], allowed: Allowance) -> Counter[str]:
    """Count the others at their alerts. Hits whose alert was over the maximum are over it too."""
    counted: list[tuple[Finding, int]] = []
    beyond = list(folding.beyond)
    for stand in folding.stands:
        number = stand.stored.pk if stand.stored else stored.get(stand.leader.identity if stand.leader else b"")
        if number is None:
            beyond += stand.counted
        else:
            counted += [(finding, number) for finding in stand.counted]
    suppressing.count(folding.stands)
    suppressing.remember(counted)
    allowed.pass_over(beyond)
    return Counter(finding.hit.rule.id for finding, _ in counted)


def _insert(findings: Findings, folding: Folding, now: datetime) -> list[Written]:
    """Insert in the order of identities, so that two passes never wait for each other; returns what is new."""
    rows = _rows(findings, folding, now)
    Alert.objects.bulk_create(
        [rows[identity] for identity in sorted(rows)], ignore_conflicts=True, batch_size=_INSERT_SIZE
    )
    stored = set(_stored(row.pk for row in rows.values()))
    new = {identity: finding for identity, finding in findings.items() if rows[identity].pk in stored}
    blocks = _insert_blocks({identity: (finding, rows[identity]) for identity, finding in new.items()}, now)
    AlertEvent.objects.bulk_create(
        (
            evidence_row(rows[identity], judged.event, role, position)
            for identity, finding in new.items()
            for position, (role, judged) in enumerate(finding.kept)
        ),
        ignore_conflicts=True,
        batch_size=_INSERT_SIZE,
    )
    return [Written(rows[identity], finding, blocks[identity]) for identity, finding in new.items()]


def _rows(findings: Findings, folding: Folding, now: datetime) -> dict[bytes, Alert]:
    """Numbers follow the order of the events, so that "newest" and "highest number" agree within a pass."""
    by_time = sorted(findings, key=lambda identity: findings[identity].time)
    leads = folding.led_by()
    rows = {}
    for identity, number in zip(by_time, sorted(_next_ids(len(by_time))), strict=True):
        rows[identity] = alert_row(findings[identity], number, now)
        if identity in leads:  # what it will count beside itself is told by its number alone, so it folds with none
            suppressing.mark(rows[identity], leads[identity])
        else:
            rows[identity].fold = fold_of(rows[identity], findings[identity])
    return rows


def _insert_blocks(shells: dict[bytes, tuple[Finding, Alert]], now: datetime) -> dict[bytes, list[Alert]]:
    """The building blocks of new shells, by the shell's identity."""
    sizes = [len(finding.members) if finding.is_shell else 0 for finding, _ in shells.values()]
    numbers = iter(sorted(_next_ids(sum(sizes))) if sum(sizes) else ())
    blocks = {
        identity: block_rows(finding, shell, [next(numbers) for _ in range(size)], now)
        for (identity, (finding, shell)), size in zip(shells.items(), sizes, strict=True)
    }
    Alert.objects.bulk_create([row for rows in blocks.values() for row in rows], batch_size=_INSERT_SIZE)
    return blocks


def _stored(numbers: Iterable[int]) -> Iterable[int]:
    return Alert.objects.filter(pk__in=list(numbers)).values_list("pk", flat=True)


def _next_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_IDS, [count])
        return [int(number) for (number,) in cursor.fetchall()]
