"""Look-backs: stored events that a rule still has to judge because it was enabled, changed, or taken out of quarantine.

A look-back waits until no batch claimed under an older epoch is pending; what those let pass is stored by then, so that
judging the store from the rule's look-back up to the moment of the claim leaves no gap. What is judged twice raises
nothing twice, since alerts have an identity. That of a rule in quarantine waits: it remembers what the rule missed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from engine import RuleDefinition
from events import queue
from events.models import Batch
from rules import schedule
from rules.models import Lookback, Rule, RuleRevision

LEASE = timedelta(seconds=150)  # longer than a task may run
RETRY = timedelta(seconds=10)
MAX_ATTEMPTS = 5
MAX_ERROR = 2_000
MAX_LOOKED_AT = 200


def open_lookback(
    *,
    rule: Rule,
    revision: RuleRevision,
    definition: RuleDefinition,
    now: datetime,
    after_epoch: int,
    missed_since: datetime | None = None,
) -> Lookback:
    """Have the rule judge what is stored since its look-back, or since `missed_since` if that is longer ago.

    Takes the place of one that still waits. Batches leave a new-terms rule's matches to it, so it reaches back to the
    oldest batch that is not judged. Runs in the transaction that bumped the epoch to `after_epoch`.
    """
    starts = [now - schedule.lookback(definition), missed_since]
    if definition.type == "new_terms":
        starts.append(_oldest_arrival())
    return _open(rule, revision, starts, now, after_epoch)


def remember_missed(*, rule: Rule, revision: RuleRevision, now: datetime, after_epoch: int) -> Lookback:
    """Note from when on a rule that is being quarantined misses events: the oldest that it has not judged."""
    return _open(rule, revision, [now, _oldest_arrival()], now, after_epoch)


def _open(
    rule: Rule, revision: RuleRevision, starts: Iterable[datetime | None], now: datetime, after_epoch: int
) -> Lookback:
    """One look-back in the place of those that wait, from the earliest start of them all."""
    waiting = Lookback.objects.filter(rule=rule, done_at=None)
    start = min([*(start for start in starts if start is not None), *waiting.values_list("start", flat=True)])
    waiting.update(done_at=now, error="superseded by a newer look-back")
    return Lookback.objects.create(
        rule=rule, revision=revision, start=start, end=now, after_epoch=after_epoch, created_at=now
    )


def _oldest_arrival() -> datetime | None:
    """When the oldest batch arrived that is not judged yet; None when nothing waits. Uses the index of pending ones."""
    waiting = Batch.objects.filter(state=Batch.State.PENDING)
    oldest: datetime | None = waiting.aggregate(oldest=Min("ingested_at"))["oldest"]
    return oldest


def cancel(*, rule: Rule, now: datetime, reason: str = "the rule was disabled") -> None:
    """Drop the rule's look-backs that have not been judged; the reason is kept with them."""
    Lookback.objects.filter(rule=rule, done_at=None).update(done_at=now, error=reason)


@transaction.atomic
def claim_due(*, now: datetime, worker: UUID, limit: int = 1) -> list[Lookback]:
    """Take look-backs that may be judged now, oldest first, with a lease; their window ends at this claim.

    Those that wait for a batch in flight are passed over. One query when nothing waits, else one more for each
    look-back that is looked at and taken.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    in_force = Q(rule__enabled=True, rule__evaluated=True, rule__quarantined_at=None)
    due = Lookback.objects.filter(free, in_force, done_at=None).select_for_update(of=("self",), skip_locked=True)
    claimed: list[Lookback] = []
    for lookback in due.order_by("pk")[:MAX_LOOKED_AT]:
        if len(claimed) == limit:
            break
        if not queue.pending_before(lookback.after_epoch):
            claimed.append(_lease(lookback, worker, now))
    return claimed


def _lease(lookback: Lookback, worker: UUID, now: datetime) -> Lookback:
    lookback.lease_by, lookback.lease_until = worker, now + LEASE
    lookback.end, lookback.attempts = now, lookback.attempts + 1
    lookback.save(update_fields=["lease_by", "lease_until", "end", "attempts"])
    return lookback


def relock(lookback: Lookback, *, worker: UUID) -> Lookback | None:
    """The look-back, locked in the transaction that judges it; None when the lease is lost or it has been settled."""
    held = Lookback.objects.select_for_update(of=("self",)).select_related("rule", "revision")
    return held.filter(pk=lookback.pk, lease_by=worker, done_at=None).first()


def finish(lookback: Lookback, *, worker: UUID, now: datetime) -> None:
    """Mark a look-back as judged, in the transaction that inserts its alerts; nothing if the lease is lost."""
    _held(lookback, worker).update(done_at=now, error="", lease_by=None, lease_until=None)


def note_learnt(lookback: Lookback, *, until: datetime, worker: UUID) -> None:
    """Note how far the rule has learnt its history: the next try learns on from there, and slowness is no failure."""
    if lookback.learnt_until is None or until > lookback.learnt_until:
        lookback.learnt_until, lookback.attempts = until, 1
        _held(lookback, worker).update(learnt_until=until, attempts=1)


def move_on(lookback: Lookback, *, to: datetime, worker: UUID) -> None:
    """Note how far judging has come, in the transaction that inserts the alerts: the next try begins there.

    Who moves on is not given up for being slow.
    """
    if to > lookback.start:
        lookback.start, lookback.attempts = to, 1
        _held(lookback, worker).update(start=to, attempts=1)


def put_back(lookback: Lookback, *, worker: UUID, now: datetime) -> None:
    """Let a look-back wait, without blame: its rule is not in force just now."""
    _held(lookback, worker).update(lease_by=None, lease_until=now + RETRY, attempts=lookback.attempts - 1)


def fail(lookback: Lookback, *, error: str, worker: UUID, now: datetime) -> bool:
    """Note that judging failed: tried again shortly, given up after five attempts. True when it was given up."""
    given_up = lookback.attempts >= MAX_ATTEMPTS
    noted = _held(lookback, worker).update(
        error=error[:MAX_ERROR],
        lease_by=None,
        lease_until=now + RETRY * lookback.attempts,
        done_at=now if given_up else None,
    )
    return given_up and noted > 0


def _held(lookback: Lookback, worker: UUID) -> QuerySet[Lookback]:
    """The look-back, if it is still this worker's: whoever lost it does nothing to his successor's."""
    return Lookback.objects.filter(pk=lookback.pk, lease_by=worker, done_at=None)
