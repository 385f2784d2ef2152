"""From events that a rule's filters let in to the candidates that are kept of them, for rules that join events."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

from alerts.hits import Judged
from engine import index_matches, matches
from engine.joining import Check, candidates_of
from engine.joining.candidates import CHECK_EVERY
from engine.joining.keys import Key
from engine.plan import UNTIL, Joining, Plan, Sample, Threshold
from engine.plan import Sequence as SequencePlan
from engine.scalars import instant_of
from rules.candidates import Kept, Memory, name_of, short
from rules.packing import Moment, Place, Row, Stack, moment_of, stacks_of
from rules.ruleset import ActiveRule
from rules.schedule import by_ingest_time, interval, lookback, named_timestamp, tiebreaker

NEVER = datetime.min.replace(tzinfo=UTC)
Named: TypeAlias = tuple[bytes, tuple[str, ...]]
Stacks: TypeAlias = list[tuple[int, Stack]]
"""What is kept, by team."""
ByPart = Mapping[str, Sequence[Judged]]
"""What each filter of a rule (by name) let through."""


def memory_of(rule: ActiveRule) -> Memory:
    """Under which name the rule's candidates are kept."""
    return Memory(rule.id, rule.logic_hash)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time by which a rule joins: sequences and samples by what happened when, the rest by the rule's own clock.

    By that clock an event whose agent's clock is ahead came when it arrived. `timestamp` is a field that is named for
    it; `tiebreaker` is the field that orders events of one instant.
    """

    in_order: bool
    by_arrival: bool
    timestamp: str | None
    tiebreaker: str

    @classmethod
    def of(cls, rule: ActiveRule, plan: Plan) -> "Clock":
        """A rule's clock."""
        in_order = isinstance(plan, SequencePlan | Sample)
        named = named_timestamp(rule.definition) if in_order else None
        return cls(in_order, not in_order and by_ingest_time(rule.definition), named, tiebreaker(rule.definition))

    def moment(self, judged: Judged) -> Moment:
        """The event's place in time."""
        ties = judged.document.values(self.tiebreaker)
        return moment_of(self._at(judged), ties[0] if ties else None)

    def _at(self, judged: Judged) -> datetime:
        event = judged.event
        if not self.in_order:
            return event.ingested if self.by_arrival else min(event.time, event.ingested)
        values = judged.document.values(self.timestamp) if self.timestamp else ()
        instants = (instant_of(value) for value in values)
        return next((instant for instant in instants if instant is not None), event.time)


class Shared:
    """What the rules of one pass have in common: an event's keys by the same fields are worked out once, and so are its
    place in time by the same clock, and what is kept where filters of several rules let the same events in.

    Events are known by their objects, which must live as long as this.
    """

    def __init__(self) -> None:
        self._keys: dict[Hashable, dict[int, list[Named]]] = defaultdict(dict)
        self._moments: dict[Clock, dict[int, Moment]] = defaultdict(dict)
        self._places: dict[int, Place] = {}
        self._stacks: dict[Hashable, Stacks] = {}

    def stacks(
        self, plan: Joining, part: str, clock: Clock, events: Sequence[Judged], ranks: Sequence[int], check: Check
    ) -> Stacks:
        """What is kept of the events that a filter let in; each has as rank the number of the first that did."""
        asked = _asked(plan, part)
        same = (asked, clock, tuple(ranks), tuple(map(id, events)))
        known = self._stacks.get(same)
        if known is None:
            rows: dict[int, list[Row]] = defaultdict(list)
            keys, moments = self._keys[asked], self._moments[clock]
            for number, (judged, rank) in enumerate(zip(events, ranks, strict=True)):
                if number % CHECK_EVERY == 0:
                    check()
                name, event = id(judged), judged.event
                if name not in keys:
                    keys[name] = _keys(plan, part, judged)
                if not keys[name]:
                    continue
                if name not in moments:
                    moments[name] = clock.moment(judged)
                tick, kind, tie = moments[name]
                place = self._places.get(name) or self._place(judged)
                mine = rows[event.team_id]
                for key, value in keys[name]:
                    mine.append((tick, kind, tie, rank, event.uid, key, place, value))
            known = [(team_id, stack) for team_id, some in sorted(rows.items()) for stack in stacks_of(some)]
            self._stacks[same] = known
        return known

    def _place(self, judged: Judged) -> Place:
        place = self._places[id(judged)] = (judged.event.index, judged.event.day.toordinal())
        return place


def _keys(plan: Joining, part: str, judged: Judged) -> list[Named]:
    """The names of the event's keys, each with what else the plan asks of the event."""
    some = candidates_of(plan, part, judged.document, at=NEVER, order=(), ref=None)
    return [(name_of(cast(Key, one.key)), tuple(map(short, one.value))) for one in some]


def _asked(plan: Joining, part: str) -> Hashable:
    """What the keys of an event depend on besides the event."""
    match plan:
        case SequencePlan() if part == UNTIL and plan.until is not None:
            return plan.until.by
        case SequencePlan() | Sample():
            return plan.steps[int(part) - 1].by
        case Threshold():
            return (plan.fields, plan.cardinality_field)
    return (plan.items, part)


def gather(rule: ActiveRule, plan: Joining, found: ByPart, check: Check, shared: Shared) -> list[Kept]:
    """What is kept of the events of one pass. Costs a microsecond or two an event and key.

    Several events of one instant are ordered by the rule's tie-breaking field, else by `event.sequence`, else by the
    step that they fit; never by their arrival, since that may differ.
    """
    clock = Clock.of(rule, plan)
    first: dict[int, int] = {}
    kept: list[Kept] = []
    for number, part in enumerate(rule.parts):
        events = found.get(part.name, ())
        ranks = [first.setdefault(id(judged), number) for judged in events]
        stacks = shared.stacks(plan, part.name, clock, events, ranks, check) if events else ()
        kept += [Kept(part.name, team_id, stack) for team_id, stack in stacks]
    return kept


def by_part(rule: ActiveRule, events: Sequence[Judged]) -> dict[str, list[Judged]]:
    """The events that each of the rule's filters lets in, as the rule is today; for events that come one by one."""
    found: dict[str, list[Judged]] = {}
    for part in rule.parts:
        for judged in events:
            if index_matches(part.indices, judged.event.index) and matches(part.tree, judged.document):
                found.setdefault(part.name, []).append(judged)
    return found


def reach_of(rule: ActiveRule) -> timedelta:
    """How far apart the events of one alert may lie by the rule's time: candidates are kept and read that far."""
    plan, window = rule.plan, max(lookback(rule.definition), interval(rule.definition))
    if not isinstance(plan, SequencePlan):
        return window
    if plan.maxspan is None:
        return window
    # Whether an event is missing before the first one is a question about one more span.
    return plan.maxspan * (2 if any(step.missing for step in plan.steps) else 1)
