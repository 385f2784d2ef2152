"""Pipelines over windows: rules whose query looks at several events together, when they are settled.

The columns that the query asks for were kept when the events passed, so a window of hours costs what its candidates
cost; only the events of an alert are read. Windows end on a grid of the rule's clock (alerts/pipelines/windows.py), so
that neither order nor batches nor workers decide what is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import takewhile

from alerts.costs import SECONDS
from alerts.joins.room import MOST_MATCHES, MOST_MEMBERS
from alerts.joins.work import Found, Work, ref_of
from alerts.pipelines.groups_told import tell_groups
from alerts.pipelines.kept import Kept, KeptOtherwise, TooMuch, fits, load, readable
from alerts.pipelines.rows_told import tell_rows
from alerts.pipelines.team import Answer, Dropped, Team, Window
from alerts.pipelines.windows import MOST_WINDOWS, Piece, pieces_of, point_after
from engine.joining import Candidate
from engine.plan import Pipeline
from rules import marks
from rules.pipelines import Asked, asked_of
from rules.schedule import interval, spacing

MOST_RUN = 100_000
"""After so many events of windows, one by one, the rest is left to the next settling."""


def find_rows(work: Work, plan: Pipeline) -> Found:
    """The rows of the windows that new events come into, and of those that groups waited for that were told before.

    Raises: BudgetExceeded, TooCostly.
    """
    found, room, asked = Found(), _Room(), asked_of(plan)
    rested = _rested(work) if plan.aggregating else {}
    try:
        for team_id in sorted({*work.teams(), *rested}):
            _settle(work, asked, team_id, rested.get(team_id, set()), room, found)
    except KeptOtherwise:
        return Found(unreadable=True)
    return found


def _rested(work: Work) -> dict[int, set[datetime]]:
    """By team, where the windows end of groups that may alert again since the last settling."""
    every = interval(work.rule.definition)
    after, until = work.rested(every)
    times = marks.alert_times(rule_id=work.rule.id, logic_hash=work.rule.logic_hash, after=after, until=until)
    return {team_id: {point_after(at + every, spacing(every)) for at in some} for team_id, some in times.items()}


@dataclass(slots=True)
class _Room:
    """How much one settling does; what is left is done by the next, at once."""

    windows: int = MOST_WINDOWS
    events: int = MOST_RUN
    alerts: int = MOST_MATCHES
    members: int = MOST_MEMBERS

    @property
    def is_full(self) -> bool:
        return min(self.windows, self.events, self.alerts, self.members) <= 0

    def is_filled_by(self, answer: Answer) -> bool:
        return self._without(answer).is_full

    def take(self, answer: Answer) -> None:
        left = self._without(answer)
        self.windows, self.events, self.alerts, self.members = left.windows, left.events, left.alerts, left.members

    def _without(self, answer: Answer) -> "_Room":
        return replace(
            self,
            windows=self.windows - answer.windows,
            events=self.events - answer.events,
            alerts=self.alerts - len(answer.hits),
            members=self.members - answer.members,
        )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What one settling looks at: some of the new events, some of the windows that groups waited for, and all that is
    kept around them. `left`: up to when nobody waited for the windows that are left out."""

    some: Sequence[Candidate]
    rested: frozenset[datetime]
    kept: Kept
    left: datetime | None


def _settle(work: Work, asked: Asked, team_id: int, rested: set[datetime], room: _Room, found: Found) -> None:
    """Run a team's windows, without the events that turn out to count no more, until all that is told counts."""
    new = list(readable(work.new(team_id), asked.query))
    if room.is_full and not rested:
        found.left[team_id] = None
        return
    if not (new or rested):
        return
    loaded = _load(work, asked, team_id, [] if room.is_full else new, sorted(rested), room)
    new = [one._replace(value=()) for one in new]
    windows = _Windows(Team(work, asked, team_id, loaded.kept, map(ref_of, new)), loaded, room)
    while True:
        try:
            answer = windows.answer()
            break
        except Dropped:
            continue
    _tell(found, windows.team, answer)
    if answer.joined < len(new):
        found.left[team_id] = new[answer.joined - 1].order if answer.joined else None
    left = [at for at in (answer.until, loaded.left) if at is not None]
    found.until = min([*left, *([found.until] if found.until else [])], default=None)
    room.take(answer)


def _load(
    work: Work, asked: Asked, team_id: int, new: Sequence[Candidate], waited: Sequence[datetime], room: _Room
) -> _Loaded:
    """As much of what is to be looked at as can be looked at together; the rest is left.

    What groups waited for comes first, since nothing new makes anybody look at it.

    Raises: TooMuch when what lies around a single instant is.
    """
    rested = waited[: max(room.windows, 1)]
    while True:
        around, less = [*_ends(new), *rested], _less(new, rested)
        if less is None or fits(work, asked.query, team_id, len(new), around):
            try:
                kept = load(work, asked.query, team_id, new, around)
            except TooMuch:
                if less is None:
                    raise
            else:
                left = rested[-1] if len(rested) < len(waited) else None
                return _Loaded(new, frozenset(rested), kept, left)
        new, rested = less or (new, rested)


