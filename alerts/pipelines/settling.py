"""Pipelines over windows: rules whose query looks at several events together, when they are settled.

The columns that the query asks for were kept when the events passed, so a window of hours costs what its candidates
cost; only the events of an alert are read. Windows end on a grid of the rule's clock (alerts/pipelines/windows.py), so
that neither order nor batches nor workers decide what is found.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import takewhile

from alerts.costs import SECONDS
from alerts.hits import Excepted, Hit, Joined, Member
from alerts.identity import identity_of_event
from alerts.joins.room import MOST_MATCHES, MOST_MEMBERS
from alerts.joins.work import Events, Found, Work, ref_of
from alerts.known import Known
from alerts.models import Kind
from alerts.pipelines.groups import Group, judge, name_of_group
from alerts.pipelines.kept import Row, load, most_at_once
from alerts.pipelines.overlay import over
from alerts.pipelines.rows import RowTold, Source, facts_of_row, name_of_row, row_of
from alerts.pipelines.windows import MOST_WINDOWS, Piece, pieces_of, point_after, spacing
from alerts.shells import MOST_EVENTS, shared
from engine import Document
from engine.joining import Candidate
from engine.pipelines.schema import ResultColumn
from engine.plan import Pipeline
from events.store import EventRef
from rules import marks
from rules.marks import Mark, Span
from rules.pipelines import Asked, asked_of
from rules.schedule import interval

MOST_JUDGED_ANEW = 5_000
"""So many events of a group are asked again whether an exception covers them; they all were when they came."""
MOST_RUN = 100_000
"""After so many events of windows, one by one, the rest is left to the next settling."""


def find_rows(work: Work, plan: Pipeline) -> Found:
    """The rows of the windows that new events come into, and of those that groups waited for that were told before.

    Raises: BudgetExceeded, TooCostly.
    """
    found, room = Found(), _Room()
    rested = _rested(work) if plan.aggregating else {}
    for team_id in sorted({*work.teams(), *rested}):
        team = _Team(work, asked_of(plan), team_id, room, rested.get(team_id, set()))
        team.settle(found)
    return found


def _rested(work: Work) -> dict[int, set[datetime]]:
    """By team, where the windows end of groups that may alert again since the last settling."""
    every = interval(work.rule.definition)
    since = work.settled_to or work.now
    times = marks.alert_times(
        rule_id=work.rule.id, logic_hash=work.rule.logic_hash, after=since - every, until=work.now - every
    )
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


class _Dropped(Exception):  # noqa: N818
    """Events turned out to count no more: begin again without them."""


@dataclass(slots=True)
class _Answer:
    """What one try at a team's windows found."""

    hits: list[Hit] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    excepted: dict[tuple[EventRef, int], Excepted] = field(default_factory=dict)
    next_at: datetime | None = None
    joined: int = 0
    over: int = 0
    members: int = 0
    windows: int = 0
    events: int = 0


