"""Folding: open alerts of one rule that say the same are one row of the queue, worked on together.

What an alert says is its rule, the host and user, and its evidence line; of a count or group the values that name the
group, since its numbers differ every time. Whoever closes a fold closes alerts that he has not read one by one, so
nothing that tells two deeds apart may be lost in it: programs, whole command lines and paths of the events are looked
at too, as a line is cut and a name can be borrowed.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from alerts.models import Alert, Kind
from alerts.shells import Finding
from engine import Document

FOLD_BYTES = 16
COUNTED = (Kind.THRESHOLD, Kind.GROUP)
_TELLING = (
    "process.executable",
    "process.command_line",
    "process.args",
    "process.parent.executable",
    "process.parent.command_line",
    "file.path",
    "registry.path",
    "dll.path",
    "url.full",
)


def fold_of(alert: Alert, finding: Finding) -> bytes | None:
    """The fold of an alert that is about to be raised, 16 bytes; None for an event of a sequence, which has its shell.

    Teams fold apart. So do severities and names, which some rules take from the event.
    """
    if alert.kind == Kind.BLOCK:
        return None
    said = group_of(alert.facts) if alert.kind in COUNTED else [alert.evidence, *_deeds(finding)]
    return digest(
        alert.team_id, alert.rule_id, alert.kind, alert.name, alert.severity, alert.host_name, alert.user_name,
        alert.process_hash, *said,
    )  # fmt: skip


def digest(*parts: Any) -> bytes:
    """Sixteen bytes of what is said, each part with its length, so that none can run into the next."""
    name = blake2b(digest_size=FOLD_BYTES, person=b"fold")
    for part in parts:
        text = b"\x00" if part is None else b"\x01" + str(part).encode("utf-8", "surrogatepass")
        name.update(len(text).to_bytes(4, "big") + text)
    return name.digest()


def group_of(facts: Mapping[str, Any] | None) -> list[str]:
    """What names the group of a count, from the alert's facts; without a group all counts of the rule say the same."""
    facts = facts or {}
    terms = [f"{term.get('field')}={term.get('value')!r}" for term in facts.get("terms") or ()]
    named = set(facts.get("by") or ())
    columns = facts.get("columns") or ()
    return [*terms, *(f"{one.get('name')}={one.get('value')!r}" for one in columns if one.get("name") in named)]


def _deeds(finding: Finding) -> Iterator[str]:
    """What the events did, in full."""
    for document in _documents(finding):
        for field in _TELLING:
            yield "\x1f".join(map(str, document.values(field)))


def _documents(finding: Finding) -> Iterable[Document]:
    return [member.judged.document for member in finding.members] if finding.is_shell else [finding.document]
