"""What a rule makes of the events it lets in, counted twice: with every event, and without those an exception takes.

One way of counting for each kind of rule, over what is kept of each event: a few values, never the event. The joins are
those of the engine; caps, suppression and folding are left out, since they follow from what else there was.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from engine import Document
from engine.joining import Candidate, candidates_of, join, meet, order_of
from engine.plan import INDICATOR, Indicators, Pipeline, Sample, Threshold
from engine.plan import Sequence as SequencePlan
from engine.rule_types.new_terms import terms_of
from engine.running.events import Event
from engine.running.pipelines import found_rows
from events.store import StoredEvent
from rules.ruleset import ActiveRule
from rules.schedule import by_ingest_time, history, interval, lookback, named_timestamp, spacing, tiebreaker

Alerts = Counter[Hashable]
"""How many alerts there are of each name: of joined events the key and the event that completes them."""
Check = Callable[[], None]
Excepts = Callable[[Document, bool], bool]
"""Whether a row is taken out: by what is in force, or also by what is tried."""
MOST_WINDOWS = 400


class Counting(Protocol):
    """Keeps what it needs of events, in whatever order they come, and counts alerts at the end."""

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:
        """One event that the rule's parts let in; `taken`: the exception takes it out."""

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:
        """The alerts of all events, or of those that the exception leaves."""


def counting_for(rule: ActiveRule, start: datetime, end: datetime, row_excepts: Excepts) -> Counting:
    """How the alerts of this rule are counted between two moments."""
    match rule.plan:
        case None if rule.definition.new_terms_fields:
            return NewTerms(rule, start)
        case None:
            return SingleEvents()
        case SequencePlan() | Sample() as plan:
            return Joined(rule, plan, end)
        case Threshold() as plan:
            return Counts(rule, plan)
        case Indicators() as plan:
            return Met(rule, plan)
        case Pipeline() as plan:
            return Rows(rule, plan, start, end, row_excepts)


def moment_by(rule: ActiveRule, event: StoredEvent) -> datetime:
    """When an event counts for the rule."""
    return event.ingested if by_ingest_time(rule.definition) else event.time


@dataclass(slots=True)
class SingleEvents:
    """An alert an event."""

    every: int = 0
    left: int = 0

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:  # noqa: ARG002 - all are called alike
        """Count it."""
        self.every += 1
        self.left += not taken

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:  # noqa: ARG002 - all are called alike
        """All of one name: which is which does not matter, since none is added."""
        return Counter({"event": self.left if excepted else self.every})


class _Seen(NamedTuple):
    at: datetime
    terms: tuple[str, ...]
    taken: bool


class NewTerms:
    """An alert where a combination of values had not been seen for as long as the rule remembers."""

    def __init__(self, rule: ActiveRule, start: datetime) -> None:
        self._rule = rule
        self._start = start
        self._length = history(rule.definition) or timedelta()
        self._kept: list[_Seen] = []

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:  # noqa: ARG002 - all are called alike
        """Its combinations."""
        at = moment_by(self._rule, event)
        self._kept += [_Seen(at, terms, taken) for terms in terms_of(self._rule.definition.new_terms_fields, document)]

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:
        """By combination."""
        last: dict[tuple[str, ...], datetime] = {}
        found = Alerts()
        for number, one in enumerate(sorted(self._kept)):
            if number % 1_000 == 0:
                check()
            if excepted and one.taken:
                continue
            before = last.get(one.terms)
            if one.at >= self._start and (before is None or one.at - before > self._length):
                found[one.terms] += 1
            last[one.terms] = one.at
        return found


@dataclass(slots=True)
class _Candidates:
    """Candidates, and which events the exception takes out of them."""

    rule: ActiveRule
    kept: list[Candidate]
    taken: set[Hashable]

    def keep(
        self, plan: SequencePlan | Sample | Threshold | Indicators, part: str, event: StoredEvent, document: Document
    ) -> None:
        field = named_timestamp(self.rule.definition)
        at = moment_by(self.rule, event) if isinstance(plan, Threshold | Indicators) or field else event.time
        ties = document.values(tiebreaker(self.rule.definition))
        order = order_of(at, ties[0] if ties else None, event.uid)
        self.kept += candidates_of(plan, part, document, at=at, order=order, ref=event.uid)

    def left(self, *, excepted: bool) -> list[Candidate]:
        return [one for one in self.kept if one.ref not in self.taken] if excepted else self.kept


class Joined:
    """Sequences and samples."""

    def __init__(self, rule: ActiveRule, plan: SequencePlan | Sample, end: datetime) -> None:
        self._end = end
        self._candidates = _Candidates(rule, [], set())
        # Without a span events that lie months apart would be joined.
        self._plan = _within(plan, lookback(rule.definition))

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:
        """Its candidates, of each part that let it in."""
        for part in parts:
            self._candidates.keep(self._plan, part, event, document)
        if taken:
            self._candidates.taken.add(event.uid)

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:
        """By join key and completing event, which is how alerts are told apart."""
        left = self._candidates.left(excepted=excepted)
        found = join(self._plan, left, until=self._end, check=check)
        return Counter({(one.key, one.completing) for one in found})


