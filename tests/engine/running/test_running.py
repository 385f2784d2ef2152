"""Runs over events in memory: times as they are written, events in odd shapes, the order of lines."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rulefile import compile_rule, load_rule
from engine.running import Event, EventsError, Rule, event_of, latest, moment_of, read_events, run, told_of_event
from engine.tree import Leaf, Op

HEAD = """
[rule]
description = "x"
name = "Odd"
risk_score = 47
rule_id = "odd"
severity = "medium"
from = "now-1h"
"""
RULES = [
    'type = "query"\nquery = "k:x or a:2 or @timestamp > now-5s"',
    'type = "eql"\nquery = "sequence by k with maxspan=5s [any where a == 1] [any where a == 2]"',
    'type = "eql"\nquery = "sequence by k with maxspan=5s [any where a == 1] with runs=2 ![any where a == 3]"',
    'type = "eql"\nquery = "sample by k [any where a == 1] [any where a == 2]"',
    'type = "threshold"\nquery = "a:1"\nthreshold = {field = ["k"], value = 2}',
    'type = "new_terms"\nquery = "*"\nnew_terms_fields = ["k", "a"]\nhistory_window_start = "now-2h"',
    """type = "threat_match"
query = "a:1"
threat_query = "a:2 and @timestamp <= now and @timestamp >= now-30d"
threat_mapping = [{entries = [{field = "k", type = "mapping", value = "k"}]}]""",
]


def rule(text: str) -> Rule:
    definition = load_rule(HEAD + text, "odd.toml")
    return Rule(definition, compile_rule(definition))


def event(line: int, second: int, **fields: Any) -> Event:
    return event_of(line, {"@timestamp": f"2026-11-20T10:00:{second:02}Z", **fields})


EVENTS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["x", "y", ["x", "y"], None]), st.sampled_from([1, 2, 3, [1, 2]])),
    max_size=14,
)


@pytest.mark.parametrize("text", RULES)
@given(EVENTS, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_what_a_rule_finds_does_not_hang_on_the_order_in_which_events_are_given(
    text: str, rows: list[Any], shuffler: random.Random
) -> None:
    events = [event(line, second, k=k, a=a) for line, (second, k, a) in enumerate(rows)]
    found = [finding.to_json() for finding in run([rule(text)], events)]
    shuffler.shuffle(events)
    assert sorted(map(repr, found)) == sorted(repr(finding.to_json()) for finding in run([rule(text)], events))


@given(EVENTS)
@settings(max_examples=50, deadline=None)
def test_rules_together_find_what_each_finds_alone(rows: list[Any]) -> None:
    events = [event(line, second, k=k, a=a) for line, (second, k, a) in enumerate(rows)]
    rules = [rule(text) for text in RULES]
    assert list(run(rules, events)) == [finding for one in rules for finding in run([one], events)]


def test_a_rule_that_cannot_be_judged_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bad = rule('type = "query"\nquery = "k:x"')
    deep = Leaf(".".join("a" * 5_000), Op.EXISTS)  # no language lets such a name through
    object.__setattr__(bad.compiled.logic, "tree", deep)
    good = rule(RULES[0])
    events = [event(line, line, k="x", a=2) for line in range(3)]
    assert len(list(run([good, bad, good], events))) == 6
    assert "rule odd could not be judged: RecursionError" in caplog.text


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T01:00:01+01:00", 10**9),
        ("1970-01-01T00:00:01.000000001Z", 10**9 + 1),
        ("1970-01-01 00:00:01,5", 1_500_000_000),
        (1_000, 10**9),
        ("1000000", 10**12),
        (1.5, 1_500_000),
        (1_700_000_000_000, 1_700_000_000 * 10**9),
        (1_700_000_000_000_000, 1_700_000_000 * 10**9),
        (116_444_736_000_000_000, 0),
        (131_485_996_510_000_001, 1_504_126_051 * 10**9 + 100),
        (1_700_000_000_000_000_001, 1_700_000_000 * 10**9 + 1),
        ("2026", 1_767_225_600 * 10**9),
    ],
)
def test_a_time_is_read_as_it_is_written(value: Any, nanos: int) -> None:
    moment = moment_of([value])
    assert moment is not None
    assert moment.nanos == nanos


@pytest.mark.parametrize("value", [True, "soon", "", "now", 10**25, float("inf"), float("nan"), "2026-13-01"])
def test_what_is_no_time_is_none_and_the_next_value_counts(value: Any) -> None:
    assert moment_of([value]) is None
    assert moment_of([value, 1_000]) is not None


def test_now_is_the_latest_time_of_happening_or_arrival() -> None:
    events = [
        event(0, 5),
        event_of(1, {"event": {"ingested": "2026-11-20T10:00:07Z"}}),
        event_of(2, {"a": 1}),
    ]
    assert latest(events) == datetime(2026, 11, 20, 10, 0, 7, tzinfo=UTC)
    assert latest(events[2:]) is None


@pytest.mark.parametrize(
    ("raw", "shaped"),
    [
        ({"a.b": 1, "a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"b": 1}, "a.b": 2}, {"a": {"b": [1, 2]}}),
        ({"a.b": [1], "a": {"b": 2}}, {"a": {"b": [1, 2]}}),
        ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
        ({"a.b": {"c.d": 1}}, {"a": {"b": {"c": {"d": 1}}}}),
        ({"a": [{"b.c": 1}, 2]}, {"a": [{"b": {"c": 1}}, 2]}),
        ({"a..b": 1, ".": 2, "": 3}, {"a..b": 1, ".": 2, "": 3}),
        ({"_index": "x", "_id": "1", "a": 1}, {"a": 1}),
    ],
)
def test_dotted_keys_are_unfolded_where_that_is_possible(raw: dict[str, Any], shaped: dict[str, Any]) -> None:
    assert event_of(0, raw).document.raw == shaped


def test_a_line_that_is_no_event_is_named() -> None:
    with pytest.raises(EventsError, match="line 2") as refused:
        list(read_events([b'{"a":1}\n', b"\n", b"{a}\n"]))
    assert refused.value.line == 2
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    with pytest.raises(EventsError):
        list(read_events([deep]))


def test_an_explanation_of_a_threshold_is_that_of_its_query() -> None:
    told = told_of_event(rule(RULES[4]), event(3, 1, k="x", a=2))
    assert (told["type"], told["line"], told["matched"]) == ("threshold", 3, False)
    assert told["why_not"]["found"] == ["2"]


def test_an_explanation_of_an_indicator_match_has_both_sides() -> None:
    told = told_of_event(rule(RULES[6]), event(0, 1, k="x", a=2))
    assert [(step["step"], step["matched"]) for step in told["steps"]] == [("event", False), ("indicator", True)]


def test_filters_that_hold_for_no_event_say_so() -> None:
    told = told_of_event(rule('type = "eql"\nquery = "any where false"'), event(0, 1))
    assert told["matched"] is False
    assert told["why_not"]["held"] is False


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", -62_135_596_800_000, 253_402_300_799_999]
)
@pytest.mark.parametrize("text", RULES)
def test_the_ends_of_time_are_times_like_any_other(text: str, when: Any) -> None:
    events = [event_of(line, {"@timestamp": when, "k": "x", "a": a}) for line, a in enumerate([1, 1, 2])]
    list(run([rule(text)], events))
