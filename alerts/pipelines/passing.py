"""What a pass makes of the events that a pipeline's leading conditions let in.

Where every command looks at one row at a time the events are judged now. Else what the pipeline asks of them is kept
with their candidates, full-text questions answered, so that a window is run later without reading a document.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.costs import Allowance, budget
from alerts.gathering import Clock
from alerts.hits import Excepted, Hit, Joined, Judged
from alerts.models import Kind
from alerts.pipelines.overlay import over
from alerts.pipelines.rows import Source, facts_of_row, name_of_row, row_of
from alerts.pipelines.values import packed
from alerts.pipelines.windows import point_after
from engine import matches
from engine.joining.candidates import CHECK_EVERY
from engine.pipelines.budget import BudgetExceeded
from engine.pipelines.compiled import CompiledQuery
from engine.pipelines.page import Page, source_text
from engine.pipelines.reading import reader
from engine.pipelines.schema import METADATA
from engine.pipelines.types import Column, Value
from engine.plan import EVENT, Pipeline
from events.store import EventRef
from rules.candidates import Kept, name_of
from rules.packing import Row, at_tick, stacks_of
from rules.pipelines import Asked, asked_of
from rules.ruleset import ActiveRule
from rules.schedule import interval, spacing

MOST_OF_EVENT = 100
"""So many rows of one event may become alerts, or as many as the rule's maximum; the others are over it."""
MOST_ROWS = 100_000
"""So many rows may come of the events that are judged together; where more do it is done in parts."""
PAGE = 1_000


@dataclass(slots=True)
class Passed:
    """What a rule makes of a pass's events: hits, what exceptions about rows took out, what is kept, and
    how many rows were over what one event may tell."""

    hits: list[Hit] = field(default_factory=list)
    excepted: list[Excepted] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    over: int = 0


def pass_through(
    rule: ActiveRule, plan: Pipeline, found: Mapping[str, Sequence[Judged]], allowance: Allowance
) -> Passed:
    """Judge events by a pipeline, or keep what it asks of them. Costs some microseconds an event and column.

    Raises: BudgetExceeded, TooCostly.
    """
    events, asked = found.get(EVENT, ()), asked_of(plan)
    if not events:
        return Passed()
    if not plan.at_once:
        return Passed(kept=_kept(rule, plan, asked.query, events, allowance))
    passed = Passed()
    for point, some in _by_point(rule, plan, asked, events):
        _judge_parts(rule, asked, some, point, allowance, passed)
    return passed


def key_of(query: CompiledQuery) -> bytes:
    """The key of all of a pipeline's candidates: which belong together is known when it has run.

    It says which columns they hold, since those are told apart by their order alone: were another version of this
    program to ask for others, it would read none of them wrongly.
    """
    return name_of(query.fields)


def metadata_of(ref: EventRef) -> dict[str, Value]:
    """What an event is called in a pipeline."""
    return {"_id": ref.uid.hex(), "_index": ref.index, "_version": 1}


def _by_point(
    rule: ActiveRule, plan: Pipeline, asked: Asked, events: Sequence[Judged]
) -> Iterator[tuple[datetime, list[Judged]]]:
    """The events by what `now()` means to them: the end of the window that they come into."""
    clock, apart = Clock.of(rule, plan), spacing(interval(rule.definition))
    points: dict[datetime, list[Judged]] = defaultdict(list)
    for one in events:
        points[point_after(at_tick(clock.moment(one)[0]), apart)].append(one)
    if asked.tells_time:
        yield from sorted(points.items())
    else:
        yield max(points), list(events)


def _judge_parts(
    rule: ActiveRule, asked: Asked, events: Sequence[Judged], now: datetime, allowance: Allowance, passed: Passed
) -> None:
    """Judge events, half of them at a time where all of them make too many rows at once.

    Raises: BudgetExceeded where a single event does.
    """
    try:
        _judge(rule, asked, events, now, allowance, passed)
    except BudgetExceeded:
        allowance.check()
        if len(events) == 1:
            raise
        half = len(events) // 2
        _judge_parts(rule, asked, events[:half], now, allowance, passed)
        _judge_parts(rule, asked, events[half:], now, allowance, passed)


