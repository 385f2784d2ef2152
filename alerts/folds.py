"""Folding: open alerts of one rule that say the same are one row of the queue, worked on together.

Alerts say the same when their rule, host, user and evidence line agree and their events are the same deeds
(alerts/deeds.py); counts and groups, when that is so of their group and of all kinds of events that went into them.
Whoever closes a fold closes alerts that he has not read one by one, so what tells two of them apart may not be lost in
it: alerts whose events are not all at hand, and those that stand for others that were counted beside them, fold never.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from alerts.deeds import DIFFERING, deed_of, written
from alerts.kept import INDICATOR
from alerts.models import Alert, Kind
from alerts.shells import Finding

FOLD_BYTES = 16
COUNTED = (Kind.THRESHOLD, Kind.GROUP)


def fold_of(alert: Alert, finding: Finding) -> bytes | None:
    """The fold of an alert that is about to be raised, 16 bytes; None for one that has to be read by itself.

    Such are an event of a sequence, which has its shell, a count of more events than are at hand, and what a rule was
    still learning. Teams fold apart. So do severities and names, which some rules take from the event.
    """
    if alert.kind == Kind.BLOCK or finding.hit.learning or _has_more(finding):
        return None
    said = group_of(alert.facts) if alert.kind in COUNTED else [alert.evidence]
    return digest(
        alert.team_id, alert.rule_id, alert.kind, alert.name, alert.severity, alert.host_name, alert.user_name,
        alert.process_hash, *said, "deeds", *_deeds(finding),
    )  # fmt: skip


def digest(*parts: Any) -> bytes:
    """Sixteen bytes of what is said, each part with its length, so that none can run into the next."""
    name = blake2b(digest_size=FOLD_BYTES, person=b"fold")
    for part in parts:
        text = b"\x00" if part is None else b"\x01" + _bytes_of(part)
        name.update(len(text).to_bytes(4, "big") + text)
    return name.digest()


def group_of(facts: Mapping[str, Any] | None) -> list[str]:
    """What names the group of a count, from the alert's facts; without a group all counts of the rule say the same."""
    facts = facts or {}
    terms = [f"{term.get('field')}={term.get('value')!r}" for term in facts.get("terms") or ()]
    named = set(facts.get("by") or ())
    columns = facts.get("columns") or ()
    return [*terms, *(f"{one.get('name')}={one.get('value')!r}" for one in columns if one.get("name") in named)]


def _bytes_of(part: Any) -> bytes:
    return part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")


def _deeds(finding: Finding) -> Iterator[bytes]:
    """What the events did, in full: in order where the order says something, of a count each kind of deed once."""
    if finding.kind in COUNTED:
        yield from sorted({deed_of(member.judged.document) for member in finding.members})
    elif finding.is_shell:
        yield from (deed_of(member.judged.document) for member in finding.members)
    else:
        yield deed_of(finding.document)
        met = finding.hit.joined.members if finding.hit.joined else ()
        yield from sorted(deed_of(member.judged.document) for member in met if member.role == INDICATOR)
        yield written(_row_of(finding))


def _row_of(finding: Finding) -> Iterator[tuple[str, Any]]:
    """What a pipeline says beside the event, columns that are no fields included."""
    row = finding.hit.row or {}
    return ((name, row[name]) for name in sorted(row) if name not in DIFFERING and name[:1] != "_")


def _has_more(finding: Finding) -> bool:
    """Whether there were events that nobody can compare any more."""
    joined = finding.hit.joined
    if joined is None or not finding.is_joined:
        return False
    return max(int(joined.facts.get("count") or 0), len(joined.members)) > len(finding.members)
