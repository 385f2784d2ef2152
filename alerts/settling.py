"""Settling: the candidates of a rule joined, and what they complete raised; a rule at a time, a transaction each.

A pass over new events only keeps candidates and notes which rules are due (rules/settlings.py). Settling works in the
events' own time over what is kept, so neither the order in which events came, nor how they were batched, nor how many
workers judge them decides what is found; and after an outage it covers whatever came meanwhile. Killed at any instant
it loses and doubles nothing: blocks are marked as joined in the transaction of the alerts, and alerts have an identity.

A rule whose joining takes too long is tried again with less at once and twice the time, and again; then it is
quarantined alone. So a burst or a backlog that is dear once sets nothing aside, and no rule holds the others up for
long.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, perf_counter
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction

from alerts.blame import RuleFailed, blaming
from alerts.costs import SECONDS, Allowance, TooCostly
from alerts.gathering import memory_of, reach_of
from alerts.joins import Found, Work, find_counts, find_indicators, find_sequences
from alerts.joins.sequences import waits
from alerts.judging import held_event
from alerts.pipelines.settling import find_rows
from alerts.raising import Raised, raise_alerts
from alerts.retrying import is_conflict, is_lost_connection
from engine import DocumentError
from engine.collecting import without_collecting
from engine.plan import INDICATOR, Indicators, Pipeline, Plan, Threshold
from events import queue
from rules import candidates, epoch, marks, settlings
from rules.candidates import Head
from rules.exceptions import hold_back
from rules.lookbacks import open_lookback
from rules.models import Lookback, Rule, RuleRevision, RuleRun
from rules.quarantine import quarantine
from rules.ruleset import ActiveRule, RuleSet, current
from rules.runs import RunRow, append
from rules.schedule import interval, lookback
from rules.settlings import MAX_ATTEMPTS, Claimed

log = structlog.get_logger(__name__)
AT_ONCE = 10
TURN = 3.0  # seconds; there is other work to do
MOST_NEW = 20_000
MOST_NEW_BYTES = 64 * 1024 * 1024
"""So many new candidates are joined at once, or a block; what is left is settled next, so that a backlog is no rule's
fault."""
LESS = 3
"""After each failure an eighth of it (in powers of two)."""
MAX_TRIES = 8
LATE = timedelta(minutes=5)
LONGEST_JUDGING = timedelta(minutes=3)  # three leases
FORGET_EVERY = timedelta(minutes=1)
FAILS_AGAIN = f"Joining its events failed {MAX_ATTEMPTS} times in a row: {{error}}."
LONGEST_PASS = timedelta(minutes=10)
"""So long before the newest event of a pass its oldest may have arrived."""
NEVER_CAME_BACK = "Workers that joined its events did not come back, several times in a row."


@dataclass(frozen=True, slots=True)
class Settled:
    """How many settlings were claimed, and how many alerts they raised."""

    rules: int = 0
    alerts: int = 0


class _Lost(Exception):  # noqa: N818
    """Another worker took over, since this one took too long."""


class _Moved(Exception):  # noqa: N818
    """The rule set changed while the rule was being settled: begin anew, by the new one."""


# Of the database's errors only those count that are about itself; a value that it refuses comes from the rule's events.
NOBODYS_FAULT = (OperationalError, InterfaceError, OSError, MemoryError, DocumentError, _Moved)


def settle_due(*, now: datetime, worker: UUID, only: Iterable[str] | None = None) -> Settled:
    """Settle some of the rules that are due, the longest due first; with `only`, just of these rules.

    Nothing claimed means that nothing is due. After some seconds none is claimed any more.
    """
    only = None if only is None else list(only)
    begun, rules, alerts = monotonic(), 0, 0
    while rules < AT_ONCE and (claimed := settlings.claim(now=now, worker=worker, only=only)):
        alerts += _settle_or_fail(claimed, now, worker)
        rules += 1
        if monotonic() - begun > TURN:
            break
    return Settled(rules, alerts)


def _settle_or_fail(claimed: Claimed, now: datetime, worker: UUID) -> int:
    try:
        if claimed.attempts > MAX_ATTEMPTS:
            raise RuleFailed(claimed.rule_id, NEVER_CAME_BACK)
        with without_collecting():
            _tidy(claimed, now)
            return _settle_with_retries(claimed, now, worker)
    except RuleFailed as failed:
        if isinstance(failed.__cause__, TooCostly) and claimed.failures + 1 < MAX_ATTEMPTS:
            log.warning("a rule needs longer", rule=failed.rule_id)
            settlings.fail(claimed, error=failed.reason, worker=worker, now=now)
            return 0
        log.exception("a rule is quarantined", rule=failed.rule_id)
        quarantine(rule_id=failed.rule_id, reason=failed.reason, now=now)
        settlings.drop(claimed.rule_id, worker=worker)
    except _Lost:
        log.warning("another worker took over", rule=claimed.rule_id)
    except SoftTimeLimitExceeded:
        settlings.fail(claimed, error="The task had to end.", worker=worker, now=now)
        raise
    except Exception as error:
        # The boundary of the task: one rule must not keep the others waiting.
        log.exception("a rule could not be settled", rule=claimed.rule_id)
        _note_failure(claimed, error, now, worker)
    return 0


def _note_failure(claimed: Claimed, error: Exception, now: datetime, worker: UUID) -> None:
    """Have the rule tried again later. An error that is its own and comes again and again sets it aside."""
    its_own = not isinstance(error, NOBODYS_FAULT)
    if its_own and claimed.failures + 1 >= MAX_ATTEMPTS:
        reason = FAILS_AGAIN.format(error=type(error).__name__)
        quarantine(rule_id=claimed.rule_id, reason=reason, now=now)
        settlings.drop(claimed.rule_id, worker=worker)
        return
    # A connection that was lost is made anew for this; while there is no database the lease runs out instead.
    if is_lost_connection(error) and not connection.in_atomic_block and not connection.is_usable():
        connection.close()
    settlings.fail(claimed, error=f"{type(error).__name__}: {error}", worker=worker, now=now)


def _settle_with_retries(claimed: Claimed, now: datetime, worker: UUID) -> int:
    for _ in range(MAX_TRIES - 1):
        try:
            return _settle(claimed, now, worker)
        except _Moved:
            continue
        except Exception as error:
            if not is_conflict(error):
                raise
    return _settle(claimed, now, worker)


@transaction.atomic
def _settle(claimed: Claimed, now: datetime, worker: UUID) -> int:
    started = perf_counter()
    _limit_statements()
    ruleset = current()
    rule = ruleset.rules.get(claimed.rule_id)
    if rule is None or rule.plan is None or not rule.joins:
        settlings.drop(claimed.rule_id, worker=worker)
        return 0
    judged_to = _judged_to(now)
    waiting = candidates.heads(memory_of(rule), settled=False)
    ready = [head for head in waiting if _is_ready(head, rule, judged_to, now)]
    work = _work(rule, rule.plan, claimed, ready, now, judged_to)
    with blaming(rule.id):
        found = _find(work, rule.plan)
    if found.unreadable:
        _collect_anew(work, worker)
        return 0
    if len(ready) < len(waiting):
        found.is_due(now)
    raised = _raise(work, found, ruleset)
    _tell(work, claimed, found, raised, started)
    _remember(work, found)
    _finish(work, found, worker)
    return raised.alerts.total()


def _collect_anew(work: Work, worker: UUID) -> None:
    """Have the rule look back from before the first of what is kept of it, which this version cannot read."""
    epoch.share_lock()
    log.warning("what was kept for a rule is collected anew", rule=work.rule.id)
    memory = memory_of(work.rule)
    since = min((min(head.first_at, head.arrived_at) for head in candidates.heads(memory)), default=work.now)
    open_lookback(
        rule=Rule.objects.get(pk=work.rule.id),
        revision=RuleRevision.objects.get(pk=work.rule.revision_id),
        definition=work.rule.definition,
        now=work.now,
        after_epoch=epoch.read(),
        missed_since=since - LONGEST_PASS,
    )
    candidates.forget_all(memory)
    if not settlings.finish(work.rule.id, worker=worker, now=work.now, to=work.settled_to or work.now):
        raise _Lost


def _remember(work: Work, found: Found) -> None:
    """What is joined now, and what it came to beside alerts: last in the transaction, upserts at the end."""
    candidates.settle(memory_of(work.rule), work.fresh, found.left)
    marks.move(rule_id=work.rule.id, marks=found.marks)
    hold_back(map(held_event, found.excepted), at=work.now)


def _finish(work: Work, found: Found, worker: UUID) -> None:
    to = found.until or (work.until if waits(work.rule.plan) else work.now)
    more = bool(found.left) or found.until is not None or len(work.fresh) < len(work.ready)
    if not settlings.finish(work.rule.id, worker=worker, now=work.now, to=to, next_at=found.next_at, more=more):
        raise _Lost


def _limit_statements() -> None:
    """No statement of this transaction may take longer than the rule may; to wait for others is no fault of it."""
    longest = int(SECONDS * 1_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            [str(longest), str(longest // 2)],
        )


def _judged_to(now: datetime) -> datetime:
    """Until when everything that arrived is judged: the arrival of the oldest batch that waits."""
    oldest = queue.oldest_arrival()
    return now if oldest is None else min(oldest, now)


def _is_ready(head: Head, rule: ActiveRule, judged_to: datetime, now: datetime) -> bool:
    """Whether everything that arrived before these candidates is judged, so that several workers that judge in
    another order find the same; but no batch that fails holds a rule up for longer than its interval, or than what
    a killed worker had claimed takes to be judged by another."""
    return head.arrived_at <= judged_to or now - head.created_at > max(interval(rule.definition), LONGEST_JUDGING)


def _some(waiting: list[Head], most: int) -> list[Head]:
    """The oldest of what is new, by the events' time: about so many, at least a block."""
    chosen: list[Head] = []
    count = size = 0
    for head in sorted(waiting, key=lambda head: (head.first_at, head.id)):
        count, size = count + head.count, size + head.size
        if chosen and (count > most or size > MOST_NEW_BYTES):
            break
        chosen.append(head)
    return chosen


