"""Look-backs: a rule that was switched on or changed judges what is already stored.

A new-terms rule first learns its history, else everything would be new to it. Until that is done, batches leave its
matches to the look-back (alerts/judging.py); its last step locks the rule's memory and judges what arrived meanwhile.
Every step may be repeated: alerts have an identity, and what was seen is seen.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, TypeVar
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import Team
from alerts.blame import RuleFailed, blaming
from alerts.demo import DemoMoments
from alerts.hits import Judged
from alerts.judging import Pass, judge
from alerts.newness import Newness
from alerts.retrying import is_lost_connection
from events.store import StoredEvent, Window, scan
from rules import epoch, lookbacks, seen
from rules.models import Lookback, RuleRun
from rules.quarantine import quarantine
from rules.ruleset import ActiveRule, RuleSet, current
from rules.schedule import by_ingest_time, history

log = structlog.get_logger(__name__)
CHUNK = 2_000
# Arrival is stamped by the database's clock; the last step reads past it, so that nothing committed is left out.
AHEAD = timedelta(days=1)
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
    except Exception as error:
        # The boundary of the task: one look-back must not keep the others waiting.
        if is_lost_connection(error):
            raise
        log.exception("a look-back could not be judged", lookback=lookback.pk)
        lookbacks.fail(lookback, error=f"{type(error).__name__}: {error}", worker=worker, now=now)
    return 0


def _judge_all(lookback: Lookback, *, now: datetime, worker: UUID) -> int:
    rule = _rule_of(current(), lookback)
    learn_history(rule, before=lookback.start)
    newness, demo, alerts = Newness(), DemoMoments(), 0
    stored = scan_for(rule, Window(lookback.start, max(lookback.start, lookback.end)), by="ingested")
    for events in _chunks(_decoded(rule, stored)):
        alerts += _judge_chunk(lookback, events, demo, newness, now=now, worker=worker)
    return alerts + _judge_rest(lookback, demo, newness, now=now, worker=worker)


@transaction.atomic
def _judge_chunk(
    lookback: Lookback, events: list[Judged], demo: DemoMoments, newness: Newness, *, now: datetime, worker: UUID
) -> int:
    ruleset, rule = _hold(lookback, worker)
    return _judge(ruleset, rule, lookback, events, demo, newness, now)


@transaction.atomic
def _judge_rest(lookback: Lookback, demo: DemoMoments, newness: Newness, *, now: datetime, worker: UUID) -> int:
    """What arrived since the claim, with the rule's memory locked: batches that come later judge for themselves."""
    ruleset, rule = _hold(lookback, worker)
    seen.lock([rule.logic_hash])
    rest = scan_for(rule, Window(lookback.end, max(lookback.end, now) + AHEAD), by="ingested")
    alerts = _judge(ruleset, rule, lookback, list(_decoded(rule, rest)), demo, newness, now)
    lookbacks.finish(lookback, worker=worker, now=now)
    return alerts


def _hold(lookback: Lookback, worker: UUID) -> tuple[RuleSet, ActiveRule]:
    """The look-back and the epoch locked, and the rule as it is in force."""
    epoch.share_lock()  # first, as everywhere: who opens a look-back holds the epoch when he touches its row
    if lookbacks.relock(lookback, worker=worker) is None:
        raise _Superseded
    ruleset = current()
    return ruleset, _rule_of(ruleset, lookback)


def _rule_of(ruleset: RuleSet, lookback: Lookback) -> ActiveRule:
    rule = ruleset.rules.get(lookback.rule_id)
    if rule is None:
        raise _NotInForce
    if rule.logic_hash != bytes(lookback.revision.logic_hash):
        raise _Superseded
    return rule


def _judge(
    ruleset: RuleSet,
    rule: ActiveRule,
    lookback: Lookback,
    events: list[Judged],
    demo: DemoMoments,
    newness: Newness,
    now: datetime,
) -> int:
    if not events:
        return 0
    marked = demo.mark(judged.event for judged in events)
    matches = {
        rule.id: [Judged(old.event, old.document, is_demo) for old, (_, is_demo) in zip(events, marked, strict=True)]
    }
    judged = Pass(RuleRun.Kind.LOOKBACK, lookback.start, max(lookback.start, lookback.end), len(events))
    raised = judge(ruleset, matches, judged=judged, now=now, newness=newness, lookback_of=rule.id)
    return raised.alerts.total()


def learn_history(rule: ActiveRule, *, before: datetime) -> None:
    """Have a new-terms rule remember what its history holds, up to `before`. Other rules have nothing to learn."""
    length = history(rule.definition) if rule.definition.type == "new_terms" else None
    if length is None:
        return
    by: Literal["time", "ingested"] = "ingested" if by_ingest_time(rule.definition) else "time"
    stored = scan_for(rule, Window(before - length, before), by=by)
    for events in _chunks(_decoded(rule, stored)):
        with transaction.atomic(), blaming(rule.id):
            seen.lock([rule.logic_hash])
            newness = Newness()
            newness.keep_new(rule, [judged for judged in events if rule.excepted_by(judged.document) is None])
            newness.save()


def scan_for(rule: ActiveRule, window: Window, *, by: Literal["time", "ingested"]) -> Iterable[StoredEvent]:
    """The stored events of a window that the rule lets through, oldest first, streaming."""
    teams = [rule.team_id] if rule.team_id is not None else list(Team.objects.values_list("pk", flat=True))
    return scan(tree=rule.tree, window=window, team_ids=teams, indices=rule.definition.indices, by=by)


def _decoded(rule: ActiveRule, events: Iterable[StoredEvent]) -> Iterator[Judged]:
    with blaming(rule.id):
        for event in events:
            yield Judged(event, event.document(), demo=False)


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
