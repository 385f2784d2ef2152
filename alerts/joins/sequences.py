"""Sequences and samples: matches that have at least one new event, or that became certain because time went by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import cast

from alerts.facts import SequenceFacts, StepFacts, Term
from alerts.gathering import NEVER
from alerts.hits import Hit, Joined, Member
from alerts.joins.work import Events, Found, Work, iso, keys_of, ref_of
from alerts.models import Kind
from engine import Document
from engine.joining import Candidate, Joining, Match, candidates_of, settle
from engine.joining.keys import Key
from engine.plan import Sample, Step
from engine.plan import Sequence as SequencePlan
from events.store import EventRef
from rules.candidates import name_of

_TICK = timedelta(milliseconds=1)
Plan = SequencePlan | Sample


def find_sequences(work: Work, plan: Plan) -> Found:
    """The sequences or samples that the new candidates complete."""
    found, events = Found(), Events(work)
    bounded = _bounded(plan, work)
    for new, some in _teams(work, bounded):
        joining = _stable(work, bounded, new, some, events)
        found.hits += [_hit(plan, work, match, events) for match in joining.matches]
        found.is_due(joining.due)
    found.excepted = events.excepted
    return found


def _bounded(plan: Plan, work: Work) -> Plan:
    """A sequence without a span of its own is bounded by the rule's look-back."""
    return replace(plan, maxspan=work.window) if isinstance(plan, SequencePlan) and plan.maxspan is None else plan


def waits(plan: object) -> bool:
    """Whether a match may become certain by time alone: the last step is a missing event."""
    return isinstance(plan, SequencePlan) and plan.steps[-1].missing


def _teams(work: Work, plan: Plan) -> Iterator[tuple[set[EventRef], list[Candidate]]]:
    """For each team: the new events, and all the candidates that they may join with."""
    waiting = waits(plan)
    start, end = _stretch(work, waiting)
    if start is None or end is None:
        return
    blocks = work.heads(team_id=None, start=start, end=end)
    for team_id in sorted({head.team_id for head in blocks}) if waiting else work.teams():
        mine = [head for head in blocks if head.team_id == team_id]
        fresh = {head.id for head in work.fresh}
        if _needed(plan) <= {head.part for head in mine}:
            new = work.new(team_id)
            others = [head for head in mine if head.id not in fresh]
            known = work.known(others, start=start, end=end, keys=None if waiting else keys_of(new))
            yield {ref_of(one) for one in new}, [*new, *known]


def _stretch(work: Work, waiting: bool) -> tuple[datetime | None, datetime | None]:
    """The time from which and to which events may join with what is new, or with what has become certain."""
    starts, ends = [head.first_at for head in work.fresh], [head.last_at for head in work.fresh]
    if waiting:
        starts.append(min(work.settled_to or work.now, work.until))
        ends.append(work.now)
    if not starts:
        return None, None
    return min(starts) - work.reach, max(ends) + work.reach


def _needed(plan: Plan) -> set[str]:
    """The filters without which there is no match."""
    return {str(number) for number, step in enumerate(plan.steps, 1) if not step.missing}


def _stable(work: Work, plan: Plan, new: set[EventRef], some: list[Candidate], events: Events) -> Joining:
    """Join; let today's exceptions take events out; join again, until all the events of all matches count.

    Each round takes out at least one event more, and reads only events that were not read before.
    """
    times = {one.ref: one.at for one in some} if waits(plan) else {}
    while True:
        joining = _join(work, plan, [one for one in some if one.ref not in events.dropped])
        wanted = [one for one in joining.matches if not new.isdisjoint(_refs(one)) or _just_due(work, one, times)]
        if events.read(ref for match in wanted for ref in _refs(match)):
            return Joining(wanted, joining.due)


def _just_due(work: Work, match: Match, times: Mapping[object, datetime]) -> bool:
    """Whether the match became certain since the last settling: its last step's event is missing long enough now."""
    began = times.get(match.completing)
    return began is not None and (work.settled_to is None or began + work.reach > work.settled_to)