def _judge(
    rule: ActiveRule, asked: Asked, events: Sequence[Judged], now: datetime, allowance: Allowance, passed: Passed
) -> None:
    """Every row is a hit of its event, unless an exception covers it; rows of an event that say the same are one."""
    result = asked.query.run(_pages(asked.query, events), now=now, budget=budget(MOST_ROWS), lineage=True)
    seen: set[tuple[int, bytes]] = set()
    told: Counter[int] = Counter()
    most = max(rule.definition.max_signals, MOST_OF_EVENT)
    excepted: set[int] = set()
    for number, (values, origins) in enumerate(zip(result.rows, result.origins, strict=True)):
        if number % CHECK_EVERY == 0:
            allowance.check()
        if not origins:
            continue
        if told[origins[0]] >= most:
            passed.over += 1
            continue
        one, row = events[origins[0]], row_of(result.columns, values)
        name = name_of_row(asked, row)
        item_id = rule.row_excepted_by(over(one.document, row.fields)) if rule.exceptions else None
        if item_id is not None:
            if origins[0] not in excepted:
                excepted.add(origins[0])
                passed.excepted.append(Excepted(rule, one.event, item_id))
        elif (origins[0], name) not in seen:
            seen.add((origins[0], name))
            told[origins[0]] += 1
            facts = facts_of_row(asked, row, Source(1, one.event.time, one.event.time))
            joined = Joined(Kind.ROW, name, facts.to_json())
            passed.hits.append(Hit(rule, one.event, one.document, one.demo, joined=joined, row=row.fields))


def _pages(query: CompiledQuery, events: Sequence[Judged]) -> Iterator[Page]:
    """The events as the pipeline's source."""
    special = [name for name in query.fields if name in METADATA]
    for start in range(0, len(events), PAGE):
        some = events[start : start + PAGE]
        columns = {name: [_metadata(name, one) for one in some] for name in special}
        yield Page(len(some), columns, [one.document for one in some])


def _metadata(name: str, one: Judged) -> Value:
    return source_text(one.document.raw) if name == "_source" else metadata_of(one.event.ref).get(name)


def _kept(
    rule: ActiveRule, plan: Pipeline, query: CompiledQuery, events: Sequence[Judged], allowance: Allowance
) -> list[Kept]:
    """What is kept of the events, in blocks."""
    clock, key = Clock.of(rule, plan), key_of(query)
    rows: dict[int, list[Row]] = defaultdict(list)
    for start in range(0, len(events), CHECK_EVERY):
        allowance.check()
        some = events[start : start + CHECK_EVERY]
        for one, values in zip(some, _asked_values(query, some), strict=True):
            event, (tick, kind, tie) = one.event, clock.moment(one)
            place = (event.index, event.day.toordinal())
            rows[event.team_id].append((tick, kind, tie, 0, event.uid, key, place, (packed(values),)))
    return [Kept(EVENT, team_id, stack) for team_id, mine in sorted(rows.items()) for stack in stacks_of(mine)]


def _asked_values(query: CompiledQuery, events: Sequence[Judged]) -> Iterable[Sequence[Value]]:
    """The values of the pipeline's columns, event by event; what an event is called is known without."""
    columns = [_column(query, name, events) for name in query.fields]
    return zip(*columns, strict=True) if columns else [()] * len(events)


def _column(query: CompiledQuery, name: str, events: Sequence[Judged]) -> Column:
    if name in query.hidden:
        return [matches(query.hidden[name], one.document) for one in events]
    if name == "_source":
        return [source_text(one.document.raw) for one in events]
    if name in METADATA:
        return [None] * len(events)
    read = reader(name)
    return [read(one.document) for one in events]
