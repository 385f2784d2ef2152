"""Many look-backs judged together: what is stored is read once, and matched with all of their rules in one pass.

Switching on a rule set opens a look-back for every rule; a pass for each would take as many times as long. The steps
are those of one alone (alerts/lookback.py), and so are its guarantees: each step is a transaction of its own that notes
how far it came, alerts have an identity, and a rule that fails is set aside while the others go on.
A rule judges only what arrived within its own look-back; the documents are matched once, outside of any transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from alerts.blame import RuleFailed, blaming
from alerts.demo import DemoMoments
from alerts.gathering import ByPart, memory_of
from alerts.hits import Judged
from alerts.judging import Matches, Pass, judge
from alerts.lookback_arrivals import LATE, arrived_since, events_of
from alerts.lookback_members import Member, Members
from alerts.matching import match
from alerts.newness import Newness, time_of
from alerts.release import release_left_over
from alerts.retrying import is_conflict, is_lost_connection
from engine.indices import split_patterns
from engine.plan import INDICATOR, Indicators
from engine.portions import portions
from engine.tree import MatchAll
from events.searching import By
from events.store import StoredEvent, Window, scan
from rules import candidates, lookbacks, seen
from rules.exceptions.held_back import with_let_go
from rules.models import Lookback, RuleRun
from rules.quarantine import quarantine
from rules.ruleset import ActiveRule, RuleSet

log = structlog.get_logger(__name__)
CHUNK = 2_000
MAX_TRIES = 8
MOST_ROUNDS = 10
_T = TypeVar("_T")
Stop = Callable[[], bool]


class _GaveWay(Exception):  # noqa: N818
    """There is something more urgent to do; what is judged is judged, and the look-backs go on later."""


def judge_together(claimed: Sequence[Lookback], *, now: datetime, worker: UUID, stop: Stop) -> int:
    """Judge claimed look-backs, or until `stop` says so; returns the number of alerts raised.

    What fails by nobody's fault is tried again later, all of them.
    """
    members = Members(now, worker)
    group = _Group(members, now, worker, stop)
    try:
        members.take_in(claimed)
        group.judge_all()
    except _GaveWay:
        lookbacks.put_all_back(members.waiting, worker=worker)
    except SoftTimeLimitExceeded:
        _fail(members.waiting, "It takes longer than a task may run.", worker, now)
        raise
    except Exception as error:
        # The boundary of the task: what these provoke must not keep other look-backs waiting.
        if is_lost_connection(error) and not is_conflict(error):
            raise
        log.exception("look-backs could not be judged", lookbacks=[one.pk for one in members.waiting][:20])
        _fail(members.waiting, f"{type(error).__name__}: {error}", worker, now)
    finally:
        members.let_go_of_dropped()
    return group.alerts


def _fail(waiting: Iterable[Lookback], error: str, worker: UUID, now: datetime) -> None:
    for lookback in waiting:
        lookbacks.fail(lookback, error=error, worker=worker, now=now)


@dataclass(slots=True)
class _Group:
    """What one try at some look-backs remembers across its transactions."""

    who: Members
    now: datetime
    worker: UUID
    stop: Stop
    alerts: int = 0
    _demo: DemoMoments = field(default_factory=DemoMoments)
    _met: set[tuple[str, int, bytes, datetime]] = field(default_factory=set)
    _known: set[int] = field(default_factory=set)

    @property
    def _members(self) -> dict[str, Member]:
        return self.who.by_rule

    def _without_culprits(self, act: Callable[[], _T]) -> _T | None:
        """What a step comes to, tried again without each rule that breaks it; None when no rule is left."""
        conflicts = 0
        while self._members:
            try:
                return act()
            except RuleFailed as failed:
                if failed.rule_id not in self._members:
                    raise
                log.exception("a rule is quarantined", rule=failed.rule_id)
                quarantine(rule_id=failed.rule_id, reason=failed.reason, now=self.now)
                self.who.set_aside(failed.rule_id)
            except Exception as error:
                conflicts += 1
                if not is_conflict(error) or conflicts == MAX_TRIES:
                    raise
        return None

    def judge_all(self) -> None:
        """Learn histories, then judge what is stored, what was let go, and what came meanwhile."""
        self._known = {batch.pk for batch in arrived_since(self.now - LATE)}
        self._learn("time")
        self._learn("ingested")
        self._read_indicators()
        self._judge_stored()
        self._release()
        self._judge_late()
        self.alerts += self._without_culprits(self._judge_rest) or 0
        self.who.by_rule = {}

    def _learn(self, by: By) -> None:
        """Have new-terms rules remember what their histories hold, in one pass over the union of them."""
        learners = [one for one in self._members.values() if one.learns and one.learns_by == by]
        windows = {one.rule.id: (one.learns_from, one.lookback.start) for one in learners}
        windows = {rule_id: window for rule_id, window in windows.items() if window[0] < window[1]}
        if not windows:
            return
        whole = Window(min(start for start, _ in windows.values()), max(end for _, end in windows.values()))
        begun: datetime | None = None
        for events in portions(self._scan(whole, by=by), CHUNK):
            self._without_culprits(partial(self._learn_from, events, windows, by))
            begun = begun or getattr(events[0], by)
            if getattr(events[-1], by) > begun:  # where the next try begins is further on
                self._give_way()

    def _learn_from(self, events: list[StoredEvent], windows: dict[str, tuple[datetime, datetime]], by: By) -> None:
        matches = match(self.who.matcher(windows), [(event, False) for event in events])
        newness, reached = Newness(), getattr(events[-1], by)
        with transaction.atomic():
            learning = [member.lookback for rule_id, member in self._members.items() if rule_id in windows]
            lookbacks.note_all_learnt(learning, until=reached, worker=self.worker)
            found = {rule_id: parts for rule_id, parts in matches.items() if rule_id in windows}
            seen.lock({self._members[rule_id].rule.logic_hash for rule_id in found if rule_id in self._members})
            for rule_id, parts in sorted(found.items()):
                if rule_id in self._members:
                    self._remember(self._members[rule_id].rule, parts, windows[rule_id], newness)
            newness.save()

    def _remember(self, rule: ActiveRule, parts: ByPart, window: tuple[datetime, datetime], newness: Newness) -> None:
        with blaming(rule.id):
            events = [one for some in parts.values() for one in some if window[0] <= time_of(rule, one) < window[1]]
            mine = [one for one in events if _is_of_team(rule, one)]
            newness.remember(rule, [one for one in mine if rule.excepted_by(one.document) is None])

    def _read_indicators(self) -> None:
        """The indicators of rules that look events up in them, from as long ago as they count; read once a look-back.

        Only what the rules' patterns of indices let in is read.
        """
        plans = {
            rule_id: member.rule.plan
            for rule_id, member in self._members.items()
            if isinstance(member.rule.plan, Indicators) and member.lookback.learnt_until is None
        }
        starts = {rule_id: self._members[rule_id].reads_from - plan.history for rule_id, plan in plans.items()}
        if not plans:
            return
        window = Window(min(starts.values()), self._end())
        indices = _any_index(plan.indices for plan in plans.values())
        for events in portions(self._scan(window, indices=indices), CHUNK):
            self._judge_chunk(events, starts, part=INDICATOR)

    def _judge_stored(self) -> None:
        """What arrived within the look-backs, oldest first; the next try begins where this one ends."""
        starts = {rule_id: member.reads_from for rule_id, member in self._members.items()}
        if not starts:
            return
        window = Window(min(starts.values()), self._end())
        begun: datetime | None = None
        for events in portions(self._scan(window), CHUNK):
            self._judge_chunk(events, starts, reached=events[-1].ingested)
            begun = begun or events[0].ingested
            # The next try begins further on: not of an instant with many events, nor of what may still come.
            if begun < events[-1].ingested < self.now - LATE:
                self._give_way()

    def _release(self) -> None:
        """What exceptions held back that were taken back while their rules were not in force."""
        for rule_id in sorted(with_let_go(self._members)) if self._members else ():
            self.alerts += self._without_culprits(partial(self._release_of, rule_id)) or 0

    @transaction.atomic
    def _release_of(self, rule_id: str) -> int:
        ruleset = self.who.hold()
        if rule_id not in self._members:
            return 0
        return release_left_over(ruleset=ruleset, rule=self._members[rule_id].rule, now=self.now).alerts

    def _judge_late(self) -> None:
        """What was committed since the claim, until there is little of it: the last step holds others up."""
        for _ in range(MOST_ROUNDS):
            new = [batch for batch in arrived_since(self.now - LATE) if batch.pk not in self._known]
            if sum(batch.events for batch in new) <= CHUNK:
                return
            for events in portions(events_of(new), CHUNK):
                self._judge_chunk(events, self._starts())
            self._known.update(batch.pk for batch in new)

    @transaction.atomic
    def _judge_rest(self) -> int:
        """What was committed since, with the rules' memories locked: later batches judge for themselves."""
        ruleset = self.who.hold()
        seen.lock({member.rule.logic_hash for member in self._members.values() if member.learns})
        joining = [memory_of(member.rule) for member in self._members.values() if member.rule.plan is not None]
        if joining:
            candidates.forget_other_logics(joining)
        late = events_of(batch for batch in arrived_since(self.now - LATE) if batch.pk not in self._known)
        alerts, met = 0, set(self._met)
        for events in portions(late, CHUNK):
            alerts += self._judge(ruleset, self._found(events), self._starts(), events, met)
        lookbacks.finish_all(self.who.waiting, worker=self.worker, now=self.now)
        return alerts

    def _judge_chunk(
        self,
        events: list[StoredEvent],
        starts: dict[str, datetime],
        *,
        part: str | None = None,
        reached: datetime | None = None,
    ) -> None:
        """Some events, judged in one transaction that notes how far the look-backs have come."""

        def act() -> tuple[int, set[tuple[str, int, bytes, datetime]]]:
            matches, met = self._found(events, part), set(self._met)
            with transaction.atomic():
                alerts = self._judge(self.who.hold(), matches, starts, events, met)
                if reached is not None:
                    self._move_on(min(reached, self.now - LATE))
                return alerts, met

        done = self._without_culprits(act)
        if done is not None:
            self.alerts += done[0]
            self._met = done[1]

    def _found(self, events: Sequence[StoredEvent], part: str | None = None) -> Matches:
        """What each rule lets through. Costs what a pass over a batch costs, and a query for what is a demo."""
        matches = match(self.who.matcher(self._members), self._demo.mark(events))
        if part is None:
            return matches
        return {rule_id: {part: parts[part]} for rule_id, parts in matches.items() if part in parts}

    def _judge(
        self,
        ruleset: RuleSet,
        matches: Matches,
        starts: dict[str, datetime],
        events: Sequence[StoredEvent],
        met: set[tuple[str, int, bytes, datetime]],
    ) -> int:
        """Judge of the matches what lies within each rule's own look-back."""
        found = {
            rule_id: _within(self._members[rule_id].rule, parts, starts[rule_id])
            for rule_id, parts in matches.items()
            if rule_id in self._members and rule_id in starts
        }
        found = {rule_id: parts for rule_id, parts in found.items() if parts}
        if not found:
            return 0
        own = {rule_id: self._members[rule_id].lookback.start for rule_id in found}
        first = min(own.values())
        judged = Pass(RuleRun.Kind.LOOKBACK, first, max(first, self.now), len(events), own)
        newness = Newness(met=met)
        return judge(
            ruleset, found, judged=judged, now=self.now, newness=newness, lookbacks_of=self._members.keys()
        ).alerts.total()

    def _move_on(self, to: datetime) -> None:
        """Note in the database how far everybody is, in the transaction of the alerts."""
        joining = [member.lookback for member in self._members.values() if member.rule.joins]
        if joining:
            lookbacks.note_all_learnt(joining, until=to, worker=self.worker)
        lookbacks.move_all_on(self.who.waiting, to=to, worker=self.worker)

    def _starts(self) -> dict[str, datetime]:
        return {rule_id: member.start for rule_id, member in self._members.items()}

    def _scan(self, window: Window, *, by: By = "ingested", indices: Sequence[str] = ()) -> Iterator[StoredEvent]:
        """What is stored of the teams that have a say, as a stream; oldest first."""
        window = Window(window.start, max(window.start, window.end))
        return scan(tree=MatchAll(), window=window, team_ids=self.who.teams(), indices=indices, by=by)

    def _end(self) -> datetime:
        """Until when the scan reads: the claim, or what had arrived later by other clocks."""
        newest = max(
            (batch.ingested_at for batch in arrived_since(self.now - LATE) if batch.pk in self._known), default=self.now
        )
        return max(self.now, newest + timedelta(microseconds=1))

    def _give_way(self) -> None:
        if self.stop():
            raise _GaveWay


def _within(rule: ActiveRule, parts: ByPart, start: datetime) -> dict[str, list[Judged]]:
    mine = {
        name: [one for one in some if one.event.ingested >= start and _is_of_team(rule, one)]
        for name, some in parts.items()
    }
    return {name: some for name, some in mine.items() if some}


def _is_of_team(rule: ActiveRule, judged: Judged) -> bool:
    return rule.team_id is None or rule.team_id == judged.event.team_id


def _any_index(patterns: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Patterns that let in whatever one of these lists lets in: what a list excludes, another may ask for."""
    lists = [split_patterns(some) for some in patterns]
    if not all(lists):
        return ()
    return tuple(sorted({one for some in lists for one in some if not one.startswith("-")}))
