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
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter
from typing import TypeAlias

from engine.joining.candidates import Candidate, Check, checked
from engine.joining.matches import Joining, Match
from engine.plan import UNTIL, Sequence

END_OF_TIME = datetime.max.replace(tzinfo=UTC)

_Pending: TypeAlias = tuple[Candidate, tuple[Many[Candidate], ...]]
"""A sequence that has come some steps far: its first event, and its events step by step."""


@dataclass(slots=True)
class _Run:
    """A step with runs under one key: its events, and the sequences inside, each with the place where it began."""

    events: list[Candidate] = field(default_factory=list)
    pending: deque[tuple[_Pending, int]] = field(default_factory=deque)


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
    return Joining(matches, min(waiting, default=None))


def _in_order(plan: Sequence, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """By time. An event that fits several steps is offered to the later steps first, so that it serves each sequence
    once, and counts as `until` only for what follows. The same candidate given twice counts once."""
    ordered = sorted(candidates, key=attrgetter("order"))
    start, number = 0, len(ordered)
    while start < number:
        end, order = start + 1, ordered[start].order
        while end < number and ordered[end].order == order:
            end += 1
        if end == start + 1:
            yield ordered[start]
        else:
            yield from _of_one_event(plan, ordered[start:end])
        start = end


def _of_one_event(plan: Sequence, candidates: list[Candidate]) -> list[Candidate]:
    last = len(plan.steps)
    ranks = {UNTIL: last + 1} | {str(number): last - number for number in range(1, last + 1)}
    different = {(candidate.part, candidate.key): candidate for candidate in candidates}
    return sorted(different.values(), key=lambda candidate: ranks[candidate.part])


class _Machine:
    """The pending sequences of all keys: for each key the one that has come through each step."""

    def __init__(self, plan: Sequence) -> None:
        self._span = plan.maxspan
        self.positive = [number for number, step in enumerate(plan.steps) if not step.missing]
        self._runs = [plan.steps[number].runs for number in self.positive]
        self._last = len(self.positive) - 1
        self._places = {str(number + 1): place for place, number in enumerate(self.positive)}
        self._waiting: dict[Hashable, list[_Pending | None]] = {}
        self._running: dict[tuple[int, Hashable], _Run] = {}
        self.complete: list[_Pending] = []
        self.absent: dict[tuple[int, Hashable], list[datetime]] = {}

    def take(self, candidate: Candidate) -> None:
        """Move on what this event moves on. Events must come in order."""
        place = self._places.get(candidate.part)
        if place is None:
            self._take_other(candidate)
            return
        waiting = self._waiting.get(candidate.key)
        if waiting is None:
            if place:
                return
            waiting = self._waiting[candidate.key] = [None] * self._last
        pending = self._entering(waiting, place, candidate)
        runs = self._runs[place]
        if runs > 1:
            pending = self._through_run(pending, place, runs, candidate)
        elif pending is not None:
            pending = pending[0], (*pending[1], (candidate,))
        if pending is None:
            return
        if place == self._last:
            self.complete.append(pending)
        else:
            waiting[place] = pending

    def _entering(self, waiting: list[_Pending | None], place: int, candidate: Candidate) -> _Pending | None:
        """The sequence that this event takes into the step: a new one, or the one that waits at the step before."""
        if place == 0:
            return candidate, ()
        pending = waiting[place - 1]
        if pending is None:
            return None
        waiting[place - 1] = None
        return pending if self._span is None or candidate.at - pending[0].at <= self._span else None

    def _through_run(self, entering: _Pending | None, place: int, runs: int, candidate: Candidate) -> _Pending | None:
        """The sequence that has gone through the whole run with this event."""
        name = (place, candidate.key)
        run = self._running.get(name)
        if run is None:
            if entering is None:
                return None
            run = self._running[name] = _Run()
        if entering is not None:
            run.pending.append((entering, len(run.events)))
        run.events.append(candidate)
        if len(run.events) - run.pending[0][1] < runs:
            return None
        (first, events), began = run.pending.popleft()
        if not run.pending:
            del self._running[name]
        if self._span is not None and candidate.at - first.at > self._span:
            return None
        return first, (*events, run.events[began : began + runs])

    def _take_other(self, candidate: Candidate) -> None:
        """Note an event that should be missing; drop everything pending under the key of an `until`."""
        if candidate.part != UNTIL:
            self.absent.setdefault((int(candidate.part) - 1, candidate.key), []).append(candidate.at)
            return
        self._waiting.pop(candidate.key, None)
        for place in range(self._last + 1):
            self._running.pop((place, candidate.key), None)


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
        try:
            return pending[0].at + self._plan.maxspan
        except OverflowError:
            return END_OF_TIME

    def spoilt(self, pending: _Pending) -> bool:
        """Whether an event is there that should be missing."""
        key = pending[0].key
        for number, before in self._between:
            low, high = pending[1][before][-1].at, pending[1][before + 1][0].at
            times = self._absent.get((number, key), [])
            if bisect_right(times, low) < bisect_left(times, high):
                return True
        return self._spoilt_around(key, pending[0].at, pending[1][-1][-1].at)

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
    events = dict(zip(positive, pending[1], strict=True))
    for number, step in enumerate(plan.steps):
        refs += [None] * step.runs if step.missing else [event.ref for event in events[number]]
    last = pending[1][-1][-1]
    completing = pending[0] if plan.steps[-1].missing else last
    return Match(pending[0].key, tuple(refs), completing.ref, last.at)