class _Team:
    """One team's events, and the windows of them that are run."""

    def __init__(self, work: Work, asked: Asked, team_id: int, room: _Room, rested: set[datetime]) -> None:
        self._work = work
        self._asked = asked
        self._id = team_id
        self._room = room
        self._rested = rested
        self._interval = interval(work.rule.definition)
        self._apart = spacing(self._interval)
        self._events = Events(work)
        self._known = Known()
        self._runs: dict[tuple[datetime, frozenset[int]], tuple[Sequence[ResultColumn], list[Row]]] = {}
        self._spans: dict[bytes, list[Span]] = {}

    def settle(self, found: Found) -> None:
        """Run the windows, without the events that turn out to count no more, until all that is told counts."""
        new = self._work.new(self._id)
        some = [] if self._room.is_full else self._fitting(new)
        if some and self._rested and len(some) + self._known_around([*_ends(some), *self._rested]) > self._most:
            some = []  # the windows that groups waited for come first, since nobody waits for them later
        self._new, times = {one.ref for one in new}, [one.at for one in some]
        around = [*times, *self._rested]
        if not around:
            if new:
                found.left[self._id] = None
            return
        self._kept = load(self._work, self._asked.query, self._id, some, around)
        while True:
            try:
                answer = self._answer(times)
                break
            except _Dropped:
                continue
        self._tell(found, answer, new, some)

    def _fitting(self, new: Sequence[Candidate]) -> Sequence[Candidate]:
        """As many of the new events as can be looked at with those around them; the rest is left."""
        while new and len(new) + self._known_around(_ends(new)) > self._most and new[0].at < new[-1].at:
            new = new[: len(new) // 2]
        return new

    @property
    def _most(self) -> int:
        return most_at_once(self._asked.query)

    def _known_around(self, times: Sequence[datetime]) -> int:
        """How many others may lie around these: some of their blocks may reach further."""
        start, end = min(times) - self._work.window, max(times) + self._work.window
        fresh = {head.id for head in self._work.fresh}
        heads = self._work.heads(team_id=self._id, start=start, end=end)
        return sum(head.count for head in heads if head.id not in fresh)

    def _answer(self, times: Sequence[datetime]) -> _Answer:
        """Run the windows that there is room for, in order.

        What there is no room for is left whole: an event is joined when all of its windows are run. Those of the first
        events always are, so that every settling comes further.
        """
        answer = _Answer()
        self._spans, pieces = {}, self._pieces(times)
        waiting = sorted({*self._rested, *(point for piece in pieces for point in piece.points)})
        first = self._rested | set(pieces[0].points if pieces else ())
        heapify(waiting)
        done: set[datetime] = set()
        full = False
        while waiting:
            end = heappop(waiting)
            if end in done or (full and end not in first):
                continue
            done.add(end)
            for at in self._window(end, answer):
                if at > self._work.now:
                    answer.next_at = at if answer.next_at is None else min(answer.next_at, at)
                else:
                    first.add(point_after(at, self._apart))
                    heappush(waiting, point_after(at, self._apart))
            full = full or self._is_enough(answer)
        joined = takewhile(lambda piece: done.issuperset(piece.points), pieces)
        answer.joined = max((piece.until for piece in joined), default=0)
        return answer

    def _pieces(self, times: Sequence[datetime]) -> list[Piece]:
        """As many of the new events as there is room for, at least the first."""
        known = (one.at for one in self._kept.candidates if one.ref not in self._new)
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
        return self._kept.between(end - self._work.window, end)

    def _is_enough(self, answer: _Answer) -> bool:
        room = self._room
        return (
            answer.windows >= room.windows
            or answer.events >= room.events
            or len(answer.hits) >= room.alerts
            or answer.members >= room.members
            or self._work.allowance.left < SECONDS / 2
        )

    def _window(self, end: datetime, answer: _Answer) -> set[datetime]:
        """Run one window; returns when groups may alert that are to be quiet until then."""
        start = end - self._work.window
        numbers = self._numbers(end)
        answer.windows, answer.events = answer.windows + 1, answer.events + len(numbers)
        columns, rows = self._run(end, numbers)
        self._work.allowance.check()
        if not rows:
            return set()
        if not self._asked.query.aggregating:
            self._tell_rows(columns, rows, (start, end), answer)
            return set()
        return self._tell_groups(columns, rows, (start, end), answer)

    def _run(self, end: datetime, numbers: Sequence[int]) -> tuple[Sequence[ResultColumn], list[Row]]:
        """A window's rows; run again only when one of its events is dropped."""
        candidates, dropped = self._kept.candidates, self._events.dropped
        without = frozenset(number for number in numbers if ref_of(candidates[number]) in dropped) if dropped else _NONE
        if (end, without) not in self._runs:
            left = [number for number in numbers if number not in without] if without else numbers
            self._runs[end, without] = self._kept.run(left, now=end)
        return self._runs[end, without]

    # Rows of single events

    def _tell_rows(
        self, columns: Sequence[ResultColumn], rows: Iterable[Row], window: tuple[datetime, datetime], answer: _Answer
    ) -> None:
        """A hit for each event that has a row, once; for each value where a column was expanded."""
        told = {(hit.event.ref, _name(hit)) for hit in answer.hits}
        named: dict[tuple[EventRef, bytes], list[tuple[Row, RowTold]]] = defaultdict(list)
        for row in rows:
            shown = row_of(columns, row.values)
            named[self._ref(row.events[-1]), name_of_row(self._asked, shown)].append((row, shown))
        fresh = [one for one in named.items() if one[0] not in told]
        fresh = self._known.without(fresh, lambda one: identity_of_event(self._work.rule.id, *one[0]))
        answer.over += len(fresh[self._most_told :])
        del fresh[self._most_told :]
        self._read(ref for (ref, _), _ in fresh)
        for (ref, name), same in fresh:
            self._work.allowance.check()
            document = self._events.judged[ref].document
            for row, shown in same:
                if not self._is_excepted(over(document, shown.fields), ref, row, answer):
                    self._tell_row(ref, name, shown, window, answer)
                    break

    def _tell_row(
        self, ref: EventRef, name: bytes, shown: RowTold, window: tuple[datetime, datetime], answer: _Answer
    ) -> None:
        one = self._events.judged[ref]
        facts = facts_of_row(self._asked, shown, Source(1, one.event.time, one.event.time), window=window)
        joined = Joined(Kind.ROW, name, facts.to_json())
        answer.hits.append(Hit(self._work.rule, one.event, one.document, one.demo, joined=joined, row=shown.fields))
        answer.members += 1

    # Rows of groups

    def _tell_groups(
        self, columns: Sequence[ResultColumn], rows: list[Row], window: tuple[datetime, datetime], answer: _Answer
    ) -> set[datetime]:
        """A hit for each group that alerts."""
        end = window[1]
        judged = judge(
            rows,
            lambda numbers: self._kept.run(numbers, now=end)[1],
            times=self._kept.times,
            spans=self._spans_of(rows),
            end=end,
            interval=self._interval,
            check=self._work.allowance.check,
        )
        judged.alerts.sort(key=lambda group: (group.events[-1], group.name))
        answer.over += len(judged.alerts[self._most_told :])
        del judged.alerts[self._most_told :]
        self._read(self._ref(number) for group in judged.alerts for number in group.events[-self._asked_anew :])
        for group in judged.alerts:
            self._work.allowance.check()
            self._tell_group(columns, group, window, answer)
        return judged.quiet_until

    @property
    def _asked_anew(self) -> int:
        about_events = any(not item.on_row for item in self._work.rule.exceptions)
        return MOST_JUDGED_ANEW if about_events else MOST_EVENTS

    def _spans_of(self, rows: Iterable[Row]) -> dict[bytes, list[Span]]:
        """What alerts of these groups have counted. One query for those that were not asked for."""
        names = {name_of_group(row.key) for row in rows}
        unknown = names - self._spans.keys()
        if unknown:
            since = self._kept.times[0] - self._interval
            stored = marks.spans_of(
                rule_id=self._work.rule.id,
                logic_hash=self._work.rule.logic_hash,
                team_id=self._id,
                groups=unknown,
                since=since,
            )
            self._spans |= {name: stored.get(name, []) for name in unknown}
        return self._spans

    def _tell_group(
        self, columns: Sequence[ResultColumn], group: Group, window: tuple[datetime, datetime], answer: _Answer
    ) -> None:
        """The hit of a group, and what it counts from now on; nothing where an exception covers its row."""
        shown = row_of(columns, group.row.values)
        members = tuple(
            Member("event", self._events.judged[self._ref(number)]) for number in group.events[-MOST_EVENTS:]
        )
        last, times = members[-1].judged, self._kept.times
        document = over(_shared(members), shown.fields)
        if self._is_excepted(document, last.event.ref, group.row, answer):
            return
        span = Span(times[group.events[0]], times[group.events[-1]], window[1])
        source = Source(len(group.events), span.first_at, span.last_at)
        facts = facts_of_row(self._asked, shown, source, window=window)
        joined = Joined(Kind.GROUP, group.name, facts.to_json(), members)
        answer.hits.append(Hit(self._work.rule, last.event, last.document, last.demo, joined=joined, row=shown.fields))
        answer.marks.append(Mark(self._work.rule.logic_hash, self._id, group.name, span))
        self._spans[group.name] = sorted([*self._spans[group.name], span])
        answer.members += len(members)

    # Both

    @property
    def _most_told(self) -> int:
        """So many rows of one window may become alerts; the others are counted as over the maximum."""
        return max(self._work.rule.definition.max_signals, MOST_MATCHES)

    def _ref(self, number: int) -> EventRef:
        return ref_of(self._kept.candidates[number])

    def _read(self, refs: Iterable[EventRef]) -> None:
        """Read events; begin again when one of them counts no more."""
        if not self._events.read(refs):
            raise _Dropped

    def _is_excepted(self, document: Document, ref: EventRef, row: Row, answer: _Answer) -> bool:
        """Whether an exception about what the query makes covers the row; noted where the row has something new."""
        rule = self._work.rule
        item_id = rule.row_excepted_by(document) if rule.exceptions else None
        if item_id is None:
            return False
        if any(self._ref(number) in self._new for number in row.events):
            answer.excepted[ref, item_id] = Excepted(rule, self._events.judged[ref].event, item_id)
        return True

    def _tell(self, found: Found, answer: _Answer, new: Sequence[Candidate], some: Sequence[Candidate]) -> None:
        """Add what was found to what other teams' events came to."""
        found.hits += answer.hits
        found.marks += answer.marks
        found.over += answer.over
        found.excepted += [*self._events.excepted, *answer.excepted.values()]
        found.is_due(answer.next_at)
        if answer.joined < len(new):
            found.left[self._id] = some[answer.joined - 1].order if answer.joined else None
        room = self._room
        room.windows, room.events = room.windows - answer.windows, room.events - answer.events
        room.alerts, room.members = room.alerts - len(answer.hits), room.members - answer.members


_NONE: frozenset[int] = frozenset()


def _ends(some: Sequence[Candidate]) -> list[datetime]:
    """When the first and the last of these were, which are in order."""
    return [some[0].at, some[-1].at]


def _name(hit: Hit) -> bytes:
    """Which of its event's rows a hit is."""
    return hit.joined.identity if hit.joined else b""


def _shared(members: Sequence[Member]) -> Document:
    """What the events of a group share."""
    if len(members) == 1:
        return members[0].judged.document
    return Document.of(shared(member.judged.document.raw for member in members))
