"""When a rule's candidates are joined next, and who does it now.

A pass notes the rules it found candidates for (`note_due`). A settling waits for a second of quiet, so that events that
came late or out of order are joined together, but at most five seconds from the first candidate, and comes at most
every five seconds a rule. Claims are leases, as for batches; nothing is locked while a rule is being settled, so passes
go on noting. Due times are on the database's clock, which the caller passes in as `now`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Min, Q, When

from engine import RuleDefinition
from rules.models import CandidateBlock, Settling
from rules.schedule import interval

QUIET = timedelta(seconds=1)
SPACING = timedelta(seconds=5)
LEASE = timedelta(seconds=60)
RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=1)
MAX_ATTEMPTS = 3
MAX_ERROR = 2_000
# A rule that is noted by every pass has its row written twice a second at most.
_AGAIN_AFTER = timedelta(milliseconds=500)


def is_late(definition: RuleDefinition, since: datetime, now: datetime) -> bool:
    """Whether what has waited since then waited longer than the rule may take to fire: there was an outage."""
    return now - since > interval(definition) + SPACING


_NOTE = """
INSERT INTO rules_settling AS row (rule_id, due_at, waiting_since, attempts, error)
SELECT rule_id, %(quiet)s, %(now)s, 0, '' FROM unnest(%(rules)s::text[]) AS rule_id
ON CONFLICT (rule_id) DO UPDATE SET
    waiting_since = least(row.waiting_since, %(now)s),
    due_at = greatest(
        least(%(quiet)s, coalesce(row.waiting_since, %(now)s) + %(spacing)s),
        row.settled_at + %(spacing)s
    )
WHERE row.waiting_since IS NULL OR row.due_at IS NULL
    OR row.due_at < %(soon)s AND row.due_at < row.waiting_since + %(spacing)s
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A rule that this worker settles now. `attempts` counts those that began and never came back, this one included;
    `failures` those that ended with an error, one after the other."""

    rule_id: str
    waiting_since: datetime | None
    settled_to: datetime | None
    attempts: int
    failures: int


def note_due(rule_ids: Iterable[str], *, now: datetime) -> None:
    """Have rules settled soon: they have candidates. One statement, in key order; call it last in the transaction."""
    ordered = sorted(set(rule_ids))
    if not ordered:
        return
    times = {"now": now, "quiet": now + QUIET, "soon": now + QUIET - _AGAIN_AFTER, "spacing": SPACING}
    values: dict[str, Any] = {"rules": ordered, **times}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)


@transaction.atomic
def claim(*, now: datetime, worker: UUID, only: Iterable[str] | None = None) -> Claimed | None:
    """Take the rule that has been due longest, with a lease; also one whose worker never came back. None when none is.

    One at a time: a worker that dies has died of this one.
    """
    abandoned = Q(lease_by__isnull=False, lease_until__lt=now)
    due = Settling.objects.filter(Q(due_at__lte=now, lease_by=None) | abandoned)
    if only is not None:
        due = due.filter(rule_id__in=list(only))
    row = due.select_for_update(of=("self",), skip_locked=True).order_by(F("due_at").asc(nulls_first=True)).first()
    if row is None:
        return None
    row.lease_by, row.lease_until, row.due_at = worker, now + LEASE, None
    row.attempts += 1
    row.save(update_fields=["lease_by", "lease_until", "due_at", "attempts"])
    return Claimed(row.rule_id, row.waiting_since, row.settled_to, row.attempts, row.failures)


_FINISH = """
UPDATE rules_settling SET
    waiting_since = CASE WHEN %(more)s THEN waiting_since WHEN due_at IS NULL THEN NULL ELSE %(now)s END,
    due_at = CASE WHEN %(more)s THEN %(now)s
                  WHEN due_at IS NOT NULL OR %(next)s::timestamptz IS NOT NULL
                  THEN greatest(least(due_at, %(next)s::timestamptz), %(now)s + %(spacing)s) END,
    settled_at = %(now)s, settled_to = greatest(settled_to, %(to)s), lease_by = NULL, lease_until = NULL,
    attempts = 0, failures = 0, error = ''
WHERE rule_id = %(rule)s AND lease_by = %(worker)s
"""


def finish(
    rule_id: str, *, worker: UUID, now: datetime, to: datetime, next_at: datetime | None = None, more: bool = False
) -> bool:
    """Note that a rule is settled up to `to`, in the transaction of its alerts; False when it is no longer ours.

    Called last, since passes that note the rule wait for its row from then on.
    `next_at` is when something will be due that needs no new event; `more`: candidates are left, go on at once.
    """
    times: dict[str, Any] = {"now": now, "to": to, "next": next_at, "spacing": SPACING}
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"rule": rule_id, "worker": worker, "more": more, **times})
        return bool(cursor.rowcount)


def drop(rule_id: str, *, worker: UUID) -> None:
    """Let a rule wait for nothing: it is not in force, and what brings it back looks back.

    What was noted since the claim stays: it may be of a look-back that brought the rule back meanwhile.
    """
    Settling.objects.filter(pk=rule_id, lease_by=worker).update(
        waiting_since=Case(When(due_at=None, then=None), default=F("waiting_since")),
        lease_by=None,
        lease_until=None,
        attempts=0,
        failures=0,
    )


def fail(claimed: Claimed, *, error: str, worker: UUID, now: datetime) -> None:
    """Note that settling ended with an error: tried again shortly, then less and less often."""
    wait = min(RETRY * 2 ** min(claimed.failures, 10), LONGEST_RETRY)
    Settling.objects.filter(pk=claimed.rule_id, lease_by=worker).update(
        error=error[:MAX_ERROR],
        lease_by=None,
        lease_until=None,
        due_at=now + wait,
        attempts=0,
        failures=min(claimed.failures + 1, 10_000),
    )


def waits_since(rule_id: str) -> datetime | None:
    """Since when the oldest candidates wait that the rule has not joined; None when nothing waits. Two queries."""
    row = Settling.objects.filter(pk=rule_id).values_list("waiting_since", flat=True).first()
    blocks = CandidateBlock.objects.filter(rule_id=rule_id, settled=False)
    arrived: datetime | None = blocks.aggregate(oldest=Min("arrived_at"))["oldest"]
    return min((at for at in (row, arrived) if at is not None), default=None)
