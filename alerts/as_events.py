"""Alerts written back as events, so that rules can read what other rules found.

They are immutable, of an index of their own, and judged by the next pass like any other event; the workflow of an alert
lives in its row alone, and searches lay it over (alerts/as_of_today.py). The source event's fields stand beside
`kibana.alert.*`, by Kibana's names. Whatever a sender wrote under these names is left out, so that nobody can make up
an alert.
Source: field reference of Elastic Security alerts; `signal.rule.*` are the names of older rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from accounts.models import ApiKey
from alerts.as_of_today import counted
from alerts.evidence_line import without_marks
from alerts.hits import Judged
from alerts.lineage import INDEX, ancestors_of
from alerts.models import Alert, Kind, Severity
from alerts.shells import Finding
from engine import RuleDefinition
from events import bell, partitions
from events.columns import columns_of
from events.fields import iso
from events.normalise import NormalisedEvent
from events.store import put_batch

MAX_BATCH = 5_000
_LONGEST, _MOST = 2_000, 50  # of what a rule says about itself, which every alert repeats
_OURS = ("kibana", "signal", "@timestamp", "event")


@dataclass(frozen=True, slots=True)
class Written:
    """A new alert, what raised it, and the building blocks beside it."""

    alert: Alert
    finding: Finding
    blocks: list[Alert]


def write_back(written: Iterable[Written], *, now: datetime) -> list[int]:
    """Store new alerts and building blocks as events, to be judged by the next pass, in the caller's transaction.

    Returns the numbers of the batches that they wait in.

    At most what the rules' maximums let become alerts. Seven statements for each team and five thousand alerts.
    """
    waiting: dict[tuple[int, bool], list[NormalisedEvent]] = defaultdict(list)
    for one in written:
        waiting[one.alert.team_id, one.alert.demo] += _events(one, now)
    if not waiting:
        return []
    _ensure_day(now)
    batches: list[int | None] = []
    keys = _demo_keys() if any(demo for _, demo in waiting) else {}
    for (team_id, demo), events in sorted(waiting.items()):
        key, at = (keys.get(team_id), now + timedelta(microseconds=1)) if demo else (None, now)
        for start in range(0, len(events), MAX_BATCH):
            some = events[start : start + MAX_BATCH]
            batches.append(put_batch(team_id=team_id, events=some, ingested_at=at, api_key_id=key).batch_id)
    transaction.on_commit(bell.ring)
    return [batch for batch in batches if batch is not None]


def _demo_keys() -> dict[int, str]:
    """A key of each team whose events are demo telemetry: what rests on a demo alert is demo too."""
    return dict(ApiKey.objects.filter(demo=True).values_list("team_id", "pk"))


def _ensure_day(now: datetime) -> None:
    """Days are made ahead; the lock for making one is taken only where it is missing, as it would stop other passes."""
    if not _is_made(now.date()):
        partitions.ensure_days([now.date()])


def _is_made(day: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"event_{day:%Y%m%d}"])
        return bool(cursor.fetchone()[0])


def _events(written: Written, now: datetime) -> list[NormalisedEvent]:
    alert, finding = written.alert, written.finding
    group = {"group": {"id": bytes(alert.identity).hex()}} if written.blocks else {}
    own = _own_fields(alert, finding) | group
    events = [_event(alert, _document_of(finding), own, finding.sources, finding, now)]
    for block, member in zip(written.blocks, finding.members, strict=False):
        position = block.facts["position"] if block.facts else 0
        place = {"group": {"id": bytes(alert.identity).hex(), "index": position}}
        events.append(_event(block, member.judged.document.raw, place, [member.judged], finding, now))
    return events


def _document_of(finding: Finding) -> dict[str, Any]:
    """The fields beside our own: those of the source, those that all events of a sequence share, those of a count's
    group. A pipeline's row is over those of its event, or over what its events share."""
    if finding.kind is Kind.INDICATOR:
        return _enriched(finding.document.raw, _facts(finding))
    if finding.kind in (Kind.ROW, Kind.GROUP):
        return finding.document.raw
    if finding.kind is not Kind.THRESHOLD:
        return finding.document.raw
    fields: dict[str, Any] = {}
    for term in _facts(finding).get("terms", ()):
        _put(fields, str(term["field"]).split("."), term["value"])
    return fields