def _within(plan: SequencePlan | Sample, span: timedelta) -> SequencePlan | Sample:
    return replace(plan, maxspan=span) if isinstance(plan, SequencePlan) and plan.maxspan is None else plan


class Counts:
    """Threshold rules: an alert as soon as enough events of a group lie within the look-back; then they count anew."""

    def __init__(self, rule: ActiveRule, plan: Threshold) -> None:
        self._plan = plan
        self._within = lookback(rule.definition)
        self._candidates = _Candidates(rule, [], set())

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:
        """Its group."""
        self._candidates.keep(self._plan, parts[0], event, document)
        if taken:
            self._candidates.taken.add(event.uid)

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:
        """By group."""
        groups: dict[Hashable, list[Candidate]] = defaultdict(list)
        for one in self._candidates.left(excepted=excepted):
            groups[one.key].append(one)
        found = Alerts()
        for key, some in groups.items():
            check()
            if reached := self._reached(sorted(some, key=lambda one: one.order)):
                found[key] = reached
        return found

    def _reached(self, some: Iterable[Candidate]) -> int:
        waiting, reached = deque[Candidate](), 0
        for one in some:
            waiting.append(one)
            while waiting[0].at < one.at - self._within:
                waiting.popleft()
            if len(waiting) >= self._plan.value and self._is_varied(waiting):
                reached += 1
                waiting.clear()
        return reached

    def _is_varied(self, some: Iterable[Candidate]) -> bool:
        needed = self._plan.cardinality_value
        return not self._plan.cardinality_field or len({value for one in some for value in one.value}) >= needed


class Met:
    """Events that meet an indicator. The indicators are no events of the exception's: it is never asked of them."""

    def __init__(self, rule: ActiveRule, plan: Indicators) -> None:
        self._plan = plan
        self._candidates = _Candidates(rule, [], set())

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:
        """Its values, as an event or as an indicator."""
        for part in parts:
            self._candidates.keep(self._plan, part, event, document)
        if taken and INDICATOR not in parts:
            self._candidates.taken.add(event.uid)

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:  # noqa: ARG002 - all are called alike
        """By event."""
        return Counter({one.ref for one in meet(self._plan, self._candidates.left(excepted=excepted))})


class Rows:
    """What a pipeline makes of the events of each window, by the columns that tell its rows apart."""

    def __init__(self, rule: ActiveRule, plan: Pipeline, start: datetime, end: datetime, row_excepts: Excepts) -> None:
        self._plan = plan
        self._within = lookback(rule.definition)
        self._rule = rule
        self._ends = list(_ends(start, end, spacing(interval(rule.definition))))
        self._row_excepts = row_excepts
        self._kept: list[tuple[datetime, Event, bool]] = []

    def keep(self, parts: Sequence[str], event: StoredEvent, document: Document, *, taken: bool) -> None:  # noqa: ARG002 - all are called alike
        """The event as such: a query may ask for any of it."""
        names = {"_index": [event.index], "_id": [event.uid.hex()]}
        at = moment_by(self._rule, event)
        self._kept.append((at, Event(len(self._kept), event.index, document, names), taken))

    def alerts(self, *, excepted: bool, check: Check) -> Alerts:
        """Of groups by the values that they are told apart by, once for windows on end; else by event."""
        kept = sorted((one for one in self._kept if not (excepted and one[2])), key=lambda one: (one[0], one[1].line))
        if self._plan.at_once:
            return self._found([event for _, event, _ in kept], self._ends[-1], excepted=excepted)
        return self._in_windows(kept, excepted=excepted, check=check)

    def _in_windows(self, kept: Sequence[tuple[datetime, Event, bool]], *, excepted: bool, check: Check) -> Alerts:
        found, before = Alerts(), Alerts()
        for end, events in _windows(kept, self._ends, self._within):
            check()
            now = self._found(events, end, excepted=excepted) if events else Alerts()
            found += Alerts({name: 1 for name in now if name not in before})
            before = now
        return found

    def _found(self, events: Sequence[Event], now: datetime, *, excepted: bool) -> Alerts:
        names = Alerts()
        for lines, row in found_rows(self._plan, events, now):
            if self._row_excepts(Document.of({**row}), excepted):
                continue
            by = tuple(str(row.get(column)) for column in self._plan.by)
            names[by if self._plan.aggregating else lines] += 1
        return names


def _windows(
    kept: Sequence[tuple[datetime, Event, bool]], ends: Sequence[datetime], within: timedelta
) -> Iterator[tuple[datetime, list[Event]]]:
    """The events of each window, by its end; the windows and the events go forward side by side."""
    waiting, coming = deque[tuple[datetime, Event]](), deque((at, event) for at, event, _ in kept)
    for end in ends:
        while coming and coming[0][0] <= end:
            waiting.append(coming.popleft())
        while waiting and waiting[0][0] < end - within:
            waiting.popleft()
        yield end, [event for _, event in waiting]


def _ends(start: datetime, end: datetime, apart: timedelta) -> Iterator[datetime]:
    """Where windows end; further apart than in practice where there would be too many."""
    apart = max(apart, (end - start) / MOST_WINDOWS)
    at = start + apart
    while at < end:
        yield at
        at += apart
    yield end
