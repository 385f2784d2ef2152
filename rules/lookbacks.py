"""Look-backs: stored events that a rule still has to judge because it was enabled, changed, or taken out of quarantine.

A look-back waits until no batch claimed under an older epoch is pending; what those let pass is stored by then, so that
judging the store from the rule's look-back up to the moment of the claim leaves no gap. What is judged twice raises
nothing twice, since alerts have an identity. That of a rule in quarantine waits: it remembers what the rule missed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Least

from engine import RuleDefinition
from events import queue
from rules import schedule
from rules.models import Lookback, Rule, RuleRevision

LEASE = timedelta(seconds=150)  # longer than a task may run
RETRY = timedelta(seconds=10)
MAX_ATTEMPTS = 5
MAX_ERROR = 2_000
MAX_LOOKED_AT = 200
_HEAVY = ("definition", "source_text", "tree")


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
        starts.append(queue.oldest_arrival())
    return _open(rule, revision, starts, now, after_epoch)


def remember_missed(
    *, rule: Rule, revision: RuleRevision, now: datetime, after_epoch: int, not_joined_since: datetime | None = None
) -> Lookback:
    """Note from when on a rule that is being quarantined misses events: the oldest that it has not judged, or joined
    with others if it waited for that."""
    return _open(rule, revision, [now, queue.oldest_arrival(), not_joined_since], now, after_epoch)


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


def cancel(*, rule: Rule, now: datetime, reason: str = "the rule was disabled") -> None:
    """Drop the rule's look-backs that have not been judged; the reason is kept with them."""
    Lookback.objects.filter(rule=rule, done_at=None).update(done_at=now, error=reason)


@transaction.atomic
def claim_due(*, now: datetime, worker: UUID, limit: int = 1) -> list[Lookback]:
    """Take look-backs that may be judged now, oldest first, with a lease; their window ends at this claim.

    Those that wait for a batch in flight are passed over. One query when nothing waits, else three.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    in_force = Q(rule__enabled=True, rule__evaluated=True, rule__quarantined_at=None)
    due = Lookback.objects.filter(free, in_force, done_at=None).select_for_update(of=("self",), skip_locked=True)
    light = due.select_related("revision").defer(*(f"revision__{name}" for name in _HEAVY))
    looked_at = list(light.order_by("pk")[: max(limit, MAX_LOOKED_AT)])
    if not looked_at:
        return []
    in_flight = queue.oldest_epoch_in_flight()  # asked after the look-backs: what was claimed before them is seen
    claimed = [one for one in looked_at if in_flight is None or one.after_epoch <= in_flight][:limit]
    _lease(claimed, worker, now)
    return claimed


def _lease(claimed: Sequence[Lookback], worker: UUID, now: datetime) -> None:
    for lookback in claimed:
        lookback.lease_by, lookback.lease_until = worker, now + LEASE
        lookback.end, lookback.attempts = now, lookback.attempts + 1
    numbers = [lookback.pk for lookback in claimed]
    Lookback.objects.filter(pk__in=numbers).update(
        lease_by=worker, lease_until=now + LEASE, end=now, attempts=F("attempts") + 1
    )


def relock(lookback: Lookback, *, worker: UUID) -> Lookback | None:
    """The look-back, locked in the transaction that judges it; None when the lease is lost or it has been settled."""
    held = Lookback.objects.select_for_update(of=("self",)).select_related("rule", "revision")
    return held.filter(pk=lookback.pk, lease_by=worker, done_at=None).first()


def relock_all(lookbacks: Iterable[Lookback], *, worker: UUID) -> set[int]:
    """The numbers of those of the look-backs that are still this worker's, locked as by `relock`. One query."""
    held = _all_held(lookbacks, worker).select_for_update(of=("self",)).order_by("pk")
    return set(held.values_list("pk", flat=True))


def finish(lookback: Lookback, *, worker: UUID, now: datetime) -> None:
    """Mark a look-back as judged, in the transaction that inserts its alerts; nothing if the lease is lost."""
    finish_all([lookback], worker=worker, now=now)


def finish_all(lookbacks: Iterable[Lookback], *, worker: UUID, now: datetime) -> None:
    """As `finish`. One statement."""
    _all_held(lookbacks, worker).update(done_at=now, error="", lease_by=None, lease_until=None)


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


def move_all_on(lookbacks: Sequence[Lookback], *, to: datetime, worker: UUID) -> None:
    """As `move_on` for each of them that is not as far. One statement."""
    behind = [lookback for lookback in lookbacks if to > lookback.start]
    _all_held(behind, worker).filter(start__lt=to).update(start=to, attempts=1)
    for lookback in behind:
        lookback.start, lookback.attempts = to, 1


def note_all_learnt(lookbacks: Sequence[Lookback], *, until: datetime, worker: UUID) -> None:
    """As `note_learnt` for each of them that is not as far, but no further than its start. One statement.

    Of a rule that joins events it says how far what lies before the look-back is read.
    """
    behind = [one for one in lookbacks if one.learnt_until is None or one.learnt_until < min(until, one.start)]
    reached = Least(Value(until, DateTimeField()), F("start"))
    _all_held(behind, worker).update(learnt_until=reached, attempts=1)
    for lookback in behind:
        lookback.learnt_until, lookback.attempts = min(until, lookback.start), 1


def put_back(lookback: Lookback, *, worker: UUID, now: datetime) -> None:
    """Let a look-back wait, without blame: its rule is not in force just now."""
    put_all_back([lookback], worker=worker, until=now + RETRY)


def put_all_back(lookbacks: Iterable[Lookback], *, worker: UUID, until: datetime | None = None) -> None:
    """Let look-backs wait, without blame: until then, or just until some worker has time. One statement."""
    _all_held(lookbacks, worker).update(lease_by=None, lease_until=until, attempts=F("attempts") - 1)


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
    return _all_held([lookback], worker)


def _all_held(lookbacks: Iterable[Lookback], worker: UUID) -> QuerySet[Lookback]:
    return Lookback.objects.filter(pk__in=[lookback.pk for lookback in lookbacks], lease_by=worker, done_at=None)
