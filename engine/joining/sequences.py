"""Sequences: events in order of time, as Elasticsearch's state machine finds them.

For each key there is at most one pending sequence at each step, and a newer one takes the place of an older: of
A1 A2 B3 only A2 B3 is found. An event moves the pending one before its step on; the span is measured from the first
event, inclusive; an `until` event drops everything pending under its key. Steps that stand for a missing event are
looked at only once the others are complete, by timestamp alone.

`with runs=n` means n steps alike. All pending ones inside such a run move on with every event of it, so a run needs
only a queue of where they began, and costs the same for two as for sixty.

Source: Elasticsearch reference, EQL syntax (sequences, `until`, `with runs`, missing events); behaviour of its EQL
search.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from engine.joining.candidates import Candidate, Check, checked
from engine.joining.keys import in_order
from engine.joining.matches import Joining, Match
from engine.plan import UNTIL, Sequence, Step


@dataclass(slots=True)
class _Pending:
    """A sequence that has come some steps far: its events so far, step by step, and where it began and stands."""

    first: Candidate
    events: tuple[Many[Candidate], ...] = ()


@dataclass(slots=True)
class _Stage:
    """A step under one key: the sequence that has come through it, and those inside its run."""

    waiting: _Pending | None = None
    running: deque[tuple[_Pending, int]] = field(default_factory=deque)
    run: list[Candidate] = field(default_factory=list)

    def clear(self) -> None:
        self.waiting = None
        self.running.clear()
        self.run.clear()


def find_sequences(
    plan: Sequence, candidates: Iterable[Candidate], until: datetime, check: Check | None = None
) -> Joining:
    """The sequences that are complete as of `until`, in order of completion.

    Where the last step is a missing event a sequence is complete once `maxspan` has passed since its first event.
    """
    machine = _Machine(plan)
    for candidate in checked(_in_order(plan, candidates), check):
        machine.take(candidate)
    missing = _Missing(plan, machine.absent)
    found = [(events, missing.due(events)) for events in machine.complete if not missing.spoilt(events)]
    matches = [_match(plan, machine.positive, events) for events, due in found if due is None or due <= until]
    waiting = [due for _, due in found if due is not None and due > until]
    return Joining(_without_repetition(matches), min(waiting, default=None))


def _in_order(plan: Sequence, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """By time. An event that fits several steps is offered to the later steps first, so that it serves each sequence
    once, and counts as `until` only for what follows. The same candidate given twice counts once."""
    last = len(plan.steps)
    ranks = {UNTIL: last + 1} | {str(number): last - number for number in range(1, last + 1)}
    previous: dict[tuple[str, Hashable], Hashable] = {}
    for candidate in sorted(candidates, key=lambda candidate: (candidate.order, ranks[candidate.part])):
        place = (candidate.part, candidate.key)
        if place not in previous or previous[place] != candidate.ref:
            previous[place] = candidate.ref
            yield candidate


class _Machine:
    """The pending sequences of all keys."""

    def __init__(self, plan: Sequence) -> None:
        self._span = plan.maxspan
        self.positive = [number for number, step in enumerate(plan.steps) if not step.missing]
        self._steps: list[Step] = [plan.steps[number] for number in self.positive]
        self._places = {str(number + 1): place for place, number in enumerate(self.positive)}
        self._stages: dict[Hashable, list[_Stage]] = {}
        self.complete: list[_Pending] = []
        self.absent: dict[tuple[int, Hashable], list[datetime]] = {}

    def take(self, candidate: Candidate) -> None:
        """Move on what this event moves on. Events must come in order."""
        place = self._places.get(candidate.part)
        if place is not None:
            self._advance(place, candidate)
        elif candidate.part != UNTIL:
            self.absent.setdefault((int(candidate.part) - 1, candidate.key), []).append(candidate.at)
        else:
            for stage in self._stages.get(candidate.key, ()):
                stage.clear()

    def _advance(self, place: int, candidate: Candidate) -> None:
        stages = self._stages.get(candidate.key)
        if stages is None:
            if place:
                return
            stages = self._stages[candidate.key] = [_Stage() for _ in self._steps]
        done = self._through(stages[place], self._entering(stages, place, candidate), place, candidate)
        if done is None:
            return
        if place == len(self._steps) - 1:
            self.complete.append(done)
        else:
            stages[place].waiting = done

    def _entering(self, stages: list[_Stage], place: int, candidate: Candidate) -> _Pending | None:
        """The sequence that this event takes into the step: a new one, or the one that waits at the step before."""
        if place == 0:
            return _Pending(candidate)
        pending, stages[place - 1].waiting = stages[place - 1].waiting, None
        return pending if pending and self._in_span(pending, candidate) else None

    def _through(self, stage: _Stage, entering: _Pending | None, place: int, candidate: Candidate) -> _Pending | None:
        """The sequence that comes out of the step with this event."""
        runs = self._steps[place].runs
        if runs == 1:
            return entering and _Pending(entering.first, (*entering.events, (candidate,)))
        if entering:
            stage.running.append((entering, len(stage.run)))
        elif not stage.running:
            return None
        stage.run.append(candidate)
        if len(stage.run) - stage.running[0][1] < runs:
            return None
        pending, began = stage.running.popleft()
        done = _Pending(pending.first, (*pending.events, stage.run[began : began + runs]))
        self._forget(stage)
        return done if self._in_span(pending, candidate) else None

    def _forget(self, stage: _Stage) -> None:
        if not stage.running:
            stage.run.clear()

    def _in_span(self, pending: _Pending, candidate: Candidate) -> bool:
        return self._span is None or candidate.at - pending.first.at <= self._span


class _Missing:
    """The steps that stand for missing events, asked of sequences whose other steps are complete."""

    def __init__(self, plan: Sequence, absent: dict[tuple[int, Hashable], list[datetime]]) -> None:
        self._plan = plan
        self._absent = absent
        positive = [number for number, step in enumerate(plan.steps) if not step.missing]
        self._first, self._last = positive[0], positive[-1]
        self._between = [
            (number, before) for before, (low, high) in enumerate(pairwise(positive)) for number in range(low + 1, high)
        ]
        self._leading = range(self._first)
        self._trailing = range(self._last + 1, len(plan.steps))

    def due(self, pending: _Pending) -> datetime | None:
        """When it is certain that the last step's event is missing; None when no such event is asked for."""
        if not self._trailing or self._plan.maxspan is None:
            return None
        return pending.first.at + self._plan.maxspan

    def spoilt(self, pending: _Pending) -> bool:
        """Whether an event is there that should be missing."""
        key = pending.first.key
        for number, before in self._between:
            low, high = pending.events[before][-1].at, pending.events[before + 1][0].at
            times = self._absent.get((number, key), [])
            if bisect_right(times, low) < bisect_left(times, high):
                return True
        return self._spoilt_around(key, pending.first.at, pending.events[-1][-1].at)

    def _spoilt_around(self, key: Hashable, first: datetime, last: datetime) -> bool:
        """Whether `maxspan` is too long to lie around the sequence without an event that should be missing before or
        after it."""
        span = self._plan.maxspan
        before = self._latest_before(key, first) if self._leading else first
        after = self._earliest_after(key, last) if self._trailing else last
        if span is None or before is None or after is None:
            return False
        return bool(self._leading or self._trailing) and after - before <= span

    def _latest_before(self, key: Hashable, first: datetime) -> datetime | None:
        lists = [self._absent.get((number, key), []) for number in self._leading]
        return max((times[at - 1] for times in lists if (at := bisect_left(times, first))), default=None)

    def _earliest_after(self, key: Hashable, last: datetime) -> datetime | None:
        lists = [self._absent.get((number, key), []) for number in self._trailing]
        return min((times[at] for times in lists if (at := bisect_right(times, last)) < len(times)), default=None)


def _match(plan: Sequence, positive: list[int], pending: _Pending) -> Match:
    refs: list[Hashable | None] = []
    events = dict(zip(positive, pending.events, strict=True))
    for number, step in enumerate(plan.steps):
        refs += [None] * step.runs if step.missing else [event.ref for event in events[number]]
    last = pending.events[-1][-1]
    completing = pending.first if plan.steps[-1].missing else last
    return Match(pending.first.key, tuple(refs), completing.ref, last.at)


def _without_repetition(matches: list[Match]) -> list[Match]:
    """The same events found under several keys, as arrays make it, are one sequence; it keeps the first of the keys."""
    by_refs: dict[tuple[Hashable | None, ...], Match] = {}
    for match in matches:
        known = by_refs.get(match.refs)
        if known is None or in_order(match.key) < in_order(known.key):
            by_refs[match.refs] = match
    return list(by_refs.values())