def _work(
    rule: ActiveRule, plan: Plan, claimed: Claimed, ready: list[Head], now: datetime, judged_to: datetime
) -> Work:
    until = _known_until(rule, claimed, now, judged_to) if waits(plan) else now
    numbers = {head.id for head in ready}
    fresh = _some(ready, MOST_NEW >> LESS * claimed.failures)
    allowance = Allowance(rule.id, SECONDS * 2**claimed.failures)
    return Work(rule, now, until, claimed.settled_to, numbers, fresh, allowance)


def _known_until(rule: ActiveRule, claimed: Claimed, now: datetime, judged_to: datetime) -> datetime:
    """Until when it is known what came, so that an event can be called missing: not while the rule looks back."""
    if Lookback.objects.filter(rule_id=rule.id, done_at=None, created_at__lte=now + LATE).exists():
        return min(claimed.settled_to or now - reach_of(rule), judged_to)
    return judged_to


def _find(work: Work, plan: Plan) -> Found:
    if isinstance(plan, Threshold):
        return find_counts(work, plan)
    if isinstance(plan, Indicators):
        return find_indicators(work, plan)
    if isinstance(plan, Pipeline):
        return find_rows(work, plan)
    return find_sequences(work, plan)


def _raise(work: Work, found: Found, ruleset: RuleSet) -> Raised:
    """Raise what is found, by rules and exceptions that stay as they are from here to the end of the transaction."""
    if not found.hits and not found.excepted:
        return Raised()
    if epoch.share_lock() != ruleset.epoch:
        raise _Moved
    return raise_alerts(hits=found.hits, now=work.now)


