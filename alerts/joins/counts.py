"""Counts: groups of events that reach a threshold within the rule's look-back.

A group alerts when events that no alert has counted reach the threshold within one look-back, on the rule's own clock;
the alert has all that are known within it. What lies between its first and its last event counts no more, and what
comes later alerts at the earliest an interval after it: what Kibana does by running once an interval and leaving out
what an earlier alert counted, without depending on when it runs. An earlier burst that comes late, or that an exception
let go, is an alert of its own; what comes late within the stretch of an alert belongs to that alert.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from alerts.facts import Cardinality, Term, ThresholdFacts
from alerts.gathering import NEVER
from alerts.hits import Hit, Joined, Member
from alerts.joins.work import MOST_JUDGED_ANEW, Events, Found, Work, iso, keys_of, ref_of
from alerts.lineage import MOST_ALERTS_BEFORE, is_of_alert
from alerts.models import Kind
from alerts.shells import MOST_EVENTS
from engine.joining import Candidate, candidates_of
from engine.joining.keys import Key
from engine.plan import EVENT, Threshold
from events.store import EventRef
from rules import marks
from rules.candidates import name_of
from rules.marks import Mark, Span
from rules.schedule import interval


@dataclass(frozen=True, slots=True)
class Reached:
    """Events of one group that reached the threshold, in order; `at` is the time of the alert on the rule's clock."""

    events: Sequence[Candidate]
    at: datetime

    @property
    def span(self) -> Span:
        """What it counted."""
        return Span(self.events[0].at, self.events[-1].at, self.at)


@dataclass(frozen=True, slots=True)
class Counting:
    """What a rule counts, within how long, and how long a group is quiet after an alert."""

    plan: Threshold
    window: timedelta
    interval: timedelta

    def reached(
        self, ordered: Sequence[Candidate], spans: Sequence[Span], *, now: datetime
    ) -> tuple[list[Reached], datetime | None]:
        """The alerts of one group, and when it may alert without another event. Linear in its events.

        `spans`: what its alerts have counted so far, in order.
        """
        alerts: list[Reached] = []
        due: datetime | None = None
        for waiting, alerted_at in _uncounted(ordered, spans):
            some, next_at = self._of_stretch(waiting, alerted_at, now)
            alerts += some
            due = min(filter(None, (due, next_at)), default=None)
        return alerts, due

    def _of_stretch(
        self, waiting: Sequence[Candidate], alerted_at: datetime | None, now: datetime
    ) -> tuple[list[Reached], datetime | None]:
        """The alerts of what came between two that are known."""
        earliest = alerted_at + self.interval if alerted_at else None
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


def _uncounted(
    ordered: Sequence[Candidate], spans: Sequence[Span]
) -> Iterator[tuple[Sequence[Candidate], datetime | None]]:
    """What no alert has counted, cut where one has; each piece with the time of the last alert before it."""
    start, alerted_at = 0, None
    for span in spans:
        end = bisect_left(ordered, span.first_at, lo=start, key=_at)
        if end > start:
            yield ordered[start:end], alerted_at
        start = bisect_right(ordered, span.last_at, lo=end, key=_at)
        alerted_at = max(alerted_at or span.alerted_at, span.alerted_at)
    yield ordered[start:], alerted_at


def _at(candidate: Candidate) -> datetime:
    return candidate.at


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
        known = marks.spans_of(
            rule_id=work.rule.id,
            logic_hash=work.rule.logic_hash,
            team_id=team_id,
            groups=groups,
            since=min(times) - work.window - work.window - counting.interval,
        )
        for group, ordered in _by_group(work, team_id, new, groups, times).items():
            reached, next_at = _stable(work, counting, ordered, known.get(group, []), events)
            found.hits += [_hit(plan, work, group, one.events, events) for one in reached]
            found.is_due(next_at)
            found.marks += [Mark(work.rule.logic_hash, team_id, group, one.span) for one in reached]
    found.excepted = events.excepted
    return found


def _rested(work: Work, counting: Counting) -> dict[int, set[bytes]]:
    """The groups, by team, that may alert again since the last settling."""
    after, until = work.rested(counting.interval)
    return marks.alerted(rule_id=work.rule.id, logic_hash=work.rule.logic_hash, after=after, until=until)


def _by_group(
    work: Work, team_id: int, new: Sequence[Candidate], groups: set[bytes], times: Sequence[datetime]
) -> dict[bytes, list[Candidate]]:
    """All candidates of these groups that may count together with what is at these times, in order."""
    start, end = min(times) - work.window - work.window, max(times) + work.window
    others = work.others(team_id, start, end)
    known = {(one.key, one.ref): one for one in work.known(others, start=start, end=end, keys=groups)}
    known |= {(one.key, one.ref): one for one in new}
    by_group: dict[bytes, list[Candidate]] = defaultdict(list)
    for one in sorted(known.values(), key=lambda one: one.order):
        by_group[cast(bytes, one.key)].append(one)
    return by_group


def _stable(
    work: Work, counting: Counting, ordered: list[Candidate], spans: Sequence[Span], events: Events
) -> tuple[list[Reached], datetime | None]:
    """Count; let today's exceptions take events out; count again, until all that would be shown counts."""
    while True:
        counted = [one for one in ordered if one.ref not in events.dropped]
        reached, next_at = counting.reached(counted, spans, now=work.now)
        if events.read(ref for alert in reached for ref in _asked_anew(work, alert.events)):
            return reached, next_at


def _asked_anew(work: Work, counted: Sequence[Candidate]) -> list[EventRef]:
    """The events that are read: those that the alert keeps, or all that exceptions may cover by now."""
    return list(map(ref_of, counted[-MOST_JUDGED_ANEW:])) if work.rule.exceptions else _shown(counted)


def _shown(counted: Sequence[Candidate]) -> list[EventRef]:
    """The last events, and before them those that are alerts: what rests on too many of them is not raised."""
    earlier = [ref for ref in map(ref_of, counted[:-MOST_EVENTS]) if is_of_alert(ref)]
    return [*earlier[-MOST_ALERTS_BEFORE:], *map(ref_of, counted[-MOST_EVENTS:])]


def _hit(plan: Threshold, work: Work, group: bytes, counted: Sequence[Candidate], events: Events) -> Hit:
    last = events.judged[ref_of(counted[-1])]
    members = tuple(Member("event", events.judged[ref]) for ref in _shown(counted))
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
