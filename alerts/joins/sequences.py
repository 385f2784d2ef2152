"""Sequences and samples: matches that have at least one new event, or that became certain because time went by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import cast

from alerts.facts import SequenceFacts, StepFacts, Term
from alerts.gathering import NEVER
from alerts.hits import Hit, Joined, Member
from alerts.identity import identity_of_joined
from alerts.joins.room import MOST_MATCHES, Chosen, Room
from alerts.joins.work import MOST_JUDGED_ANEW, Events, Found, Work, iso, keys_of, ref_of
from alerts.known import Known
from alerts.models import Kind
from engine import Document
from engine.joining import Candidate, Joining, Match, Order, candidates_of, settle
from engine.joining.keys import Key
from engine.plan import UNTIL, Sample, Step
from engine.plan import Sequence as SequencePlan
from events.store import EventRef
from rules.candidates import name_of

_TICK = timedelta(milliseconds=1)
Plan = SequencePlan | Sample


class _Crowded(Exception):  # noqa: N818
    """More matches became certain by time alone than one settling raises: they are to be told until here."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True)
class _Team:
    """A team's candidates, with the places of those that are new."""

    id: int
    new: Mapping[EventRef, Order]
    some: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked of the candidates of all teams, and what is known of their events."""

    work: Work
    plan: Plan
    events: Events
    room: Room
    known: Known

    def identity(self, match: Match) -> bytes:
        """That of the match's alert."""
        team_id = cast(EventRef, match.completing).team_id
        return identity_of_joined(self.work.rule.id, team_id, _kind(self.plan), _name(match))


def find_sequences(work: Work, plan: Plan) -> Found:
    """The sequences or samples that the new candidates complete, or that became certain; as many as there is room for.

    Where too many became certain at once, those that did so first; no event counts as missing after that."""
    until: datetime | None = None
    while True:
        try:
            found = _find(work if until is None else replace(work, until=until), plan)
        except _Crowded as crowded:
            until = crowded.until
        else:
            found.until = until
            return found


def _find(work: Work, plan: Plan) -> Found:
    bounded = _bounded(plan, work)
    found, ask = Found(), _Ask(work, bounded, Events(work), Room(), Known())
    for team in _teams(work, bounded):
        matches, due, chosen = _stable(ask, team)
        ask.room.take(len(matches), sum(len(_refs(match)) for match in matches))
        found.hits += [_hit(plan, work, match, ask.events) for match in matches]
        found.is_due(due)
        if chosen.some_left:
            found.left[team.id] = chosen.cut
    found.excepted = ask.events.excepted
    return found


def _bounded(plan: Plan, work: Work) -> Plan:
    """A sequence without a span of its own is bounded by the rule's look-back."""
    return replace(plan, maxspan=work.window) if isinstance(plan, SequencePlan) and plan.maxspan is None else plan


def waits(plan: object) -> bool:
    """Whether a match may become certain by time alone: the last step is a missing event."""
    return isinstance(plan, SequencePlan) and plan.steps[-1].missing


def _teams(work: Work, plan: Plan) -> Iterator[_Team]:
    """For each team: all the candidates that the new ones may join with, and these."""
    waiting = waits(plan)
    start, end = _stretch(work, waiting)
    if start is None or end is None:
        return
    blocks = work.heads(team_id=None, start=start, end=end)
    fresh = {head.id for head in work.fresh}
    for team_id in sorted({head.team_id for head in blocks}) if waiting else work.teams():
        mine = [head for head in blocks if head.team_id == team_id]
        if _needed(plan) <= {head.part for head in mine}:
            new = work.new(team_id)
            others = [head for head in mine if head.id not in fresh]
            known = work.known(others, start=start, end=end, keys=None if waiting else keys_of(new))
            yield _Team(team_id, {ref_of(one): one.order for one in new}, [*new, *known])


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


def _stable(ask: _Ask, team: _Team) -> tuple[list[Match], datetime | None, Chosen[Match]]:
    """Join; let today's exceptions take events out; join again, until all the events of all matches count, and all
    that keep matches from being found.

    Each round takes out at least one event more, and reads only events that were not read before.
    """
    times = {one.ref: one.at for one in team.some}
    while True:
        left = [one for one in team.some if one.ref not in ask.events.dropped]
        joining = _join(ask.work, ask.plan, left)
        wanted = _wanted(ask, team, joining, times)
        certain = [match for match in wanted if team.new.keys().isdisjoint(_refs(match))]
        _hold_back_crowd(ask, certain, times)
        chosen = ask.room.choose(
            [match for match in wanted if not team.new.keys().isdisjoint(_refs(match))],
            newest=lambda match: max(team.new[ref] for ref in _refs(match) if ref in team.new),
            size=lambda match: len(_refs(match)),
        )
        matches = [*certain, *chosen.items]
        all_count = ask.events.read(ref for match in matches for ref in _refs(match))
        against = _against(ask, team, left, wanted, times)
        ask.events.read(against)
        if all_count and not against:
            return matches, joining.due, chosen


