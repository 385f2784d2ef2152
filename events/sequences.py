"""EQL over stored events: sequences and samples in a window of time, joined as rules join them.

The database narrows down by columns, the matcher says which event a step lets in, engine/joining/ joins. The window is
read from its end in parts cut by time. What can be read within the bounds is joined, so an answer that was stopped is
exact for the newest stretch of the window, and says where that begins. Events of different teams are never joined.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import cast

from engine.document import Document
from engine.joining import Candidate, Match, candidates_of, order_of, settle
from engine.joining.keys import Key
from engine.languages.eql import EqlQuery
from engine.matcher import Expression, Matcher
from engine.pipelines.budget import BudgetExceeded
from engine.plan import Part, Plan, Sample, Step, parts_of
from engine.plan import Sequence as SequencePlan
from events.errors import TooDear
from events.overlaying import asked_among, matters, today
from events.resident import within
from events.searching import ORDINARY, Pass, Question, Window
from events.store import EventRef, StoredEvent, get_many
from events.stretches import Events, OutOfTime, cuts, whole
from events.turns import turn
from events.watching import Watch, nobody

MOST_CANDIDATES = 200_000
"""Events that the steps let in, some 300 bytes each."""
MOST_MATCHES = 100
MOST_PIPED = 1_000
BYTES = 500 * 1024 * 1024
_FIRST = 4_000
_LOOK_EVERY = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Joining = SequencePlan | Sample


@dataclass(frozen=True, slots=True)
class StepEvent:
    """What stands at a step: its event, or none where the step asks for one that is missing (or that is gone)."""

    step: int
    missing: bool
    event: StoredEvent | None


@dataclass(frozen=True, slots=True)
class Together:
    """Events that a sequence or sample is true of, and the values that they share."""

    team_id: int
    key: tuple[tuple[str, str | None], ...]
    steps: tuple[StepEvent, ...]
    at: datetime

    @property
    def started(self) -> datetime:
        """When its first event was."""
        return min((one.event.time for one in self.steps if one.event), default=self.at)


@dataclass(frozen=True, slots=True)
class Found:
    """The newest matches, newest first, and of how many they are. `back_to`: the answer is whole from there on.

    `stopped` says why it does not reach back to the beginning of the window: "time", "events", or nothing. `starts`:
    when the first event of each was, of those that are not shown too.
    """

    matches: list[Together]
    number: int
    back_to: datetime
    stopped: str
    examined: int
    seconds: float
    starts: tuple[datetime, ...] = ()


@dataclass
class _Bounds:
    """What a search may cost, and how far it has come."""

    deadline: float
    most_candidates: int
    watch: Watch
    examined: int = 0
    candidates: int = 0
    back_to: datetime | None = None

    def left(self) -> float:
        self.watch(self.examined, self.back_to)
        return self.deadline - monotonic()

    def count(self, number: int) -> None:
        """Raises: OutOfTime, _Crowded."""
        self.candidates += number
        if self.candidates > self.most_candidates:
            raise _Crowded
        if self.left() <= 0:
            raise OutOfTime


class _Crowded(Exception):  # noqa: N818
    """The steps let in more events than are held."""


@dataclass
class _Read:
    """The candidates of each team, and from when on all of them are there."""

    by_team: dict[int, list[Candidate]] = field(default_factory=dict)
    back_to: datetime = _EPOCH
    stopped: str = ""


def find(
    query: EqlQuery,
    *,
    window: Window,
    team_ids: Sequence[int],
    now: datetime,
    indices: Sequence[str] = ORDINARY,
    most: int = MOST_MATCHES,
    seconds: float = 10,
    most_candidates: int = MOST_CANDIDATES,
    watch: Watch = nobody,
) -> Found:
    """The newest `most` sequences or samples of a query that has a plan. An event that is missing counts as missing
    when its span is over by `now`.

    Raises: TooDear when joining alone takes too long or too much; Busy; Cancelled; PatternError.
    """
    plan = query.plan
    if plan is None:
        raise ValueError("events that nothing joins are found by events.searching")
    started = monotonic()
    with turn():
        bounds = _Bounds(started + seconds, most_candidates, watch)
        read = _candidates(query, plan, Question(query.tree, window, team_ids, indices), bounds)
        matches = _joined(plan, query, read, min(now, window.end), started + seconds * 1.5)
    newest = sorted(matches, key=lambda one: one[1].at, reverse=True)[:most]
    found = _with_events(plan, newest)
    took, starts = monotonic() - started, _starts(matches, read)
    return Found(found, len(matches), read.back_to, read.stopped, bounds.examined, took, starts)


def piped(
    query: EqlQuery,
    *,
    window: Window,
    team_ids: Sequence[int],
    indices: Sequence[str] = ORDINARY,
    seconds: float = 10,
    watch: Watch = nobody,
) -> tuple[list[StoredEvent], bool]:
    """The events of a query without a plan whose pipes choose the first or last of them (at most MOST_PIPED), newest
    first; and whether the time was up before. Raises: Cancelled."""
    first, *rest = query.pipes
    question = Question(query.tree, window, team_ids, indices)
    walk = Pass(question, newest_first=first.name == "tail", budget_seconds=seconds, watch=watch)
    some: list[StoredEvent] = []
    for event in walk:
        some.append(event)
        if len(some) >= min(first.count, MOST_PIPED):
            break
    ordered = some[::-1] if first.name == "tail" else some
    for pipe in rest:
        ordered = ordered[: pipe.count] if pipe.name == "head" else ordered[max(len(ordered) - pipe.count, 0) :]
    return ordered[::-1], walk.stopped


def _candidates(query: EqlQuery, plan: Joining, question: Question, bounds: _Bounds) -> _Read:
    """What the steps let in, part by part from the end of the window, for as long as the bounds allow."""
    parts = parts_of(query.tree, cast(Plan, plan), ())
    matcher = Matcher([Expression(part.name, part.tree) for part in parts])
    of_today = matters(query.tree) or _joins_by_what_changes(plan)
    read = _Read({team_id: [] for team_id in question.team_ids}, back_to=question.window.end)
    try:
        for part in cuts(question, bounds.left, _FIRST):
            for team_id in question.team_ids:
                of_team = replace(question, window=part, team_ids=[team_id])
                for number, stretch in enumerate(whole(of_team, bounds.left)):
                    events = stretch.events(named=True)
                    events = events.today(team_id) if of_today else events
                    day = stretch.block.day
                    read.by_team[team_id] += _of_events(plan, parts, matcher, team_id, day, events, number, bounds)
            read.back_to = bounds.back_to = part.start
    except (OutOfTime, _Crowded) as reason:
        read.stopped = "time" if isinstance(reason, OutOfTime) else "events"
        for team_id, some in read.by_team.items():
            read.by_team[team_id] = [one for one in some if one.at >= read.back_to]
    return read


def _joins_by_what_changes(plan: Joining) -> bool:
    """Whether alerts are joined by something that may be another since they were written."""
    return asked_among(key.field for step in plan.steps for key in step.by)


def _of_events(
    plan: Joining,
    parts: Sequence[Part],
    matcher: Matcher,
    team_id: int,
    day: date,
    events: Events,
    number: int,
    bounds: _Bounds,
) -> Iterator[Candidate]:
    """The candidates among the documents of one block; blocks come newest first, so older ones sort before."""
    hits = matcher.rows([("", line) for line in events.lines], normalised=True)
    documents: dict[int, Document] = {}
    bounds.examined += len(events.lines)
    bounds.count(0)
    for part in parts:
        for row in hits.get(part.name, ()):
            document = documents.get(row) or documents.setdefault(row, Document.of(events.lines[row]))
            at = _EPOCH + timedelta(microseconds=events.ticks[row])
            tiebreaker = None
            ref = EventRef(team_id, day, events.indices[row], events.uids[row])
            order = order_of(at, tiebreaker, (-number, row))
            made = candidates_of(plan, part.name, document, at=at, order=order, ref=ref)
            bounds.candidates += len(made)
            if row % _LOOK_EVERY == 0 or bounds.candidates > bounds.most_candidates:
                bounds.count(0)
            yield from made


def _joined(plan: Joining, query: EqlQuery, read: _Read, until: datetime, deadline: float) -> list[tuple[int, Match]]:
    """All matches with their teams, those that pipes leave; in the order of completion where there are pipes."""
    check = _check(deadline)
    found: list[tuple[int, Match]] = []
    try:
        for team_id, candidates in read.by_team.items():
            found += [(team_id, match) for match in settle(plan, candidates, until=until, check=check).matches]
    except BudgetExceeded as error:
        raise TooDear(str(error)) from None
    if query.pipes and isinstance(plan, SequencePlan):
        found.sort(key=lambda one: one[1].at)
    for pipe in query.pipes:
        found = found[: pipe.count] if pipe.name == "head" else found[max(len(found) - pipe.count, 0) :]
    return found


def _starts(matches: Sequence[tuple[int, Match]], read: _Read) -> tuple[datetime, ...]:
    """When each match began; one of nothing but missing events has no beginning."""
    firsts = {ref for _, match in matches for ref in match.refs if ref is not None}
    times = {one.ref: one.at for some in read.by_team.values() for one in some if one.ref in firsts}
    began = ([times[ref] for ref in match.refs if ref in times] for _, match in matches)
    return tuple(min(some) for some in began if some)


def _check(deadline: float) -> Callable[[], None]:
    room = within(BYTES)

    def check() -> None:
        room()
        if monotonic() > deadline:
            raise BudgetExceeded("joining the events took too long; narrow the steps or the time")

    return check


def _with_events(plan: Joining, matches: Iterable[tuple[int, Match]]) -> list[Together]:
    """The matches with their events read. Two queries for every five hundred events."""
    some = list(matches)
    refs = {cast(EventRef, ref) for _, match in some for ref in match.refs if ref is not None}
    events = {event.ref: event for event in today(get_many(refs).values())}
    steps = [(number, step) for number, step in enumerate(plan.steps, 1) for _ in range(step.runs)]
    return [
        Together(
            team_id,
            _key(plan.steps, match),
            tuple(
                StepEvent(number, step.missing, events.get(cast(EventRef, ref)) if ref is not None else None)
                for (number, step), ref in zip(steps, match.refs, strict=True)
            ),
            match.at,
        )
        for team_id, match in some
    ]


def _key(steps: Sequence[Step], match: Match) -> tuple[tuple[str, str | None], ...]:
    """The fields that the events share, by the names of the first step, with their values."""
    return tuple(zip((key.field for key in steps[0].by), cast(Key, match.key), strict=False))
