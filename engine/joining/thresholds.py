"""Thresholds: groups of events that are large enough, or varied enough."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from engine.joining.candidates import Candidate, Check, checked
from engine.plan import Threshold


@dataclass(frozen=True, slots=True)
class Group:
    """A group that reached the threshold: its events in order of time, and how many different values they have in the
    counted field (0 when the rule counts none)."""

    key: Hashable
    refs: tuple[Hashable, ...]
    count: int
    cardinality: int
    first_at: datetime
    last_at: datetime


def group(plan: Threshold, candidates: Iterable[Candidate], *, check: Check | None = None) -> list[Group]:
    """The groups that reach the threshold, in order of their last event.

    An event counts once in each group that it is in; which events still count is the caller's to say.
    Source: Kibana's threshold rules; Elasticsearch cardinality aggregation, but exact.
    """
    members: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in checked(candidates, check):
        members[candidate.key].append(candidate)
    groups = [_group(key, events) for key, events in members.items() if len(events) >= plan.value]
    reached = [(order, found) for order, found in groups if _reaches(plan, found)]
    return [found for _, found in sorted(reached, key=lambda pair: pair[0])]


def _group(key: Hashable, events: list[Candidate]) -> tuple[tuple[object, ...], Group]:
    by_ref = {event.ref: event for event in sorted(events, key=attrgetter("order"))}
    ordered = list(by_ref.values())
    values = {value for event in ordered for value in event.value}
    found = Group(key, tuple(by_ref), len(by_ref), len(values), ordered[0].at, ordered[-1].at)
    return ordered[-1].order, found


def _reaches(plan: Threshold, found: Group) -> bool:
    return found.count >= plan.value and found.cardinality >= (plan.cardinality_value if plan.cardinality_field else 0)
