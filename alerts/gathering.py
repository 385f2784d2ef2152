"""From events that a rule's filters let in to the candidates that are kept of them, for rules that join events."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

from alerts.hits import Judged
from alerts.newness import time_of
from engine import index_matches, matches
from engine.joining import Candidate, Check, candidates_of
from engine.joining.candidates import CHECK_EVERY
from engine.joining.keys import Key
from engine.plan import UNTIL, Plan, Sample, Threshold
from engine.plan import Sequence as SequencePlan
from engine.scalars import instant_of
from engine.tree import Scalar
from events.store import EventRef
from rules.candidates import Memory, name_of, order, short
from rules.ruleset import ActiveRule
from rules.schedule import interval, lookback

SEQUENCE_FIELD = "event.sequence"
NEVER = datetime.min.replace(tzinfo=UTC)
Named: TypeAlias = tuple[bytes, tuple[str, ...]]
ByPart = Mapping[str, Sequence[Judged]]
"""What each filter of a rule (by name) let through."""


def memory_of(rule: ActiveRule) -> Memory:
    """Under which name the rule's candidates are kept."""
    return Memory(rule.id, rule.logic_hash)


class Shared:
    """What the rules of one pass have in common: an event's keys by the same fields are worked out once.

    Events are known by their objects, which must live as long as this.
    """

    def __init__(self) -> None:
        self._keys: dict[tuple[int, Hashable], list[Named]] = {}
        self._refs: dict[int, EventRef] = {}

    def ref(self, judged: Judged) -> EventRef:
        """Where the event lies."""
        known = self._refs.get(id(judged))
        if known is None:
            known = self._refs[id(judged)] = judged.event.ref
        return known

    def keys(self, plan: Plan, part: str, judged: Judged) -> list[Named]:
        """The names of the event's keys, each with what else the plan asks of the event."""
        place = (id(judged), _asked(plan, part))
        known = self._keys.get(place)
        if known is None:
            some = candidates_of(plan, part, judged.document, at=NEVER, order=(), ref=None)
            known = self._keys[place] = [(name_of(cast(Key, one.key)), tuple(map(short, one.value))) for one in some]
        return known


def _asked(plan: Plan, part: str) -> Hashable:
    """What the keys of an event depend on besides the event."""
    match plan:
        case SequencePlan() if part == UNTIL and plan.until is not None:
            return plan.until.by
        case SequencePlan() | Sample():
            return plan.steps[int(part) - 1].by
        case Threshold():
            return (plan.fields, plan.cardinality_field)
    return (plan.items, part)


def gather(
    rule: ActiveRule, plan: Plan, found: ByPart, check: Check | None = None, shared: Shared | None = None
) -> list[Candidate]:
    """The candidates of one pass. Costs some microseconds an event and key.

    Several events of one instant are ordered by the rule's tie-breaking field, else by `event.sequence`, else by the
    step that they fit; never by their arrival, since that may differ.
    """
    shared = shared or Shared()
    ranks = _ranks(rule, found, shared)
    candidates: list[Candidate] = []
    for part, events in found.items():
        for number, judged in enumerate(events):
            if check is not None and number % CHECK_EVERY == 0:
                check()
            ref = shared.ref(judged)
            at = place_in_time(rule, plan, judged)
            place = order(at, _tiebreaker(rule, judged), ranks[ref], ref.uid)
            candidates += [
                Candidate(part, key, at, place, ref, value) for key, value in shared.keys(plan, part, judged)
            ]
    return candidates


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


def _ranks(rule: ActiveRule, found: ByPart, shared: Shared) -> dict[EventRef, int]:
    """The number of the first filter that let each event in."""
    ranks: dict[EventRef, int] = {}
    for number, part in enumerate(rule.parts):
        for judged in found.get(part.name, ()):
            ranks.setdefault(shared.ref(judged), number)
    return ranks


def place_in_time(rule: ActiveRule, plan: Plan, judged: Judged) -> datetime:
    """The time by which the rule joins: sequences and samples by what happened when, the rest by the rule's own clock.

    By that clock an event whose agent's clock is ahead came when it arrived.
    """
    if not isinstance(plan, SequencePlan | Sample):
        return min(time_of(rule, judged), judged.event.ingested)
    named = rule.definition.raw.get("timestamp_field")
    values = judged.document.values(named) if isinstance(named, str) else ()
    instants = (instant_of(value) for value in values)
    return next((instant for instant in instants if instant is not None), judged.event.time)


def _tiebreaker(rule: ActiveRule, judged: Judged) -> Scalar | None:
    named = rule.definition.raw.get("tiebreaker_field")
    values = judged.document.values(named if isinstance(named, str) else SEQUENCE_FIELD)
    return values[0] if values else None
