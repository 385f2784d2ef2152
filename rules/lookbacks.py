"""Look-backs: stored events that a rule still has to judge because it was enabled or its logic changed.

A look-back waits until no batch claimed under an older epoch is pending; what those let pass is stored by then, so that
judging the store from the rule's look-back up to the moment of the claim leaves no gap. What is judged twice raises
nothing twice, since alerts have an identity.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from engine import RuleDefinition
from events import queue
from rules import schedule
from rules.models import Lookback, Rule, RuleRevision

LEASE = timedelta(seconds=150)  # longer than a task may run
RETRY = timedelta(seconds=10)
MAX_ATTEMPTS = 5
MAX_ERROR = 2_000


def open_lookback(
    *, rule: Rule, revision: RuleRevision, definition: RuleDefinition, now: datetime, after_epoch: int
) -> Lookback:
    """Have the rule judge what is stored since its look-back; takes the place of one that still waits.

    Runs in the transaction that bumped the epoch to `after_epoch`.
    """
    start = now - schedule.lookback(definition)
    waiting = Lookback.objects.filter(rule=rule, done_at=None)
    start = min([start, *waiting.values_list("start", flat=True)])
    waiting.update(done_at=now, error="superseded by a newer look-back")
    return Lookback.objects.create(
        rule=rule, revision=revision, start=start, end=now, after_epoch=after_epoch, created_at=now
    )


def cancel(*, rule: Rule, now: datetime) -> None:
    """Drop the rule's look-backs that have not been judged, because it was disabled."""
    Lookback.objects.filter(rule=rule, done_at=None).update(done_at=now, error="the rule was disabled")


@transaction.atomic
def claim_due(*, now: datetime, worker: UUID, limit: int = 1) -> list[Lookback]:
    """Take look-backs that may be judged now, oldest first, with a lease; their window ends at this claim.

    Two queries and one for the queue, none of them when nothing waits but the first.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Lookback.objects.filter(free, done_at=None).order_by("pk")
    claimed = []
    for lookback in due.select_for_update(skip_locked=True)[:limit]:
        if queue.pending_before(lookback.after_epoch):
            continue
        lookback.lease_by, lookback.lease_until = worker, now + LEASE
        lookback.end, lookback.attempts = now, lookback.attempts + 1
        lookback.save(update_fields=["lease_by", "lease_until", "end", "attempts"])
        claimed.append(lookback)
    return claimed


def relock(lookback: Lookback, *, worker: UUID) -> Lookback | None:
    """The look-back, locked in the transaction that judges it; None when the lease is lost or it has been settled."""
    held = Lookback.objects.select_for_update(of=("self",)).select_related("rule", "revision")
    return held.filter(pk=lookback.pk, lease_by=worker, done_at=None).first()


def finish(lookback: Lookback, *, now: datetime) -> None:
    """Mark a look-back as judged, in the transaction that inserts its alerts."""
    Lookback.objects.filter(pk=lookback.pk).update(done_at=now, error="", lease_by=None, lease_until=None)


def fail(lookback: Lookback, *, error: str, now: datetime) -> bool:
    """Note that judging failed: tried again shortly, given up after five attempts. True when it was given up."""
    given_up = lookback.attempts >= MAX_ATTEMPTS
    Lookback.objects.filter(pk=lookback.pk, done_at=None).update(
        error=error[:MAX_ERROR],
        lease_by=None,
        lease_until=now + RETRY * lookback.attempts,
        done_at=now if given_up else None,
    )
    return given_up