def _wanted(ask: _Ask, team: _Team, joining: Joining, times: Mapping[object, datetime]) -> list[Match]:
    """The matches that have something new, or became certain, and are no alerts yet."""
    found = [
        one
        for one in joining.matches
        if not team.new.keys().isdisjoint(_refs(one)) or _just_due(ask.work, ask.plan, one, times)
    ]
    return ask.known.without(found, ask.identity)


def _just_due(work: Work, plan: Plan, match: Match, times: Mapping[object, datetime]) -> bool:
    """Whether the match became certain since the last settling: its last step's event is missing long enough now."""
    due = _due(plan, match, times)
    return due is not None and (work.settled_to is None or due > work.settled_to)


def _due(plan: Plan, match: Match, times: Mapping[object, datetime]) -> datetime | None:
    """When a match became certain that waits for its last step's event to be missing."""
    if not isinstance(plan, SequencePlan) or not waits(plan) or plan.maxspan is None:
        return None
    return times[match.completing] + plan.maxspan


def _hold_back_crowd(ask: _Ask, certain: Sequence[Match], times: Mapping[object, datetime]) -> None:
    """No more than there is room for becomes certain in one settling, but what does so at the same instant."""
    dues = sorted(due for match in certain if (due := _due(ask.plan, match, times)) is not None)
    if len(dues) > MOST_MATCHES and dues[MOST_MATCHES - 1] < ask.work.until:
        raise _Crowded(dues[MOST_MATCHES - 1])


def _against(
    ask: _Ask, team: _Team, left: Sequence[Candidate], wanted: Sequence[Match], times: Mapping[object, datetime]
) -> list[EventRef]:
    """Events that keep matches from being found and came before an exception that may cover them: `until` events, and
    those that should be missing. Of each key those within the stretch of what would be found without them."""
    negative = _negative(ask.plan) if ask.work.rule.exceptions else set()
    unsure = [one for one in left if one.part in negative and one.ref not in ask.events.judged]
    if not unsure or len(ask.events.judged) > MOST_JUDGED_ANEW:
        return []
    doubted = {(one.part, one.ref) for one in unsure}
    free = _join(ask.work, ask.plan, [one for one in left if (one.part, one.ref) not in doubted])
    found = {(match.key, match.refs) for match in wanted}
    kept_out = [match for match in _wanted(ask, team, free, times) if (match.key, match.refs) not in found]
    stretches: dict[object, tuple[datetime, datetime]] = {}
    for match in kept_out:
        at = [times[ref] for ref in _refs(match)]
        first, last = stretches.get(match.key, (min(at), max(at)))
        stretches[match.key] = min(first, *at), max(last, *at)
    around = {part: timedelta() if part == UNTIL else ask.work.reach for part in negative}
    return [ref_of(one) for one in unsure if _is_within(one, stretches.get(one.key), around[one.part])]


def _is_within(one: Candidate, stretch: tuple[datetime, datetime] | None, around: timedelta) -> bool:
    return stretch is not None and stretch[0] - around <= one.at <= stretch[1] + around


def _negative(plan: Plan) -> set[str]:
    """The filters whose events keep matches from being found."""
    missing = {str(number) for number, step in enumerate(plan.steps, 1) if step.missing}
    return missing | ({UNTIL} if isinstance(plan, SequencePlan) and plan.until is not None else set())


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


def _kind(plan: Plan) -> Kind:
    return Kind.SAMPLE if isinstance(plan, Sample) else Kind.SEQUENCE


def _name(match: Match) -> bytes:
    """What sets the match apart from others of the rule: its key and the event that completed it."""
    return blake2b(cast(bytes, match.key) + cast(EventRef, match.completing).uid, digest_size=16).digest()


def _hit(plan: Plan, work: Work, match: Match, events: Events) -> Hit:
    last = events.judged[cast(EventRef, match.completing)]
    joined = Joined(
        kind=_kind(plan),
        identity=_name(match),
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
