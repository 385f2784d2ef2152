"""Counts: groups of events that reach a threshold within the rule's look-back.

A group alerts when the events that no earlier alert counted reach the threshold within one look-back, on the rule's own
clock; the alert has all that are known within it. Then the group's mark moves behind its last event, and it alerts
again at the earliest an interval later: what Kibana does by running once an interval and leaving out what an earlier
alert counted, without depending on when it runs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from alerts.facts import Cardinality, Term, ThresholdFacts
from alerts.gathering import NEVER
from alerts.hits import Hit, Joined, Member
from alerts.joins.work import Events, Found, Work, iso, keys_of, ref_of
from alerts.models import Kind
from alerts.shells import MOST_EVENTS
from engine.joining import Candidate, candidates_of
from engine.joining.keys import Key
from engine.plan import EVENT, Threshold
from events.store import EventRef
from rules import marks
from rules.candidates import name_of
from rules.marks import Mark
from rules.schedule import interval

MOST_JUDGED_ANEW = 5_000
"""So many events of a count are asked again whether an exception covers them; they all were when they came."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Events of one group that reached the threshold, in order; `at` is the time of the alert on the rule's clock."""

    events: list[Candidate]
    at: datetime


@dataclass(frozen=True, slots=True)
class Counting:
    """What a rule counts, within how long, and how long a group is quiet after an alert."""

    plan: Threshold
    window: timedelta
    interval: timedelta

    def reached(
        self, ordered: Sequence[Candidate], mark: Mark | None, *, now: datetime
    ) -> tuple[list[Reached], datetime | None]:
        """The alerts of one group, and when it may alert without another event. Linear in its events."""
        waiting = [one for one in ordered if mark is None or one.at > mark.last_at]
        earliest = mark.alerted_at + self.interval if mark else None
        alerts: list[Reached] = []
        first, last, sums = 0, 0, _Sums(self.plan)
        while last < len(waiting):
            sums.add(waiting[last])
            at = waiting[last].at if earliest is None else max(waiting[last].at, earliest)
            while waiting[first].at < at - self.window and first < last:
                sums.take(waiting[first])
                first += 1
            if waiting[first].at >= at - self.window and sums.reach():
                if earliest is not None and at == earliest > now:
                    return alerts, at
                end = max(at, waiting[first].at + self.window)
                last = _last_until(waiting, last, end)
                alerts.append(Reached(waiting[first : last + 1], max(at, waiting[last].at)))
                earliest = alerts[-1].at + self.interval
                first, sums = last + 1, _Sums(self.plan)
            last += 1
        return alerts, None


class _Sums:
    """Events and different values of the events in hand."""

    def __init__(self, plan: Threshold) -> None:
        self._plan = plan
        self._events = 0
        self._values: Counter[str] = Counter()

    def add(self, one: Candidate) -> None:
        self._events += 1
        self._values.update(one.value)

    def take(self, one: Candidate) -> None:
        self._events -= 1
        self._values.subtract(one.value)
        for value in one.value:
            if not self._values[value]:
                del self._values[value]

    def reach(self) -> bool:
        needed = self._plan.cardinality_value if self._plan.cardinality_field else 0
        return self._events >= self._plan.value and len(self._values) >= needed


def _last_until(ordered: Sequence[Candidate], last: int, end: datetime) -> int:
    while last + 1 < len(ordered) and ordered[last + 1].at <= end:
        last += 1
    return last


def find_counts(work: Work, plan: Threshold) -> Found:
    """The groups that the new candidates make large enough, and those that were quiet long enough by now."""
    found, events = Found(), Events(work)
    counting = Counting(plan, work.window, interval(work.rule.definition))
    rested = _rested(work, counting)
    for team_id in sorted({*work.teams(), *rested}):
        new = work.new(team_id)
        groups = keys_of(new) | rested.get(team_id, set())
        times = [*(one.at for one in new), *([work.now] if team_id in rested else [])]
        known = marks.marks_of(rule_id=work.rule.id, team_id=team_id, groups=groups)
        for group, ordered in _by_group(work, team_id, new, groups, times).items():
            reached, next_at = _stable(work, counting, ordered, known.get(group), events)
            found.hits += [_hit(plan, work, group, one.events, events) for one in reached]
            found.is_due(next_at)
            if reached:
                found.marks[team_id, group] = Mark(reached[-1].events[-1].at, reached[-1].at)
    found.excepted = events.excepted
    return found


def _rested(work: Work, counting: Counting) -> dict[int, set[bytes]]:
    """The groups, by team, that may alert again since the last settling."""
    since = work.settled_to or work.now
    return marks.alerted(rule_id=work.rule.id, after=since - counting.interval, until=work.now - counting.interval)


def _by_group(
    work: Work, team_id: int, new: Sequence[Candidate], groups: set[bytes], times: Sequence[datetime]
) -> dict[bytes, list[Candidate]]:
    """All candidates of these groups that may count together with what is at these times, in order."""
    start, end = min(times) - work.window - work.window, max(times) + work.window
    fresh = {head.id for head in work.fresh}
    others = [head for head in work.heads(team_id=team_id, start=start, end=end) if head.id not in fresh]
    known = {(one.key, one.ref): one for one in work.known(others, start=start, end=end, keys=groups)}
    known |= {(one.key, one.ref): one for one in new}
    by_group: dict[bytes, list[Candidate]] = defaultdict(list)
    for one in sorted(known.values(), key=lambda one: one.order):
        by_group[cast(bytes, one.key)].append(one)
    return by_group


def _stable(
    work: Work, counting: Counting, ordered: list[Candidate], mark: Mark | None, events: Events
) -> tuple[list[Reached], datetime | None]:
    """Count; let today's exceptions take events out; count again, until all that would be shown counts."""
    most = MOST_JUDGED_ANEW if work.rule.exceptions else MOST_EVENTS
    while True:
        counted = [one for one in ordered if one.ref not in events.dropped]
        reached, next_at = counting.reached(counted, mark, now=work.now)
        if events.read(ref_of(one) for alert in reached for one in alert.events[-most:]):
            return reached, next_at


def _hit(plan: Threshold, work: Work, group: bytes, counted: list[Candidate], events: Events) -> Hit:
    last = events.judged[ref_of(counted[-1])]
    shown: Iterable[EventRef] = map(ref_of, counted[-MOST_EVENTS:])
    members = tuple(Member("event", events.judged[ref]) for ref in shown)
    facts = ThresholdFacts(
        terms=_terms(plan, group, members[-1]),
        count=len(counted),
        value=plan.value,
        cardinality=_cardinality(plan, counted),
        start=iso(counted[0].at),
        end=iso(counted[-1].at),
    )
    joined = Joined(Kind.THRESHOLD, group, facts.to_json(), members)
    return Hit(work.rule, last.event, last.document, last.demo, joined=joined)


def _cardinality(plan: Threshold, counted: Iterable[Candidate]) -> Cardinality | None:
    if plan.cardinality_field is None:
        return None
    different = {value for one in counted for value in one.value}
    return Cardinality(plan.cardinality_field, len(different), plan.cardinality_value)


def _terms(plan: Threshold, group: bytes, member: Member) -> list[Term]:
    """The group's values, as one of its events has them."""
    some = candidates_of(plan, EVENT, member.judged.document, at=NEVER, order=(), ref=None)
    keys = [cast(Key, one.key) for one in some]
    key = next((key for key in keys if name_of(key) == group), (None,) * len(plan.fields))
    return [Term(field, value) for field, value in zip(plan.fields, key, strict=True)]
