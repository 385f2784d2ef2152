"""New events judged by every rule in force: claim, then everything else in one transaction.

Killed at any instant it loses nothing and doubles nothing: what was claimed is claimed again when its lease ends, and
alerts, counters, memory and "done" are committed together. Several workers may run side by side, in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from alerts.blame import RuleFailed
from alerts.demo import demo_batches
from alerts.judging import Matches, Pass, judge
from alerts.lookback import judge_lookbacks
from alerts.matching import Events, match
from alerts.retrying import is_conflict, is_lost_connection
from engine.collecting import without_collecting
from events import queue
from events.models import Batch
from events.store import read_batches
from rules import epoch, learning
from rules.models import RuleRun
from rules.quarantine import quarantine
from rules.ruleset import RuleSet, current

__all__ = ["EvaluationReport", "evaluate_pending", "judge_lookbacks"]

log = structlog.get_logger(__name__)
MAX_TRIES = 8


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What one claim came to. `batches` counts what was claimed: nothing claimed means that nothing is left to do."""

    batches: int = 0
    events: int = 0
    hits: int = 0
    alerts: int = 0
    failed: bool = False
    written: tuple[int, ...] = ()  # batches of alerts that were written back as events


def evaluate_pending(*, now: datetime, worker: UUID, only: int | None = None) -> EvaluationReport:
    """Claim pending batches, oldest first, and judge them once by every rule.

    With `only` just that batch and what is written back of its alerts: whoever judges as of a time of his own leaves
    nothing of that time to others.

    A rule that fails is quarantined, and the batches judged without it; batches that fail by themselves go back to the
    queue, which tries them alone, halves them, and in the end sets one event aside.
    """
    batches = queue.claim(now=now, worker=worker, epoch=epoch.read(), only=only)
    if not batches:
        return EvaluationReport()
    try:
        report = _judge_with_retries(batches, now, worker)
        return report if only is None else _with_its_alerts(report, now, worker)
    except Exception as error:
        # The boundary of the task: whatever a batch provokes, it must not keep the other batches waiting.
        if is_lost_connection(error):
            raise
        log.exception("batches could not be judged", batches=[batch.pk for batch in batches][:20])
        queue.fail(batches, f"{type(error).__name__}: {error}", now, worker=worker)
        return EvaluationReport(batches=len(batches), failed=True)


def _with_its_alerts(report: EvaluationReport, now: datetime, worker: UUID) -> EvaluationReport:
    """The report with that of the alerts that were written back, and of theirs; lineage bounds how far it goes."""
    alerts = sum(evaluate_pending(now=now, worker=worker, only=batch).alerts for batch in report.written)
    return replace(report, alerts=report.alerts + alerts)


def _judge_with_retries(batches: Sequence[Batch], now: datetime, worker: UUID) -> EvaluationReport:
    for _ in range(MAX_TRIES - 1):
        try:
            return _judge_at_once(batches, now, worker)
        except RuleFailed as failed:
            log.exception("a rule is quarantined", rule=failed.rule_id)
            quarantine(rule_id=failed.rule_id, reason=failed.reason, now=now)
        except Exception as error:
            if not is_conflict(error):
                raise
    return _judge_at_once(batches, now, worker)


def _judge_at_once(batches: Sequence[Batch], now: datetime, worker: UUID) -> EvaluationReport:
    with without_collecting():
        return _judge(batches, now, worker)


@transaction.atomic
def _judge(batches: Sequence[Batch], now: datetime, worker: UUID) -> EvaluationReport:
    mine = queue.relock(batches, worker)
    if not mine:
        return EvaluationReport(batches=len(batches))
    events = _events(mine)
    ruleset = current()
    ruleset, matches = hold_epoch(ruleset, match(ruleset, events), events)
    learning.note((event.team_id, event.time, event.ingested) for event, _ in events)
    raised = judge(ruleset, matches, judged=_pass(mine, len(events)), now=now)
    queue.finish(mine, ruleset.epoch, now)
    hits = sum(len(found) for parts in matches.values() for found in parts.values())
    return EvaluationReport(len(batches), len(events), hits, raised.alerts.total(), written=tuple(raised.batches))


def hold_epoch(ruleset: RuleSet, matches: Matches, events: Events) -> tuple[RuleSet, Matches]:
    """The rule set that is in force now and stays so until the transaction ends, and what it lets through.

    When only exceptions changed or rules went since the events were matched, the matches still stand (exceptions are
    applied afterwards); else the events are matched again.
    """
    if epoch.share_lock() == ruleset.epoch:
        return ruleset, matches
    fresh = current()
    known = {rule.id: rule.logic_hash for rule in ruleset.rules.values()}
    if all(known.get(rule.id) == rule.logic_hash for rule in fresh.rules.values()):
        return fresh, matches
    return fresh, match(fresh, events)


def _events(batches: Sequence[Batch]) -> Events:
    demo = demo_batches(batches)
    stored = read_batches(batches)
    return [(event, batch.pk in demo) for batch in batches for event in stored[batch.pk]]


def _pass(batches: Sequence[Batch], events: int) -> Pass:
    arrivals = [batch.ingested_at for batch in batches]
    return Pass(RuleRun.Kind.BATCH, min(arrivals), max(arrivals), events)