def _join(work: Work, plan: Plan, some: list[Candidate]) -> Joining:
    if isinstance(plan, Sample):
        return Joining(list(_samples(work, plan, some)))
    return settle(plan, some, until=work.until, check=work.allowance.check)


def _samples(work: Work, plan: Sample, some: Iterable[Candidate]) -> Iterator[Match]:
    """Samples whose events lie within the rule's look-back of each other: the first there is, then from there on."""
    by_key: dict[object, list[Candidate]] = defaultdict(list)
    for one in sorted(some, key=lambda one: one.order):
        by_key[one.key].append(one)
    for key_candidates in by_key.values():
        yield from _samples_of_key(work, plan, key_candidates)


def _samples_of_key(work: Work, plan: Sample, ordered: Sequence[Candidate]) -> Iterator[Match]:
    needed, begin = _needed(plan), 0
    while begin < len(ordered) and needed <= {one.part for one in islice(ordered, begin, None)}:
        work.allowance.check()
        end = ordered[begin].at + work.window
        within = [one for one in islice(ordered, begin, None) if one.at <= end]
        matches = settle(plan, within, until=work.until, check=work.allowance.check).matches
        yield from matches
        last = max((match.at for match in matches), default=ordered[begin].at)
        while begin < len(ordered) and ordered[begin].at <= last:
            begin += 1


def _refs(match: Match) -> list[EventRef]:
    return [cast(EventRef, ref) for ref in match.refs if ref is not None]


def _hit(plan: Plan, work: Work, match: Match, events: Events) -> Hit:
    last = events.judged[cast(EventRef, match.completing)]
    key = cast(bytes, match.key)
    joined = Joined(
        kind=Kind.SAMPLE if isinstance(plan, Sample) else Kind.SEQUENCE,
        identity=blake2b(key + last.event.uid, digest_size=16).digest(),
        facts=_facts(plan, match, events).to_json(),
        members=tuple(
            Member(f"step {number}", events.judged[cast(EventRef, ref)])
            for number, ref in _places(plan, match)
            if ref is not None
        ),
    )
    return Hit(work.rule, last.event, last.document, last.demo, joined=joined)


def _places(plan: Plan, match: Match) -> Iterator[tuple[int, object]]:
    """The number of the step for each place of a match: a step with runs has several."""
    numbers = [number for number, step in enumerate(plan.steps, 1) for _ in range(step.runs)]
    return zip(numbers, match.refs, strict=True)


def _facts(plan: Plan, match: Match, events: Events) -> SequenceFacts:
    steps = [_step_facts(number, cast(EventRef | None, ref), events) for number, ref in _places(plan, match)]
    span = plan.maxspan // _TICK if isinstance(plan, SequencePlan) and plan.maxspan is not None else None
    return SequenceFacts(_terms(plan, match, events), span, steps)


def _step_facts(number: int, ref: EventRef | None, events: Events) -> StepFacts:
    if ref is None:
        return StepFacts(number, None, True, None)
    return StepFacts(number, ref.uid.hex(), False, iso(events.judged[ref].event.time))


def _terms(plan: Plan, match: Match, events: Events) -> list[Term]:
    """What the events share, by the names of the fields of the first that is there."""
    number, ref = next((number, ref) for number, ref in _places(plan, match) if ref is not None)
    step = plan.steps[number - 1]
    key = _key(plan, str(number), events.judged[cast(EventRef, ref)].document, match)
    return [Term(by.field, value) for by, value in zip(step.by, key, strict=True)]


def _key(plan: Plan, part: str, document: Document, match: Match) -> Key:
    """The key in full: of the event's keys the one that has the name under which the match was found."""
    keys = [cast(Key, one.key) for one in candidates_of(plan, part, document, at=NEVER, order=(), ref=None)]
    step: Step = plan.steps[int(part) - 1]
    return next((key for key in keys if name_of(key) == match.key), (None,) * len(step.by))
