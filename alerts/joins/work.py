"""What settling one rule works on: what is new, what it may join with, and the events themselves, read when needed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from alerts.costs import Allowance
from alerts.demo import DemoMoments
from alerts.gathering import memory_of, reach_of
from alerts.hits import Excepted, Hit, Judged
from engine.joining import Candidate, Order
from engine.plan import INDICATOR
from events.store import EventRef, get_many
from rules import candidates
from rules.candidates import Head
from rules.marks import Mark
from rules.ruleset import ActiveRule
from rules.schedule import interval, lookback

MOST_JUDGED_ANEW = 5_000
"""So many events of a group are asked again whether an exception covers them; they all were when they came."""


@dataclass(slots=True)
class Found:
    """What settling found: hits, the events that exceptions took out, what alerts of groups counted, and when something
    more is due without any new event."""

    hits: list[Hit] = field(default_factory=list)
    excepted: list[Excepted] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    next_at: datetime | None = None
    left: dict[int, Order | None] = field(default_factory=dict)
    """By team: up to which place the new events are joined, where there was no room for more (alerts/joins/room.py)."""
    over: int = 0
    """How many were found beyond what is told of one window or event."""
    until: datetime | None = None
    """Where too much became due by time alone: until when it is told."""
    unreadable: bool = False
    """Another version of this program kept other columns of the events: they are to be collected anew."""

    def is_due(self, at: datetime | None) -> None:
        """Look again at `at`, if not earlier."""
        if at is not None and (self.next_at is None or at < self.next_at):
            self.next_at = at


@dataclass(slots=True)
class Events:
    """The events that would be alerted on, each read and judged by today's exceptions once.

    `dropped` are those that count no more: excepted, or gone from the store.
    """

    work: "Work"
    judged: dict[EventRef, Judged] = field(default_factory=dict)
    dropped: set[EventRef] = field(default_factory=set)
    excepted: list[Excepted] = field(default_factory=list)
    _demo: DemoMoments = field(default_factory=DemoMoments)

    def read(self, refs: Iterable[EventRef], *, part: str = "") -> bool:
        """Read events that were not read before; true when all of them count. Two queries for five hundred."""
        wanted = {ref for ref in refs if ref not in self.judged}
        stored = get_many(wanted)
        gone = wanted - stored.keys()
        self.dropped |= gone
        all_count = not gone
        for event, demo in self._demo.mark(stored.values()):
            self.work.allowance.check()
            one = Judged(event, event.document(), demo)
            self.judged[event.ref] = one
            item_id = None if part == INDICATOR else self.work.rule.excepted_by(one.document)
            if item_id is not None:
                self.excepted.append(Excepted(self.work.rule, event, item_id))
                self.dropped.add(event.ref)
                all_count = False
        return all_count


@dataclass(frozen=True, slots=True)
class Work:
    """One rule to be settled as of `now`: `fresh` are the blocks that it has not joined yet, of all teams.

    `ready` are all blocks that it has not joined and may look at (by number); `fresh` are among them. `until` is the
    instant up to which everything that arrived is known; `settled_to` that of the last settling.
    """

    rule: ActiveRule
    now: datetime
    until: datetime
    settled_to: datetime | None
    ready: Collection[int]
    fresh: Sequence[Head]
    allowance: Allowance

    @property
    def window(self) -> timedelta:
        """The rule's look-back, which is at least its interval."""
        return max(lookback(self.rule.definition), interval(self.rule.definition))

    @property
    def reach(self) -> timedelta:
        """How far apart events of one alert may lie."""
        return reach_of(self.rule)

    def teams(self) -> list[int]:
        """The teams that have something new."""
        return sorted({head.team_id for head in self.fresh})

    def heads(self, *, team_id: int | None, start: datetime, end: datetime) -> list[Head]:
        """All blocks of a stretch of time that are ready: what arrived later waits, or what is found would depend on
        which worker judged first. One query."""
        found = candidates.heads(memory_of(self.rule), team_id=team_id, start=start, end=end)
        return [head for head in found if head.settled or head.id in self.ready]

    def others(self, team_id: int, start: datetime, end: datetime) -> list[Head]:
        """The blocks of a team in a stretch of time that are not new. One query."""
        fresh = {head.id for head in self.fresh}
        return [head for head in self.heads(team_id=team_id, start=start, end=end) if head.id not in fresh]

    def rested(self, quiet: timedelta) -> tuple[datetime, datetime]:
        """Between which times the alerts of groups were that may alert again since the last settling."""
        return (self.settled_to or self.now) - quiet, self.now - quiet

    def new(self, team_id: int) -> list[Candidate]:
        """The new candidates of a team."""
        blocks = [head for head in self.fresh if head.team_id == team_id]
        return candidates.once(self._watched(candidates.read(blocks)))

    def known(
        self, blocks: Sequence[Head], *, start: datetime, end: datetime, keys: set[bytes] | None
    ) -> Iterator[Candidate]:
        """The candidates of these blocks, within a stretch of time and with these keys."""
        return self._watched(candidates.read(blocks, start=start, end=end, keys=keys))

    def _watched(self, some: Iterable[Candidate]) -> Iterator[Candidate]:
        self.allowance.check()
        for number, one in enumerate(some):
            if number % 1_024 == 0:
                self.allowance.check()
            yield one


def ref_of(candidate: Candidate) -> EventRef:
    """Stored candidates refer to stored events."""
    return cast(EventRef, candidate.ref)


def keys_of(some: Iterable[Candidate]) -> set[bytes]:
    """The names of their keys."""
    return {cast(bytes, one.key) for one in some}


def iso(at: datetime) -> str:
    """A time as facts keep it."""
    return at.isoformat()
