"""Indicators: new events meet the indicators that are known, and new indicators the events that are kept.

An event and an indicator belong together when some run of the rule, wherever it began, would have seen both: the event
within the look-back and the indicator within its own history.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from alerts.facts import IndicatorFacts, IndicatorMatch
from alerts.hits import Hit, Joined, Judged, Member
from alerts.identity import identity_of_event
from alerts.joins.room import Chosen, Room
from alerts.joins.work import Events, Found, Work, keys_of, ref_of
from alerts.known import Known
from alerts.models import Kind
from alerts.shells import MOST_INDICATORS
from engine import Document
from engine.joining import Candidate, Met, Order, key_text, meet
from engine.plan import EVENT, INDICATOR, Indicators, MappingEntry
from engine.tree import text_of
from events.store import EventRef


def find_indicators(work: Work, plan: Indicators) -> Found:
    """The events that meet an indicator, where the one or the other is new."""
    found, events, room, known = Found(), Events(work), Room(), Known()
    for team_id in work.teams():
        new = work.new(team_id)
        some = [*new, *_others(work, plan, team_id, new)]
        chosen = _stable(work, plan, {ref_of(one): one.order for one in new}, some, events, room, known)
        room.take(len(chosen.items), sum(map(_size, chosen.items)))
        found.hits += [_hit(plan, work, met, events) for met in chosen.items]
        if chosen.some_left:
            found.left[team_id] = chosen.cut
    found.excepted = events.excepted
    return found


def _others(work: Work, plan: Indicators, team_id: int, new: Sequence[Candidate]) -> Iterator[Candidate]:
    """Known indicators for what is new of events, and kept events for what is new of indicators."""
    fresh = {head.id for head in work.fresh}
    for part, other in ((EVENT, INDICATOR), (INDICATOR, EVENT)):
        mine = [one for one in new if one.part == part]
        if mine:
            before, after = (plan.history, work.window) if part == EVENT else (work.window, plan.history)
            start, end = min(one.at for one in mine) - before, max(one.at for one in mine) + after
            blocks = work.heads(team_id=team_id, start=start, end=end)
            others = [head for head in blocks if head.part == other and head.id not in fresh]
            yield from work.known(others, start=start, end=end, keys=keys_of(mine))


def _stable(
    work: Work,
    plan: Indicators,
    new: Mapping[EventRef, Order],
    some: Sequence[Candidate],
    events: Events,
    room: Room,
    known: Known,
) -> Chosen[Met]:
    """Meet; let today's exceptions take events out, and indicators that are gone; until all that is left counts.

    Only what is no alert yet, and as much as there is room for; `new` are the places of the new events.
    """
    times = {(one.part, one.ref): one.at for one in some}
    while True:
        left = [one for one in some if one.ref not in events.dropped]
        found = [
            met
            for met in (_in_time(work, plan, met, times) for met in meet(plan, left, check=work.allowance.check))
            if met.indicators and not new.keys().isdisjoint(_refs(met))
        ]
        unknown = known.without(found, lambda met: identity_of_event(work.rule.id, cast(EventRef, met.ref)))
        chosen = room.choose(unknown, newest=lambda met: max(new[ref] for ref in _refs(met) if ref in new), size=_size)
        indicators = [cast(EventRef, ref) for met in chosen.items for ref, _ in met.indicators[:MOST_INDICATORS]]
        all_there = events.read(indicators, part=INDICATOR)
        if events.read(cast(EventRef, met.ref) for met in chosen.items) and all_there:
            return chosen


def _refs(met: Met) -> list[EventRef]:
    return [cast(EventRef, ref) for ref in (met.ref, *(ref for ref, _ in met.indicators))]


def _size(met: Met) -> int:
    """How many events are read for it."""
    return 1 + min(len(met.indicators), MOST_INDICATORS)


def _in_time(work: Work, plan: Indicators, met: Met, times: Mapping[tuple[str, Any], datetime]) -> Met:
    """The event with those of the indicators that one run would have seen beside it."""
    at = times[EVENT, met.ref]
    together = tuple(
        (ref, entries)
        for ref, entries in met.indicators
        if times[INDICATOR, ref] <= at + work.window and at <= times[INDICATOR, ref] + plan.history
    )
    return replace(met, indicators=together)


def _hit(plan: Indicators, work: Work, met: Met, events: Events) -> Hit:
    one = events.judged[cast(EventRef, met.ref)]
    shown = [(events.judged[cast(EventRef, ref)], entries) for ref, entries in met.indicators[:MOST_INDICATORS]]
    matches = [match for indicator, entries in shown for match in _matches(plan, one, indicator, entries)]
    joined = Joined(
        kind=Kind.INDICATOR,
        identity=one.event.uid,
        facts=IndicatorFacts(matches).to_json(),
        members=tuple(Member("indicator", indicator) for indicator, _ in shown),
    )
    return Hit(work.rule, one.event, one.document, one.demo, joined=joined)


def _matches(
    plan: Indicators, event: Judged, indicator: Judged, entries: Iterable[MappingEntry]
) -> Iterator[IndicatorMatch]:
    """What agreed, entry by entry, and what the indicator says of itself."""
    about = _at_path(indicator.document, plan.path)
    for entry in entries:
        if not entry.negated:
            value = _agreed(entry, event.document, indicator.document)
            yield IndicatorMatch(entry.field, value, entry.value, about)


def _agreed(entry: MappingEntry, event: Document, indicator: Document) -> str:
    """The event's value that the indicator has."""
    named = {key_text(entry.field, value) for value in indicator.values(entry.value)}
    values = event.values(entry.field)
    return next((text_of(value) for value in values if key_text(entry.field, value) in named), "")


def _at_path(document: Document, path: str) -> dict[str, Any]:
    """The object at a path of the indicator's event, the first if there are several."""
    inner = next(iter(document.elements(path)), None)
    found = inner.raw.get(path) if inner is not None else None
    return found if isinstance(found, dict) else {}
