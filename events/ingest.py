"""Taking in a request: check, unpack, divide, normalise, store in one transaction, and only then say so.

Everything that is refused as a whole is refused before anything is stored. What is wrong with one event is its own
affair: it goes to the dead letters and its neighbours are stored.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from psycopg.errors import CheckViolation, DeadlockDetected, SerializationFailure

from accounts.keys import touch_key
from accounts.models import ApiKey
from events import arrivals, bell, partitions, pressure, rate
from events.body import BodyLimits, divide, media_type, unpack
from events.dead_letters import bury
from events.errors import EventRefused, KeyReused, Malformed, TooLarge
from events.models import Batch
from events.normalise import NormalisedEvent, Reception, normalise
from events.refused import Refused
from events.store import put_batch

log = structlog.get_logger(__name__)

_REQUEST_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one event: `created`, `duplicate`, or `rejected` with a reason and a sentence."""

    status: str
    id: str | None = None
    reason: str | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, str]:
        """Without what does not apply."""
        parts = (("status", self.status), ("id", self.id), ("reason", self.reason), ("detail", self.detail))
        return {name: value for name, value in parts if value is not None}


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a request, one item for each event in the order they were sent."""

    items: list[ItemResult]
    batch_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer: counts, then the items."""
        statuses = [item.status for item in self.items]
        counts = {status: statuses.count(status) for status in ("created", "duplicate", "rejected")}
        return counts | {"items": [item.to_json() for item in self.items]}


@dataclass(frozen=True, slots=True)
class _Sent:
    """Which request this is, as its sender says (`key`), and a hash of its unpacked events to hold him to it."""

    key: str | None
    content: str

    @classmethod
    def of(cls, key: str | None, lines: Sequence[bytes]) -> "_Sent":
        digest = blake2b(digest_size=16)
        for line in lines if key else ():
            digest.update(len(line).to_bytes(8, "big") + line)
        return cls(key, digest.hexdigest())


@dataclass(slots=True)
class _Sorted:
    """The events of a request, sorted into good and bad, with the place each good one had."""

    size: int
    good: list[NormalisedEvent] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    bad: dict[int, Refused] = field(default_factory=dict)

    def items(self, created: Sequence[bool]) -> list[ItemResult]:
        items: list[ItemResult | None] = [None] * self.size
        for place, event, is_new in zip(self.places, self.good, created, strict=True):
            items[place] = ItemResult("created" if is_new else "duplicate", event.uid.hex())
        for place, refused in self.bad.items():
            items[place] = ItemResult("rejected", None, refused.error.reason, refused.error.detail)
        return [item for item in items if item is not None]


def ingest(
    *,
    key: ApiKey,
    body: bytes,
    content_type: str,
    content_encoding: str,
    idempotency_key: str | None,
    now: datetime,
    metered: bool = True,
) -> IngestReport:
    """Store the events of one request and queue them for judging; returns after COMMIT.

    A request whose Idempotency-Key this key has sent before gets the first answer again, for two days; with other
    events than then it is refused.
    `metered=False` leaves the key's rate alone, for a back-fill of our own.
    What came from which host is noted with the events (events/arrivals.py), and what was refused is kept.

    Raises: RequestRefused (nothing was stored); DatabaseError (send again).
    """
    request_key = _request_key(key, idempotency_key)
    lines = _lines(body, content_type, content_encoding)
    sent = _Sent.of(request_key, lines)
    remembered = _remembered(key, sent)
    if remembered:
        return remembered
    pressure.check(now)
    if metered:
        rate.spend(key, len(lines))
    touch_key(key, now)
    return _store(_sort(lines, key, now), key, sent, now)


def ingest_again(*, key: ApiKey, line: bytes, request_key: str, now: datetime) -> ItemResult:
    """Take in one event that was refused before, with its original bytes; inside the caller's transaction or not.

    It is no sign of life of its sender: neither the key's rate and last use nor what its hosts sent are touched, and
    when it is refused again no second letter is kept. `request_key` is ours, and one that no sender can give: with a
    blank in it, which an Idempotency-Key may not have.

    Raises: RequestRefused, of which NotNow passes; DatabaseError (try again).
    """
    sent = _Sent.of(request_key, [line])
    remembered = _remembered(key, sent)
    if remembered:
        return remembered.items[0]
    pressure.check(now)
    found = _sort([line], key, now)
    if not found.good:
        return found.items([])[0]
    return _store(found, key, sent, now, noted=False).items[0]


