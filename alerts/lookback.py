"""Look-backs: a rule that was switched on or changed judges what is already stored.

A new-terms rule first learns its history, else everything would be new to it. Until that is done, batches leave its
matches to the look-back (alerts/judging.py); its last step locks the rule's memory and judges what arrived meanwhile.
A rule that joins events reads further back, by as much as its events may lie apart: what it finds are candidates, which
are joined when the rule is settled (alerts/settling.py).
Every step may be repeated: alerts have an identity, and what was seen is seen. A look-back that is interrupted goes on
where it was. A few are judged one by one, each by a scan that is narrowed to what its rule asks for; many together, by
one scan for all (alerts/lookbacks_together.py). They give way to events that wait to be judged.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from accounts.models import Team
from alerts.blame import RuleFailed, blaming
from alerts.demo import DemoMoments
from alerts.gathering import by_part, memory_of
from alerts.hits import Judged
from alerts.judging import Pass, judge
from alerts.lookback_arrivals import LATE
from alerts.lookback_members import first_read
from alerts.lookbacks_together import Stop, judge_together
from alerts.newness import Newness, time_of
from alerts.release import let_go_events, release_left_over
from alerts.retrying import is_lost_connection
from engine import Tree
from engine.plan import INDICATOR, Indicators
from engine.portions import portions
from engine.tree import any_of
from events.store import EventRef, StoredEvent, Window, scan
from rules import candidates, epoch, lookbacks, seen
from rules.models import Lookback, RuleRun
from rules.quarantine import quarantine
from rules.ruleset import ActiveRule, RuleSet, current
from rules.schedule import by_ingest_time, history

log = structlog.get_logger(__name__)
CHUNK = 2_000
AT_ONCE = 2_000
# So many scans that are narrowed to one rule each cost less than one scan of everything.
FEW = 3
TOGETHER_ATTEMPTS = 2
# Arrival is stamped by the database's clock; the last step reads past it, so that nothing committed is left out.
AHEAD = timedelta(days=1)


def _never() -> bool:
    return False


class _Superseded(Exception):  # noqa: N818
    """The rule was given another logic, or another worker took over."""


class _NotInForce(Exception):  # noqa: N818
    """The rule was switched off, which dropped its look-back, or is in quarantine, whose end the look-back awaits."""


def judge_lookbacks(*, now: datetime, worker: UUID, stop: Stop = _never) -> int:
    """Judge every look-back that is due, or until `stop` says so, asked now and then; returns how many alerts."""
    alerts = 0
    while claimed := lookbacks.claim_due(now=now, worker=worker, limit=AT_ONCE):
        together, alone = _sorted(claimed)
        if together:
            alerts += judge_together(together, now=now, worker=worker, stop=stop)
        while alone and not stop():
            alerts += _judge_or_fail(alone.popleft(), now=now, worker=worker, stop=stop)
        if stop():
            lookbacks.put_all_back(alone, worker=worker)
            break
    return alerts


def _sorted(claimed: Sequence[Lookback]) -> tuple[list[Lookback], deque[Lookback]]:
    """Those that are judged together, if they are more than a few; and those that are judged alone.

    Alone are also those that failed together with others, since it may be one of them that fails.
    """
    together = [lookback for lookback in claimed if lookback.attempts <= TOGETHER_ATTEMPTS]
    if len(together) <= FEW:
        return [], deque(claimed)
    return together, deque(lookback for lookback in claimed if lookback.attempts > TOGETHER_ATTEMPTS)


def _judge_or_fail(lookback: Lookback, *, now: datetime, worker: UUID, stop: Stop = _never) -> int:
    try:
        return _judge_all(lookback, now=now, worker=worker, stop=stop)
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

    @property
    def overlap(self) -> datetime:
        """From when on the last step asks again."""
        return max(self.lookback.start, self.lookback.end - LATE)


def _judge_all(lookback: Lookback, *, now: datetime, worker: UUID, stop: Stop) -> int:
    rule = _rule_of(current(), lookback)
    learn_history(rule, lookback, worker)
    progress, alerts = _Progress(lookback, now, worker), 0
    start = lookback.start if not rule.joins else first_read(rule, lookback, let_go_events(rule))
    alerts += _judge_indicators(progress, rule, Window(start, max(start, lookback.end)))
    stored = scan_for(rule, Window(start, max(start, lookback.end)), by="ingested")
    begun: datetime | None = None
    for events in portions(_decoded(rule, stored), CHUNK):
        alerts += _judge_chunk(progress, events)
        begun = begun or events[0].event.ingested
        if begun < events[-1].event.ingested < progress.lookback.end - LATE and stop():
            lookbacks.put_all_back([lookback], worker=worker)
            return alerts
    alerts += _release(progress)
    return alerts + _judge_rest(progress)


def _judge_indicators(progress: _Progress, rule: ActiveRule, window: Window) -> int:
    """The indicators of a rule that looks events up in them, from as long ago as they count; read once a look-back."""
    if not isinstance(rule.plan, Indicators) or progress.lookback.learnt_until is not None:
        return 0
    window, alerts = Window(window.start - rule.plan.history, window.end), 0
    for events in portions(_decoded(rule, scan_indicators(rule, rule.plan, window)), CHUNK):
        with transaction.atomic():
            ruleset, held = _hold(progress)
            alerts += _judge(ruleset, held, progress, events)
    return alerts


@transaction.atomic
def _judge_chunk(progress: _Progress, events: list[Judged]) -> int:
    """Some of what is stored; the next try begins where this one ends, but still asks for what came late."""
    ruleset, rule = _hold(progress)
    alerts = _judge(ruleset, rule, progress, events)
    progress.late.update(one.event.ref for one in events if one.event.ingested >= progress.overlap)
    reached = min(events[-1].event.ingested, progress.lookback.end - LATE)
    if rule.joins:
        lookbacks.note_all_learnt([progress.lookback], until=reached, worker=progress.worker)
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
    candidates.forget_other_logics([memory_of(rule)])
    end = max(progress.lookback.end, progress.now) + AHEAD
    window = Window(progress.overlap, end)
    rest = list(scan_for(rule, window, by="ingested"))
    if isinstance(rule.plan, Indicators):
        rest += scan_indicators(rule, rule.plan, window)
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
    if rule.revision_logic_hash != bytes(lookback.revision.logic_hash):
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
    raised = judge(ruleset, matches, judged=judged, now=progress.now, newness=progress.newness, lookbacks_of=[rule.id])
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
    for events in portions(_decoded(rule, scan_for(rule, Window(start, max(start, lookback.start)), by=by)), CHUNK):
        with transaction.atomic(), blaming(rule.id):
            lookbacks.note_learnt(lookback, until=time_of(rule, events[-1]), worker=worker)
            seen.lock([rule.logic_hash])
            newness = Newness()
            newness.keep_new(rule, [judged for judged in events if rule.excepted_by(judged.document) is None])
            newness.save()


def scan_for(rule: ActiveRule, window: Window, *, by: Literal["time", "ingested"]) -> Iterator[StoredEvent]:
    """The stored events of a window that one of the rule's filters lets through, streaming; oldest first."""
    tree = rule.tree if rule.plan is None else _any_part(rule)
    return scan(tree=tree, window=window, team_ids=_teams(rule), indices=rule.definition.indices, by=by)


def scan_indicators(rule: ActiveRule, plan: Indicators, window: Window) -> Iterator[StoredEvent]:
    """The stored indicators that arrived in a window, streaming; oldest first."""
    return scan(tree=plan.tree, window=window, team_ids=_teams(rule), indices=plan.indices, by="ingested")


def _teams(rule: ActiveRule) -> list[int]:
    return [rule.team_id] if rule.team_id is not None else list(Team.objects.values_list("pk", flat=True))


def _any_part(rule: ActiveRule) -> Tree:
    return any_of(*(part.tree for part in rule.parts if part.name != INDICATOR))


def _decoded(rule: ActiveRule, events: Iterable[StoredEvent]) -> Iterator[Judged]:
    with blaming(rule.id):
        for event in events:
            yield Judged(event, event.document(), demo=False)
