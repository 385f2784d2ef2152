"""Samples: one event for each filter, in any order of time, that share their keys."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from operator import attrgetter

from engine.joining.candidates import Candidate, Check, checked
from engine.joining.keys import in_order
from engine.joining.matches import Match
from engine.plan import Sample


def find_samples(plan: Sample, candidates: Iterable[Candidate], check: Check | None = None) -> list[Match]:
    """At most one sample for each key, of different events, the earliest that go together; sorted by key.

    For each filter only as many events are looked at as there are filters: that is always enough to choose different
    ones, if there are any.
    Source: Elasticsearch reference, EQL syntax, "sample".
    """
    filters = len(plan.steps)
    kept: dict[Hashable, list[list[Candidate]]] = defaultdict(lambda: [[] for _ in range(filters)])
    for candidate in sorted(checked(candidates, check), key=attrgetter("order")):
        held = kept[candidate.key][int(candidate.part) - 1]
        if len(held) < filters and not (held and held[-1].ref == candidate.ref):
            held.append(candidate)
    chosen = ((key, _choose(lists)) for key, lists in kept.items() if all(lists))
    found = [_match(key, events) for key, events in chosen if events]
    return sorted(found, key=lambda match: in_order(match.key))


def _choose(lists: Sequence[Sequence[Candidate]], taken: tuple[Candidate, ...] = ()) -> tuple[Candidate, ...] | None:
    """One event from each list, all different. There are at most five lists of five."""
    if len(taken) == len(lists):
        return taken
    refs = {candidate.ref for candidate in taken}
    for candidate in lists[len(taken)]:
        if candidate.ref not in refs:
            chosen = _choose(lists, (*taken, candidate))
            if chosen:
                return chosen
    return None


def _match(key: Hashable, events: Sequence[Candidate]) -> Match:
    last = max(events, key=attrgetter("order"))
    return Match(key, tuple(event.ref for event in events), last.ref, last.at)
