"""The queue of batches that wait to be judged: claimed with a lease, judged, and done in the transaction of the alerts.

A worker claims in a transaction of its own, so that others see it, and locks again in the transaction that judges. What
a killed worker held is free when its lease runs out. A batch that fails three times is tried alone; what fails alone is
halved, until the one event that reproduces the failure is quarantined and everything else has gone on.
Leases and waits are on the database clock, which the caller passes in as `now`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Min, Q, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from events.models import Batch

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 3
WAIT_AFTER_FAILURE = timedelta(seconds=2)
_MOST_BATCHES = 5_000
_LOOK_FURTHER = 4  # workers that claim at the same moment must find something beyond each other's batches
_LONGEST_ERROR = 2_000

# Oldest first, until there are enough events. What is tried alone comes alone, in its turn.
_CANDIDATES = """
SELECT id FROM (
    SELECT id, sum(events) OVER (ORDER BY id) - events AS before
    FROM (SELECT id, events FROM events_batch
          WHERE state = 'pending' AND (lease_until IS NULL OR lease_until < %(now)s)
            AND (%(only)s::bigint IS NULL OR id = %(only)s)
          ORDER BY id LIMIT %(most)s) oldest
) summed WHERE before < %(enough)s ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: batches, their events, and how long the oldest has waited."""

    batches: int
    events: int
    oldest_seconds: float


def claim(
    *, now: datetime, worker: UUID, limit: int = 10_000, epoch: int | None = None, only: int | None = None
) -> list[Batch]:
    """Take the oldest free batches, about `limit` events together, for a minute. Commits.

    `only` is the number of the one batch wanted: who judges as of a time of its own leaves everybody else's alone.
    `epoch` is that of the rule set the worker will judge with, or an older one. A batch that was claimed three times
    and never came back is treated as failed: it may be what kills workers.
    """
    with transaction.atomic():
        batches = _chosen(_free(now, limit, only), limit)
        for batch in batches:
            batch.attempts += 1
            batch.lease_by, batch.lease_until, batch.epoch = worker, now + LEASE, epoch
        Batch.objects.bulk_update(batches, ["attempts", "lease_by", "lease_until", "epoch"], batch_size=1_000)
    spent = [batch for batch in batches if batch.attempts > MAX_ATTEMPTS]
    if spent:
        fail(spent, "A worker that judged this never came back.", now, worker=worker)
    return [batch for batch in batches if batch.attempts <= MAX_ATTEMPTS]


def relock(batches: Iterable[Batch], worker: UUID) -> list[Batch]:
    """Lock claimed batches again, inside the transaction that judges them; gives those that are still the worker's."""
    ids = [batch.pk for batch in batches]
    mine = Batch.objects.filter(pk__in=ids, state=Batch.State.PENDING, lease_by=worker)
    return list(mine.select_for_update(of=("self",)).defer("answer").order_by("pk"))


def finish(batches: Iterable[Batch], epoch: int, now: datetime) -> None:
    """Mark batches as judged under an epoch. In the transaction that writes their alerts.

    They are done as long after `now`, the time of the claim, as the transaction has taken: lag includes the judging.
    """
    ids = [batch.pk for batch in batches]
    done = RawSQL("%s::timestamptz + (statement_timestamp() - transaction_timestamp())", [now], DateTimeField())
    Batch.objects.filter(pk__in=ids).update(
        state=Batch.State.DONE, epoch=epoch, done_at=done, lease_by=None, lease_until=None, error=""
    )


def fail(batches: Sequence[Batch], error: str, now: datetime, worker: UUID | None = None) -> None:
    """Give batches back after a failure: to be tried again, then alone, then halved, at last quarantined. Commits.

    With `worker`, only those it still holds: another may have taken over what ran out.
    """
    with transaction.atomic():
        locked = Batch.objects.select_for_update(of=("self",)).order_by("pk")
        held = locked.filter(pk__in=[batch.pk for batch in batches], state=Batch.State.PENDING)
        for batch in held.filter(lease_by=worker) if worker else held:
            _escalate(batch, error[:_LONGEST_ERROR], now)


