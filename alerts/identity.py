"""What makes an alert the same alert, so that judging an event again never doubles it."""

from hashlib import blake2b

from alerts.hits import Hit

IDENTITY_BYTES = 16


def identity_of(hit: Hit) -> bytes:
    """Rule and event; for new terms rule, terms and event.

    The rule's id is stable across revisions, so a new guide or severity does not raise an old event again. An event
    is known by its team, index and uid; its day follows from them.
    """
    name = blake2b(digest_size=IDENTITY_BYTES, person=b"alert")
    for text in (hit.rule.id, str(hit.event.team_id), hit.event.index):
        part = text.encode()
        name.update(len(part).to_bytes(4, "big") + part)
    name.update(hit.event.uid)
    name.update(hit.terms_hash or b"")
    return name.digest()
