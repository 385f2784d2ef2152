"""What makes an alert the same alert, so that judging an event again never doubles it."""

from hashlib import blake2b

from alerts.hits import Hit, Joined
from alerts.models import Kind

IDENTITY_BYTES = 16


def identity_of(hit: Hit) -> bytes:
    """Rule and event; for new terms rule, terms and event; for joined events rule and what joined them.

    The rule's id is stable across revisions, so a new guide or severity does not raise an old event again. An event
    is known by its team, index and uid; its day follows from them. An event that meets an indicator is one alert,
    however many indicators name it. A group that is counted anew ends with another event.
    """
    joined = hit.joined
    if joined is None or joined.kind == Kind.INDICATOR:
        return _of_event(hit)
    return _of_joined(hit, joined)


def block_identity(shell: bytes, position: int) -> bytes:
    """The identity of a sequence's event: the sequence's, and the event's place in it."""
    return blake2b(shell + position.to_bytes(4, "big"), digest_size=IDENTITY_BYTES, person=b"block").digest()


def _of_event(hit: Hit) -> bytes:
    name = blake2b(digest_size=IDENTITY_BYTES, person=b"alert")
    for text in (hit.rule.id, str(hit.event.team_id), hit.event.index):
        part = text.encode()
        name.update(len(part).to_bytes(4, "big") + part)
    name.update(hit.event.uid)
    name.update(hit.terms_hash or b"")
    return name.digest()


def _of_joined(hit: Hit, joined: Joined) -> bytes:
    name = blake2b(digest_size=IDENTITY_BYTES, person=b"joined")
    last = hit.event.uid if joined.kind == Kind.THRESHOLD else b""
    for part in (hit.rule.id.encode(), str(hit.event.team_id).encode(), joined.kind.encode(), joined.identity, last):
        name.update(len(part).to_bytes(4, "big") + part)
    return name.digest()