def _lines(body: bytes, content_type: str, content_encoding: str) -> list[bytes]:
    media = media_type(content_type)
    if len(body) > settings.INGEST_MAX_BODY_BYTES:
        raise TooLarge(f"A body may have {settings.INGEST_MAX_BODY_BYTES:,} bytes.")
    limits = BodyLimits(settings.INGEST_MAX_UNPACKED_BYTES, settings.INGEST_MAX_EVENTS)
    return divide(unpack(body, content_encoding, limits.unpacked_bytes), media, limits)


def _request_key(key: ApiKey, given: str | None) -> str | None:
    """Agents do not know of each other: what one calls `1` is not what another calls so."""
    if given is None:
        return None
    if _REQUEST_KEY.fullmatch(given) is None:
        raise Malformed("Idempotency-Key must be 1 to 100 printable ASCII characters without spaces.")
    return f"{key.pk}:{given}"


def _remembered(key: ApiKey, sent: _Sent) -> IngestReport | None:
    """The first answer to this request, if it was stored. Raises: KeyReused."""
    if sent.key is None:
        return None
    first = Batch.objects.filter(team_id=key.team_id, request_key=sent.key).values_list("answer", "id").first()
    if first is None:
        return None
    answer, batch_id = first
    if not isinstance(answer, dict):  # stored before contents were compared
        answer = {"content": sent.content, "items": answer or []}
    if answer["content"] != sent.content:
        raise KeyReused("This Idempotency-Key came with other events before. Give every request a key of its own.")
    return IngestReport([ItemResult(*item) for item in answer["items"]], batch_id)


def _sort(lines: Sequence[bytes], key: ApiKey, now: datetime) -> _Sorted:
    reception = Reception(key.team_id, now, partitions.oldest_day(now), settings.INGEST_MAX_EVENT_BYTES)
    found = _Sorted(len(lines))
    for place, line in enumerate(lines):
        try:
            event = normalise(line, reception)
        except EventRefused as error:
            found.bad[place] = Refused(line, error)
        else:
            found.good.append(event)
            found.places.append(place)
    return found


def _store(found: _Sorted, key: ApiKey, sent: _Sent, now: datetime, *, noted: bool = True) -> IngestReport:
    """Store, again when another request was in the way."""
    tallies = arrivals.tally(found.good, found.bad.values()) if noted else {}

    def answer(created: list[bool]) -> dict[str, Any]:
        items = [[item.status, item.id, item.reason, item.detail] for item in found.items(created)]
        return {"content": sent.content, "items": items}

    for tries in range(1, _TRIES + 1):
        try:
            return _store_once(found, key, sent.key, now, answer, tallies)
        except (IntegrityError, OperationalError) as error:
            remembered = _remembered(key, sent)
            if remembered:
                return remembered
            passes = isinstance(error.__cause__, DeadlockDetected | SerializationFailure | CheckViolation)
            if not passes or tries == _TRIES:
                raise
            partitions.forget_days()  # a day that was dropped meanwhile shows as a check violation
            log.info("storing again", because=type(error.__cause__).__name__)
    raise AssertionError("the loop returns or raises")


def _store_once(
    found: _Sorted,
    key: ApiKey,
    request_key: str | None,
    now: datetime,
    answer: Callable[[list[bool]], Any],
    tallies: arrivals.Tallies,
) -> IngestReport:
    partitions.ensure_days({event.day for event in found.good})
    with transaction.atomic():
        report = put_batch(
            team_id=key.team_id,
            events=found.good,
            ingested_at=now,
            api_key_id=key.pk,
            request_key=request_key,
            answer=answer,
        )
        arrivals.append(tallies, key=key, at=now)
        if found.bad:
            bury(list(found.bad.values()), key=key, at=now)
        if any(report.created):
            transaction.on_commit(bell.ring)
    return IngestReport(found.items(report.created), report.batch_id)
