"""Look-backs: a rule that was switched on or changed judges what is already stored.

A new-terms rule first learns its history, else everything would be new to it. Until that is done, batches leave its
matches to the look-back (alerts/judging.py); its last step locks the rule's memory and judges what arrived meanwhile.
A rule that joins events reads further back, by as much as its events may lie apart: what it finds are candidates, which
are joined when the rule is settled (alerts/settling.py).
Every step may be repeated: alerts have an identity, and what was seen is seen. A look-back that is interrupted goes on
where it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, TypeVar
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from accounts.models import Team
from alerts.blame import RuleFailed, blaming
from alerts.demo import DemoMoments
from alerts.gathering import by_part, memory_of, reach_of
from alerts.hits import Judged
from alerts.judging import Pass, judge
from alerts.newness import Newness, time_of
from alerts.release import let_go_events, release_left_over
from alerts.retrying import is_lost_connection
from engine import Tree
from engine.plan import INDICATOR, Indicators
from engine.tree import any_of
from events.store import EventRef, StoredEvent, Window, scan
from rules import candidates, epoch, lookbacks, seen
from rules.models import Lookback, RuleRun
from rules.quarantine import quarantine
from rules.ruleset import ActiveRule, RuleSet, current
from rules.schedule import by_ingest_time, history

log = structlog.get_logger(__name__)
CHUNK = 2_000
# Arrival is stamped by the database's clock; the last step reads past it, so that nothing committed is left out.
AHEAD = timedelta(days=1)
# A request is stamped when it arrives and committed later: what the scan could not see yet is asked for once more.
LATE = timedelta(minutes=5)
_T = TypeVar("_T")


class _Superseded(Exception):  # noqa: N818
    """The rule was given another logic, or another worker took over."""


class _NotInForce(Exception):  # noqa: N818
    """The rule was switched off, which dropped its look-back, or is in quarantine, whose end the look-back awaits."""


def judge_lookbacks(*, now: datetime, worker: UUID) -> int:
    """Judge every look-back that is due; returns the number of alerts raised."""
    alerts = 0
    while claimed := lookbacks.claim_due(now=now, worker=worker):
        for lookback in claimed:
            alerts += _judge_or_fail(lookback, now=now, worker=worker)
    return alerts


def _judge_or_fail(lookback: Lookback, *, now: datetime, worker: UUID) -> int:
    try:
        return _judge_all(lookback, now=now, worker=worker)
    except _Superseded:
        lookbacks.finish(lookback, worker=worker, now=now)
    except _NotInForce:
        lookbacks.put_back(lookback, worker=worker, now=now)
    except RuleFailed as failed:
        log.exception("a rule is quarantined", rule=failed.rule_id)
        quarantine(rule_id=failed.rule_id, reason=failed.reason, now=now)
        lookbacks.put_back(lookback, worker=worker, now=now)
    except SoftTimeLimitExceeded as error:
        lookbacks.fail(lookback, error="It takes longer than a task may run.", worker=worker, now=now)
        raise error  # the task has to end; what is judged is judged
    except Exception as error:
        # The boundary of the task: one look-back must not keep the others waiting.
        if is_lost_connection(error):
            raise
        log.exception("a look-back could not be judged", lookback=lookback.pk)
        lookbacks.fail(lookback, error=f"{type(error).__name__}: {error}", worker=worker, now=now)
    return 0


@dataclass(slots=True)
class _Progress:
    """What one try at a look-back remembers across its transactions; `late` are the newest events it has judged."""

    lookback: Lookback
    now: datetime
    worker: UUID
    newness: Newness = field(default_factory=Newness)
    demo: DemoMoments = field(default_factory=DemoMoments)
    late: set[EventRef] = field(default_factory=set)

    further: timedelta = timedelta()

    def reach_further(self, rule: ActiveRule) -> None:
        """Read on beyond the look-back's start: events before it may belong to those after it.

        Also what exceptions held back that have let it go meanwhile must meet its like.
        """
        if rule.plan is None:
            return
        starts = [self.lookback.start, *(event.ingested for event in let_go_events(rule))]
        self.further = self.lookback.start - min(starts) + reach_of(rule)

    @property
    def start(self) -> datetime:
        """From when on events are read."""
        return self.lookback.start - self.further

    @property
    def overlap(self) -> datetime:
        """From when on the last step asks again."""
        return max(self.lookback.start, self.lookback.end - LATE)


def _judge_all(lookback: Lookback, *, now: datetime, worker: UUID) -> int:
    rule = _rule_of(current(), lookback)
    learn_history(rule, lookback, worker)
    progress, alerts = _Progress(lookback, now, worker), 0
    progress.reach_further(rule)
    stored = scan_for(rule, Window(progress.start, max(progress.start, lookback.end)), by="ingested")
    for events in _chunks(_decoded(rule, stored)):
        alerts += _judge_chunk(progress, events)
    alerts += _release(progress)
    return alerts + _judge_rest(progress)


@transaction.atomic
def _judge_chunk(progress: _Progress, events: list[Judged]) -> int:
    """Some of what is stored; the next try begins where this one ends, but still asks for what came late."""
    ruleset, rule = _hold(progress)
    alerts = _judge(ruleset, rule, progress, events)
    progress.late.update(one.event.ref for one in events if one.event.ingested >= progress.overlap)
    reached = min(events[-1].event.ingested, progress.lookback.end - LATE)
    lookbacks.move_on(progress.lookback, to=reached, worker=progress.worker)
    return alerts


@transaction.atomic
def _release(progress: _Progress) -> int:
    """What exceptions held back that were taken back while the rule was not in force."""
    ruleset, rule = _hold(progress)
    return release_left_over(ruleset=ruleset, rule=rule, now=progress.now).alerts


@transaction.atomic
def _judge_rest(progress: _Progress) -> int:
    """What was committed since the claim, with the rule's memory locked: later batches judge for themselves."""
    ruleset, rule = _hold(progress)
    seen.lock([rule.logic_hash])
    candidates.forget_other_logics(memory_of(rule))
    end = max(progress.lookback.end, progress.now) + AHEAD
    rest = scan_for(rule, Window(progress.overlap, end), by="ingested")
    events = (event for event in rest if event.ref not in progress.late)
    alerts = _judge(ruleset, rule, progress, list(_decoded(rule, events)))
    lookbacks.finish(progress.lookback, worker=progress.worker, now=progress.now)
    return alerts