@transaction.atomic
def _tidy(claimed: Claimed, now: datetime) -> None:
    """Once a minute let go of what can complete nothing any more, and fold what is small.

    Before the rule is settled, in a transaction that holds nothing else: under the lease nobody else reads the blocks.
    """
    rule = current().rules.get(claimed.rule_id)
    tidied = claimed.settled_to is not None and _minute(claimed.settled_to) == _minute(now)
    if rule is None or rule.plan is None or tidied:
        return
    # After an outage what was due meanwhile is still to be joined, with what was kept then.
    joined_to = min(claimed.settled_to or now, now)
    for part, kept in _kept(rule).items():
        candidates.forget(memory_of(rule), part=part, before=joined_to - kept)
        candidates.fold(memory_of(rule), part=part, within=kept / 4)


def _minute(at: datetime) -> int:
    return int(at.timestamp() // FORGET_EVERY.total_seconds())


def _kept(rule: ActiveRule) -> dict[str, timedelta]:
    """How long the candidates of each filter may complete something; late events find them a while longer."""
    plain = lookback(rule.definition) + interval(rule.definition) + reach_of(rule) + LATE
    kept = {part.name: plain for part in rule.parts}
    if isinstance(rule.plan, Indicators):
        kept[INDICATOR] = rule.plan.history + plain
    return kept


def _tell(work: Work, claimed: Claimed, found: Found, raised: Raised, started: float) -> None:
    """Leave a line among the rule's runs when there is something to tell."""
    since = claimed.waiting_since
    late = since is not None and settlings.is_late(work.rule.definition, since, work.now)
    if not (found.hits or found.excepted or late):
        return
    rule = work.rule
    begin = since if claimed.settled_to is None or not late else claimed.settled_to
    append(
        [
            RunRow(
                rule_id=rule.id,
                revision_id=rule.revision_id,
                kind=RuleRun.Kind.GAP if late else RuleRun.Kind.SETTLING,
                at=work.now,
                start=min(begin or work.now, work.now),
                end=work.now,
                events=sum(head.count for head in work.fresh),
                hits=len(found.hits),
                alerts=raised.alerts[rule.id],
                excepted=len(found.excepted),
                over_cap=raised.over[rule.id] + found.over,
                suppressed=raised.suppressed[rule.id],
                milliseconds=round((perf_counter() - started) * 1_000),
            )
        ]
    )