def free(batches: Iterable[Batch], worker: UUID) -> None:
    """Give batches back unjudged and without blame, as when a worker is told to stop."""
    ids = [batch.pk for batch in batches]
    mine = Batch.objects.filter(pk__in=ids, state=Batch.State.PENDING, lease_by=worker)
    mine.update(lease_by=None, lease_until=None, attempts=F("attempts") - 1)


def backlog(now: datetime) -> Backlog:
    """What waits to be judged. Costs one look at the index of pending batches."""
    pending = Batch.objects.filter(state=Batch.State.PENDING)
    found = pending.aggregate(batches=Coalesce(Sum(1), 0), events=Coalesce(Sum("events"), 0), oldest=Min("ingested_at"))
    age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Backlog(found["batches"], found["events"], max(age, 0.0))


def oldest_arrival() -> datetime | None:
    """When the oldest batch arrived that is not judged yet; None when nothing waits. Uses the index of pending ones."""
    pending = Batch.objects.filter(state=Batch.State.PENDING)
    oldest: datetime | None = pending.aggregate(oldest=Min("ingested_at"))["oldest"]
    return oldest


def oldest_epoch_in_flight() -> int | None:
    """The oldest epoch by whose rules a worker may be judging a batch now; None when no batch is claimed. One query."""
    held = Batch.objects.filter(state=Batch.State.PENDING, lease_by__isnull=False)
    oldest: int | None = held.aggregate(oldest=Min(Coalesce("epoch", 0)))["oldest"]
    return oldest


def _free(now: datetime, limit: int, only: int | None) -> list[Batch]:
    """Free batches, locked, somewhat more than needed; those another worker is locking are passed over."""
    with connection.cursor() as cursor:
        limits = {"most": _MOST_BATCHES, "enough": limit * _LOOK_FURTHER}
        cursor.execute(_CANDIDATES, {"now": now, "only": only, **limits})
        ids = [row[0] for row in cursor.fetchall()]
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    candidates = Batch.objects.filter(is_free, pk__in=ids, state=Batch.State.PENDING)
    return list(candidates.select_for_update(of=("self",), skip_locked=True).defer("answer").order_by("pk"))


def _chosen(batches: Sequence[Batch], limit: int) -> list[Batch]:
    """The oldest up to the limit; one that is to be tried alone comes with no others."""
    if batches and batches[0].alone:
        return [batches[0]]
    chosen, events = [], 0
    for batch in batches:
        if events >= limit:
            break
        if not batch.alone:
            chosen.append(batch)
            events += batch.events
    return chosen


def _escalate(batch: Batch, error: str, now: datetime) -> None:
    batch.error, batch.lease_by = error, None
    batch.lease_until = now + WAIT_AFTER_FAILURE * batch.attempts
    if batch.alone and batch.events > 1:
        _halve(batch, now)
    elif batch.alone and batch.attempts >= MAX_ATTEMPTS:
        batch.state, batch.done_at, batch.lease_until = Batch.State.QUARANTINED, now, None
        log.error("quarantined an event", batch=batch.pk, first=batch.first, error=error)
    elif not batch.alone and batch.attempts >= MAX_ATTEMPTS:
        batch.alone, batch.attempts = True, 0
    batch.save(update_fields=["error", "lease_by", "lease_until", "state", "done_at", "alone", "attempts"])


def _halve(batch: Batch, now: datetime) -> None:
    """Two halves of the same request in the place of this batch; they refer to the request, not to each other."""
    first = batch.first or 0
    middle, last = first + batch.events // 2, first + batch.events
    for start, end in ((first, middle), (middle, last)):
        Batch.objects.create(
            team_id=batch.team_id,
            api_key_id=batch.api_key_id,
            ingested_at=batch.ingested_at,
            days=batch.days,
            events=end - start,
            alone=True,
            parent_id=batch.parent_id or batch.pk,
            first=start,
            last=end,
        )
    batch.state, batch.done_at = Batch.State.SPLIT, now