def _less(
    new: Sequence[Candidate], rested: Sequence[datetime]
) -> tuple[Sequence[Candidate], Sequence[datetime]] | None:
    """About half of what is to be looked at; None when that is a single instant."""
    if new and rested:
        return [], rested
    if len(rested) > 1:
        return [], rested[: len(rested) // 2]
    if new and new[0].at < new[-1].at:
        return new[: len(new) // 2], []
    return None


class _Windows:
    """The windows of a team that are run, in order."""

    def __init__(self, team: Team, loaded: _Loaded, room: _Room) -> None:
        self.team = team
        self._work = team.work
        self._loaded = loaded
        self._room = room
        self._interval = interval(team.work.rule.definition)
        self._apart = spacing(self._interval)
        self._runs: dict[tuple[datetime, frozenset[int]], Window] = {}

    def answer(self) -> Answer:
        """Run the windows that there is room for, in order.

        What there is no room for is left whole: an event is joined when all of its windows are run. Those of the first
        events always are, and the first that groups waited for, so that every settling comes further.
        """
        self.team.begin()
        answer, pieces, waited = Answer(), self._pieces(), set(self._loaded.rested)
        first = {*sorted(waited)[:1], *(pieces[0].points if pieces else ())}
        waiting = list({*waited, *(point for piece in pieces for point in piece.points)})
        heapify(waiting)
        done: set[datetime] = set()
        while waiting:
            end = heappop(waiting)
            if end in done:
                continue
            if end not in first and (end > self._loaded.kept.until or self._is_full(answer)):
                if end in waited and answer.until is None:
                    answer.until = max(done)
                continue
            done.add(end)
            for at in self._run(end, answer):
                if at > self._work.now:
                    answer.next_at = at if answer.next_at is None else min(answer.next_at, at)
                else:
                    waited.add(point_after(at, self._apart))
                    heappush(waiting, point_after(at, self._apart))
        joined = takewhile(lambda piece: done.issuperset(piece.points), pieces)
        answer.joined = max((piece.until for piece in joined), default=0)
        return answer

    def _pieces(self) -> list[Piece]:
        """As many of the new events as there is room for, at least the first."""
        times = [one.at for one in self._loaded.some]
        new = {one.ref for one in self._loaded.some}
        known = (one.at for one in self._loaded.kept.candidates if one.ref not in new)
        chosen: list[Piece] = []
        costs: dict[datetime, int] = {}
        total = 0
        for piece in pieces_of(times, known, window=self._work.window, interval=self._interval):
            fresh = {end: len(self._numbers(end)) for end in piece.points if end not in costs}
            costs, total = costs | fresh, total + sum(fresh.values())
            if chosen and (len(costs) > self._room.windows or total > self._room.events):
                break
            chosen.append(piece)
        return chosen

    def _numbers(self, end: datetime) -> range:
        return self._loaded.kept.between(end - self._work.window, end)

    def _is_full(self, answer: Answer) -> bool:
        return self._room.is_filled_by(answer) or self._work.allowance.left < SECONDS / 2

    def _run(self, end: datetime, answer: Answer) -> set[datetime]:
        """Run one window; returns when groups may alert that are to be quiet until then."""
        numbers = self._numbers(end)
        answer.windows, answer.events = answer.windows + 1, answer.events + len(numbers)
        window = self._window(end, numbers)
        self._work.allowance.check()
        if not window.rows:
            return set()
        if not self.team.asked.query.aggregating:
            tell_rows(self.team, window, answer)
            return set()
        return tell_groups(self.team, window, answer)

    def _window(self, end: datetime, numbers: Sequence[int]) -> Window:
        """A window's rows; run again only when one of its events is dropped."""
        kept, dropped = self._loaded.kept, self.team.events.dropped
        without = frozenset(number for number in numbers if kept.ref(number) in dropped) if dropped else _NONE
        if (end, without) not in self._runs:
            left = [number for number in numbers if number not in without] if without else numbers
            self._runs[end, without] = Window(end - self._work.window, end, *kept.run(left, now=end))
        return self._runs[end, without]


def _tell(found: Found, team: Team, answer: Answer) -> None:
    """Add what was found to what other teams' events came to."""
    found.hits += answer.hits
    found.marks += answer.marks
    found.over += answer.over
    found.excepted += [*team.events.excepted, *answer.excepted.values()]
    found.is_due(answer.next_at)


_NONE: frozenset[int] = frozenset()


def _ends(some: Sequence[Candidate]) -> list[datetime]:
    """When the first and the last of these were, which are in order."""
    return [some[0].at, some[-1].at] if some else []