def _enriched(source: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The event with what is known of the indicators that it met."""
    threat = source.get("threat")
    enrichments = [
        {
            "indicator": met.get("indicator", {}),
            "matched": {"atomic": met["value"], "field": met["field"], "type": "indicator_match_rule"},
        }
        for met in facts.get("matches", ())
    ]
    return {**source, "threat": {**(threat if isinstance(threat, dict) else {}), "enrichments": enrichments}}


def _event(
    alert: Alert,
    source: dict[str, Any],
    own: dict[str, Any],
    sources: Sequence[Judged],
    finding: Finding,
    now: datetime,
) -> NormalisedEvent:
    """The alert as it is stored among events."""
    definition, moment = finding.hit.rule.definition, iso(now)
    event = source.get("event")
    event = event if isinstance(event, dict) else {}
    fields = _alert_fields(alert, definition, sources, moment) | own
    if event:
        fields["original_event"] = event
    document = {name: value for name, value in source.items() if name not in _OURS}
    document |= {
        "@timestamp": moment,
        "event": {**event, "kind": "signal", "ingested": moment},
        "kibana": {"alert": fields, "space_ids": ["default"]},
        "signal": {"rule": {name: fields["rule"][name] for name in _OLD_NAMES}, "status": "open"},
    }
    columns, odd = columns_of(document)
    return NormalisedEvent(INDEX, bytes(alert.identity), now, orjson.dumps(document), columns, odd)


_OLD_NAMES = ("name", "rule_id", "type", "tags", "severity", "risk_score", "threat")


def _alert_fields(alert: Alert, definition: RuleDefinition, sources: Sequence[Judged], moment: str) -> dict[str, Any]:
    """What every alert has."""
    severity = Severity(alert.severity).label
    fields: dict[str, Any] = {
        "uuid": bytes(alert.identity).hex(),
        "status": "active",
        "workflow_status": "open",
        "start": moment,
        "original_time": iso(alert.event_time),
        "severity": severity,
        "risk_score": alert.risk_score,
        "reason": without_marks(alert.evidence),
        "depth": alert.depth,
        "ancestors": ancestors_of(sources),
        "rule": _rule_fields(alert, definition, severity),
    }
    if alert.building_block:
        fields["building_block_type"] = "default"
    return fields


def _rule_fields(alert: Alert, definition: RuleDefinition, severity: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": alert.name,
        "rule_id": alert.rule_id,
        "uuid": alert.rule_id,
        "type": definition.type,
        "category": f"{definition.type} rule",
        "consumer": "siem",
        "producer": "siem",
        "enabled": True,
        "description": definition.description[:_LONGEST],
        "author": list(definition.author),
        "license": definition.license,
        "severity": severity,
        "risk_score": alert.risk_score,
        "tags": list(definition.tags),
        "references": list(definition.references)[:_MOST],
        "false_positives": [text[:_LONGEST] for text in definition.false_positives[:_MOST]],
        "interval": definition.interval,
        "from": definition.from_,
        "to": definition.to,
        "max_signals": definition.max_signals,
        "threat": _threat(definition),
    }
    if definition.building_block_type:
        fields["building_block_type"] = definition.building_block_type
    return fields


def _threat(definition: RuleDefinition) -> list[dict[str, Any]]:
    """The rule's ATT&CK mapping in the shape of ECS."""
    return [
        {
            "framework": "MITRE ATT&CK",
            "tactic": {"id": tactic.id, "name": tactic.name, "reference": tactic.reference},
            "technique": [
                {
                    "id": technique.id,
                    "name": technique.name,
                    "reference": technique.reference,
                    "subtechnique": [
                        {"id": sub.id, "name": sub.name, "reference": sub.reference} for sub in technique.subtechniques
                    ],
                }
                for technique in tactic.techniques
            ],
        }
        for tactic in definition.threat
    ]


def _own_fields(alert: Alert, finding: Finding) -> dict[str, Any]:
    """What alerts of some kinds have besides."""
    fields: dict[str, Any] = {}
    if finding.hit.terms is not None:
        fields["new_terms"] = list(finding.hit.terms)
    if finding.kind is Kind.THRESHOLD:
        fields["threshold_result"] = _threshold_result(_facts(finding))
    if alert.suppression is not None:
        told = counted(alert.suppressed, alert.event_time, alert.suppressed_from, alert.suppressed_until)
        fields["suppression"] = {"terms": alert.suppression, **told}
    return fields


def _threshold_result(facts: dict[str, Any]) -> dict[str, Any]:
    cardinality = facts.get("cardinality")
    return {
        "terms": list(facts.get("terms", ())),
        "count": facts.get("count"),
        "from": facts.get("from"),
        "cardinality": [{"field": cardinality["field"], "value": cardinality["value"]}] if cardinality else [],
    }


def _facts(finding: Finding) -> dict[str, Any]:
    return finding.hit.joined.facts if finding.hit.joined else {}


def _put(fields: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a nested field; a shorter name that is taken by a value keeps it."""
    for name in path[:-1]:
        inner = fields.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        fields = inner
    if value is not None:
        fields.setdefault(path[-1], value)
