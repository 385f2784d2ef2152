"""The rows of an alert: what it snapshots of its rule and its events, and its building blocks beside it."""

from datetime import datetime
from typing import Any

from alerts.evidence_line import block_line, evidence_line
from alerts.facts import BlockFacts
from alerts.hits import Hit
from alerts.identity import block_identity
from alerts.models import Alert, Kind
from alerts.newness import history_of
from alerts.overriding import Said, as_written
from alerts.shells import Finding
from engine import Document, columns_of, format_duration
from engine.prefilter import Columns
from engine.scalars import address_of, address_text, network_of

MAX_HASH = 128
# What many networks use alike, so that meeting it twice says nothing.
_INSIDE = [
    network
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
    )
    if (network := network_of(text))
]  # fmt: skip


def alert_row(finding: Finding, number: int, now: datetime) -> Alert:
    """The alert of a finding."""
    hit = finding.hit
    row = _row(hit, finding.said, finding.document, now)
    row.pk, row.identity, row.kind, row.depth = number, finding.identity, finding.kind, finding.depth
    row.building_block = hit.rule.definition.is_building_block
    row.event_time, row.evidence = finding.time, evidence_line(hit)
    row.odd = row.odd or _says_too_little(finding, row)
    row.new_terms, row.learning = _new_terms(hit), hit.learning
    row.facts = dict(hit.joined.facts) if hit.joined else None
    return row


def block_rows(finding: Finding, shell: Alert, numbers: list[int], now: datetime) -> list[Alert]:
    """One building block for each event of a sequence or sample, with severity and name as the rule has them."""
    return [_block(finding, shell, position, number, now) for position, number in enumerate(numbers)]


def _block(finding: Finding, shell: Alert, position: int, number: int, now: datetime) -> Alert:
    hit, member = finding.hit, finding.members[position]
    row = _row(hit, as_written(hit.rule.definition), member.judged.document, now)
    row.pk, row.identity, row.kind, row.depth = (
        number,
        block_identity(finding.identity, position),
        Kind.BLOCK,
        shell.depth,
    )
    row.building_block, row.shell = True, shell
    row.event_time, row.evidence = member.judged.event.time, block_line(hit, member)
    row.facts = BlockFacts(position, len(finding.members), member.role.removeprefix("step ")).to_json()
    return row


def _row(hit: Hit, said: Said, document: Document, now: datetime) -> Alert:
    """What alerts and building blocks have alike."""
    definition, columns = hit.rule.definition, columns_of(document)
    return Alert(
        team_id=hit.event.team_id,
        rule_id=hit.rule.id,
        revision_id=hit.rule.revision_id,
        name=said.name,
        severity=said.severity,
        risk_score=said.risk_score,
        techniques=_techniques(hit),
        tags=list(definition.tags),
        created_at=now,
        host_name=_text(columns, "host_name"),
        user_name=_text(columns, "user_name"),
        odd=columns.odd,
        process_hash=_hash(document),
        address=_address(document),
        demo=hit.demo,
    )


def _says_too_little(finding: Finding, row: Alert) -> bool:
    """Whether some of its events have another host or user, or were not even kept."""
    if not finding.is_joined:
        return False
    facts = finding.hit.joined.facts if finding.hit.joined else {}
    if max(int(facts.get("count") or 0), len(finding.sources)) > len(finding.members):
        return True
    names = {(*source.document.values("host.name"), *source.document.values("user.name")) for source in finding.sources}
    return any(set(told) - {row.host_name, row.user_name} for told in names)


def _text(columns: Columns, name: str) -> str | None:
    value = columns.values[name]
    return value if isinstance(value, str) else None


def _address(document: Document) -> str | None:
    """The public address that the event is about: whoever came from it or went to it may be met again."""
    values = (value for name in ("source.ip", "destination.ip") for value in document.values(name))
    numbers = (number for value in values if (number := address_of(value)) is not None)
    return next((address_text(number) for number in numbers if not _is_inside(number)), None)


def _is_inside(number: int) -> bool:
    return any(first <= number <= last for first, last in _INSIDE)


def _hash(document: Document) -> str | None:
    return next((str(value)[:MAX_HASH] for value in document.values("process.hash.sha256")), None)


def _techniques(hit: Hit) -> list[str]:
    """Technique and sub-technique ids, as the rule maps itself."""
    found: list[str] = []
    for tactic in hit.rule.definition.threat:
        for technique in tactic.techniques:
            found += [technique.id, *(sub.id for sub in technique.subtechniques)]
    return list(dict.fromkeys(found))


def _new_terms(hit: Hit) -> dict[str, Any] | None:
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