def _hold(progress: _Progress) -> tuple[RuleSet, ActiveRule]:
    """The look-back and the epoch locked, and the rule as it is in force."""
    epoch.share_lock()  # first, as everywhere: who opens a look-back holds the epoch when he touches its row
    if lookbacks.relock(progress.lookback, worker=progress.worker) is None:
        raise _Superseded
    ruleset = current()
    return ruleset, _rule_of(ruleset, progress.lookback)


def _rule_of(ruleset: RuleSet, lookback: Lookback) -> ActiveRule:
    rule = ruleset.rules.get(lookback.rule_id)
    if rule is None:
        raise _NotInForce
    if rule.logic_hash != bytes(lookback.revision.logic_hash):
        raise _Superseded
    return rule


def _judge(ruleset: RuleSet, rule: ActiveRule, progress: _Progress, events: list[Judged]) -> int:
    if not events:
        return 0
    lookback = progress.lookback
    marked = progress.demo.mark(judged.event for judged in events)
    found = [Judged(old.event, old.document, is_demo) for old, (_, is_demo) in zip(events, marked, strict=True)]
    matches = {rule.id: by_part(rule, found)}
    judged = Pass(RuleRun.Kind.LOOKBACK, lookback.start, max(lookback.start, lookback.end), len(events))
    raised = judge(ruleset, matches, judged=judged, now=progress.now, newness=progress.newness, lookback_of=rule.id)
    return raised.alerts.total()


def learn_history(rule: ActiveRule, lookback: Lookback, worker: UUID) -> None:
    """Have a new-terms rule remember what its history holds, up to the look-back, from where an earlier try ended.

    Other rules have nothing to learn.
    """
    length = history(rule.definition) if rule.definition.type == "new_terms" else None
    if length is None:
        return
    by: Literal["time", "ingested"] = "ingested" if by_ingest_time(rule.definition) else "time"
    start = max(lookback.start - length, lookback.learnt_until or lookback.start - length)
    for events in _chunks(_decoded(rule, scan_for(rule, Window(start, max(start, lookback.start)), by=by))):
        with transaction.atomic(), blaming(rule.id):
            lookbacks.note_learnt(lookback, until=time_of(rule, events[-1]), worker=worker)
            seen.lock([rule.logic_hash])
            newness = Newness()
            newness.keep_new(rule, [judged for judged in events if rule.excepted_by(judged.document) is None])
            newness.save()


def scan_for(rule: ActiveRule, window: Window, *, by: Literal["time", "ingested"]) -> Iterator[StoredEvent]:
    """The stored events of a window that one of the rule's filters lets through, streaming; oldest first.

    Of an indicator-match rule the indicators come first, and from as long ago as they count.
    """
    teams = [rule.team_id] if rule.team_id is not None else list(Team.objects.values_list("pk", flat=True))
    if isinstance(rule.plan, Indicators):
        known = Window(window.start - rule.plan.history, window.end)
        yield from scan(tree=rule.plan.tree, window=known, team_ids=teams, indices=rule.plan.indices, by=by)
    tree = rule.tree if rule.plan is None else _any_part(rule)
    yield from scan(tree=tree, window=window, team_ids=teams, indices=rule.definition.indices, by=by)


def _any_part(rule: ActiveRule) -> Tree:
    return any_of(*(part.tree for part in rule.parts if part.name != INDICATOR))


def _decoded(rule: ActiveRule, events: Iterable[StoredEvent]) -> Iterator[Judged]:
    with blaming(rule.id):
        for event in events:
            yield Judged(event, event.document(), demo=False)


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
