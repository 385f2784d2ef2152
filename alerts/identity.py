"""What makes an alert the same alert, so that judging an event again never doubles it."""

from hashlib import blake2b

from alerts.hits import Hit
from alerts.models import Kind
from events.store import EventRef

IDENTITY_BYTES = 16


def identity_of(hit: Hit) -> bytes:
    """Rule and event; for new terms rule, terms and event; for joined events rule and what joined them.

    The rule's id is stable across revisions, so a new guide or severity does not raise an old event again. An event
    is known by its team, index and uid; its day follows from them. An event that meets an indicator is one alert,
    however many indicators name it; of the rows that a pipeline makes of an event those are told apart that it expanded
    a column for. A group that is counted anew ends with another event.
    """
    joined = hit.joined
    if joined is None or joined.kind == Kind.INDICATOR:
        return identity_of_event(hit.rule.id, hit.event.ref, hit.terms_hash or b"")
    if joined.kind == Kind.ROW:
        return identity_of_event(hit.rule.id, hit.event.ref, joined.identity)
    last = hit.event.uid if joined.kind in (Kind.THRESHOLD, Kind.GROUP) else b""
    return identity_of_joined(hit.rule.id, hit.event.team_id, joined.kind, joined.identity, last)


def block_identity(shell: bytes, position: int) -> bytes:
    """The identity of a sequence's event: the sequence's, and the event's place in it."""
    return blake2b(shell + position.to_bytes(4, "big"), digest_size=IDENTITY_BYTES, person=b"block").digest()


def identity_of_event(rule_id: str, ref: EventRef, terms_hash: bytes = b"") -> bytes:
    """The identity of the alert that a rule raises on one event, which need not be read for it."""
    name = blake2b(digest_size=IDENTITY_BYTES, person=b"alert")
    for text in (rule_id, str(ref.team_id), ref.index):
        part = text.encode()
        name.update(len(part).to_bytes(4, "big") + part)
    name.update(ref.uid)
    name.update(terms_hash)
    return name.digest()


def identity_of_joined(rule_id: str, team_id: int, kind: str, joined: bytes, last: bytes = b"") -> bytes:
    """The identity of the alert of what `joined` names; of a count that of its last event too."""
    name = blake2b(digest_size=IDENTITY_BYTES, person=b"joined")
    for part in (rule_id.encode(), str(team_id).encode(), kind.encode(), joined, last):
        name.update(len(part).to_bytes(4, "big") + part)
    return name.digest()
