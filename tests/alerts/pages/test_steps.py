"""The steps of a sequence in words: order, gaps, runs, and events that did not come; no database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from alerts.facts import SequenceFacts
from alerts.selectors.deeds import deed_of
from alerts.selectors.joined_shapes import KeptEvent, StepRow, Steps
from alerts.selectors.spans import gap, span_of
from alerts.selectors.steps import steps_of
from engine.languages.eql import parse_eql
from events.store import StoredEvent

BEGUN = datetime(2026, 11, 20, 23, 59, 58, tzinfo=UTC)


def kept(number: int, after: float, **fields: Any) -> KeptEvent:
    at = BEGUN + timedelta(seconds=after)
    raw = orjson.dumps({"event": {"category": ["process"]}, "process": {"name": "sh"}} | fields)
    event = StoredEvent(1, date(2026, 11, 20), "logs-x", bytes([number] * 16), at, at, raw)
    document = event.document()
    return KeptEvent(f"step {number}", number, event, document, deed_of(document))


def told(query: str, *steps: tuple[int, KeptEvent | None]) -> Steps:
    facts = {
        "by": [{"field": "host.id", "value": None}],
        "maxspan_ms": 30_000,
        "steps": [
            {"step": step, "event": one.hex if one else None, "missing": one is None, "at": None} for step, one in steps
        ],
    }
    events = {one.hex: one for _, one in steps if one}
    plan = parse_eql(query).plan
    return steps_of(SequenceFacts.from_json(facts), events=events, blocks={}, plan=plan, ordered=True)


def rows(query: str, *steps: tuple[int, KeptEvent | None]) -> tuple[StepRow, ...]:
    return told(query, *steps).rows


ANY = "[process where true]"


@pytest.mark.parametrize(
    ("query", "absent", "said"),
    [
        (f"sequence with maxspan=30s !{ANY} {ANY} {ANY}", 1, "No such event came before within 30 s"),
        (f"sequence with maxspan=30s {ANY} !{ANY} {ANY}", 2, "No such event came in between within 30 s"),
        (f"sequence with maxspan=30s {ANY} {ANY} !{ANY}", 3, "No such event followed within 30 s"),
    ],
)
def test_a_missing_event_is_told_by_its_place(query: str, absent: int, said: str) -> None:
    steps = [(number, None if number == absent else kept(number, number)) for number in (1, 2, 3)]
    found = rows(query, *steps)
    assert [row.missing for row in found if row.missing] == [said]
    assert found[absent - 1].asked == "event.category is process"


def test_a_gap_is_counted_from_the_event_before_over_a_missing_one_and_over_midnight() -> None:
    found = told(f"sequence with maxspan=30s {ANY} !{ANY} {ANY}", (1, kept(1, 0)), (2, None), (3, kept(3, 3.25)))
    assert [row.gap for row in found.rows] == ["", "", "+3.2 s"]
    assert (found.span, found.allowed, found.events) == ("3.2 s", "30 s", 2)
    assert found.by[0].value is None


def test_runs_of_a_step_are_numbered() -> None:
    found = rows(f"sequence {ANY} with runs=2 {ANY}", (1, kept(1, 0)), (1, kept(2, 1)), (2, kept(3, 1)))
    assert [row.title for row in found] == ["1, 1 of 2", "1, 2 of 2", "2"]
    assert [row.gap for row in found] == ["", "+1 s", "at once"]


def test_an_event_that_was_not_kept_is_said_to_be_gone() -> None:
    facts = SequenceFacts.from_json(
        {"by": [], "maxspan_ms": None, "steps": [{"step": 1, "event": "00" * 16, "missing": False, "at": None}]}
    )
    found = steps_of(facts, events={}, blocks={}, plan=None, ordered=True)
    assert found.rows[0].why.problem == "This event was not kept with the alert."


def test_without_a_plan_the_events_stand_without_their_clauses() -> None:
    one = kept(1, 0)
    facts = SequenceFacts.from_json(
        {"by": [], "maxspan_ms": None, "steps": [{"step": 1, "event": one.hex, "missing": False, "at": None}]}
    )
    (row,) = steps_of(facts, events={one.hex: one}, blocks={}, plan=None, ordered=True).rows
    assert row.event is one
    assert "can no longer be read" in row.why.problem


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, ""), (0.0004, "1 ms"), (0.12, "120 ms"), (3.2, "3.2 s"), (60, "1 m"), (80, "1 m 20 s"), (7_500, "2 h 5 m")],
)
def test_spans_are_exact_where_seconds_tell(seconds: float, said: str) -> None:
    assert span_of(timedelta(seconds=seconds)) == said
    assert gap(timedelta(seconds=seconds)) == (f"+{said}" if said else "at once")
