"""Indicator match: events that have what an indicator names."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from engine.joining.candidates import Candidate, Check, checked
from engine.plan import EVENT, Indicators, MappingEntry

MOST_INDICATORS = 100
"""How many indicators are told of one event and key, the newest first: feeds repeat each other."""


@dataclass(frozen=True, slots=True)
class Met:
    """An event and the indicators it met, the newest first, each with the entries of the mapping that agreed."""

    ref: Hashable
    indicators: tuple[tuple[Hashable, tuple[MappingEntry, ...]], ...]


def meet(plan: Indicators, candidates: Iterable[Candidate], *, check: Check | None = None) -> list[Met]:
    """The events that meet an indicator, in order of time. No event is its own indicator.

    Source: Kibana's indicator-match rules: items are alternatives, the entries of an item must all agree, and a
    negated entry agrees when the event does not have the indicator's value.
    """
    events: list[Candidate] = []
    indicators: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in sorted(checked(candidates, check), key=attrgetter("order"), reverse=True):
        if candidate.part == EVENT:
            events.append(candidate)
        elif len(indicators[candidate.key]) < MOST_INDICATORS:
            indicators[candidate.key].append(candidate)
    met: dict[Hashable, dict[Hashable, set[int]]] = {}
    for event in checked(reversed(events), check):
        for indicator in indicators.get(event.key, ()):
            if indicator.ref != event.ref and _not_excluded(event, indicator):
                met.setdefault(event.ref, {}).setdefault(indicator.ref, set()).add(int(event.value[0]))
    return [
        Met(ref, tuple((name, _entries(plan, agreed)) for name, agreed in found.items())) for ref, found in met.items()
    ]


def _entries(plan: Indicators, agreed: set[int]) -> tuple[MappingEntry, ...]:
    """The entries of the items that agreed, in the order of the mapping."""
    return tuple(entry for number in sorted(agreed) for entry in plan.items[number])


def _not_excluded(event: Candidate, indicator: Candidate) -> bool:
    """Whether the event has none of the indicator's values in the fields of negated entries."""
    return set(event.value[1:]).isdisjoint(indicator.value[1:])
