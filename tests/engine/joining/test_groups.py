"""Samples, thresholds and indicators; keys."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.joining import Candidate, candidates_of, group, join, key_hash, key_text, meet, order_of
from engine.plan import EVENT, INDICATOR, Indicators, Joining, JoinKey, MappingEntry, Sequence, Step, Threshold
from engine.tree import MatchAll, Scalar
from tests.engine.joining.notation import at, candidates_in, events_in, sample_of, told


@pytest.mark.parametrize(
    ("steps", "events", "expected"),
    [
        (["A", "B"], "r|B1 r|A2 s|A3", ["r|A2 B1"]),
        (["A", "B"], "r|AB1", []),
        (["A", "B"], "r|AB1 r|AB2", ["r|AB1 AB2"]),
        (["A", "B", "C"], "r|ABC1 r|AB2 r|A3", ["r|A3 AB2 ABC1"]),
        (["A", "B"], "s|A1 s|B2 r|A3 r|B4 ?|A5 ?|B6", ["?|A5 B6", "r|A3 B4", "s|A1 B2"]),
        (["A", "B"], "r|A1 r|A2 r|B3 r|B4", ["r|A1 B3"]),
    ],
)
def test_a_sample_has_a_different_event_for_each_filter_once_for_each_key(
    steps: list[str], events: str, expected: list[str]
) -> None:
    found = candidates_in(events_in(events), steps)
    assert [told(match) for match in join(sample_of(steps), found, until=at(0))] == expected
    assert [told(match) for match in join(sample_of(steps), reversed(found), until=at(0))] == expected


@given(
    st.lists(st.sampled_from(["A", "B", "C", "AB", "BC", "AC", "ABC"]), max_size=6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_a_sample_is_found_whenever_different_events_can_be_chosen(letters: list[str], random: Any) -> None:
    steps = ["A", "B", "C"]
    found = candidates_in(events_in(" ".join(f"r|{name}{second}" for second, name in enumerate(letters))), steps)
    possible = any(
        len({a, b, c}) == 3
        for a in range(len(letters))
        for b in range(len(letters))
        for c in range(len(letters))
        if "A" in letters[a] and "B" in letters[b] and "C" in letters[c]
    )
    random.shuffle(found)
    matches = join(sample_of(steps), found, until=at(0))
    assert bool(matches) is possible
    assert all(len(set(match.refs)) == 3 for match in matches)


def counted(events: list[tuple[str, int, tuple[str, ...]]]) -> list[Candidate]:
    return [
        Candidate(EVENT, (key,), at(second), order_of(at(second), None, number), number, values)
        for number, (key, second, values) in enumerate(events)
    ]


def test_groups_are_those_that_reach_the_threshold_with_their_events_in_order_of_time() -> None:
    events = counted([("b", 9, ()), ("a", 5, ()), ("b", 3, ()), ("a", 7, ()), ("c", 1, ())])
    found = group(Threshold(("user.name",), 2), events)
    assert [(item.key, item.refs, item.count) for item in found] == [(("a",), (1, 3), 2), (("b",), (2, 0), 2)]
    assert (found[1].first_at, found[1].last_at) == (at(3), at(9))


def test_a_cardinality_counts_different_values_and_both_conditions_must_hold() -> None:
    plan = Threshold(("user.name",), 2, "destination.port", 3)
    enough = counted([("a", 1, ("1", "2")), ("a", 2, ("2", "3"))])
    assert [item.cardinality for item in group(plan, enough)] == [3]
    assert group(plan, counted([("a", 1, ("1",)), ("a", 2, ("1",)), ("a", 3, ())])) == []
    assert group(plan, counted([("a", 1, ("1", "2", "3"))])) == []


def test_an_event_given_twice_counts_once() -> None:
    events = counted([("a", 1, ()), ("a", 2, ())])
    assert group(Threshold(("user.name",), 3), [*events, *events]) == []


def candidates(plan: Joining, part: str, *documents: dict[str, Any], start: int = 0) -> list[Candidate]:
    return [
        item
        for second, raw in enumerate(documents, start)
        for item in candidates_of(
            plan, part, Document(raw), at=at(second), order=order_of(at(second), None, second), ref=second
        )
    ]


def test_a_threshold_without_fields_has_one_group_and_arrays_are_in_several() -> None:
    assert [item.key for item in candidates(Threshold((), 1), EVENT, {"a": 1}, {})] == [(), ()]
    fields = Threshold(("user.name", "host.name"), 1)
    keys = [item.key for item in candidates(fields, EVENT, {"user.name": ["a", "b", "a"], "host.name": "h"})]
    assert keys == [("a", "h"), ("b", "h")]
    assert candidates(fields, EVENT, {"user.name": "a"}) == []


def test_a_step_may_have_other_fields_for_its_keys_and_a_missing_optional_one_is_a_key() -> None:
    plan = Sequence(
        (
            Step(MatchAll(), (JoinKey("process.entity_id"),)),
            Step(MatchAll(), (JoinKey("process.parent.entity_id"),)),
            Step(MatchAll(), (JoinKey("user.id", optional=True),)),
        )
    )
    assert [item.key for item in candidates(plan, "1", {"process": {"entity_id": "x"}})] == [("x",)]
    assert [item.key for item in candidates(plan, "2", {"process.parent.entity_id": ["x", "y"]})] == [("x",), ("y",)]
    assert candidates(plan, "2", {"process.entity_id": "x"}) == []
    assert [item.key for item in candidates(plan, "3", {})] == [(None,)]


def test_an_event_cannot_have_more_than_a_thousand_keys() -> None:
    plan = Threshold(("a", "b"), 1)
    many = [str(number) for number in range(100)]
    assert len(candidates(plan, EVENT, {"a": many, "b": many})) == 1_000


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("source.ip", "::ffff:10.0.0.1", "10.0.0.1"),
        ("source.ip", "FE80::0001", "fe80::1"),
        ("source.ip", "not an address", "not an address"),
        ("destination.port", "443", "443"),
        ("destination.port", 443.0, "443"),
        ("user.name", "Root", "Root"),
        ("user.id", 0, "0"),
        ("process.name.caseless", "CMD.exe", "cmd.exe"),
        ("acme.flag", True, "true"),
        ("process.code_signature.trusted", "true", "true"),
        ("event.created", "2026-11-20T01:00:00+01:00", "2026-11-20T00:00:00+00:00"),
        ("message", "Hello,  World", "hello world"),
        ("acme.ratio", 1.5, "1.5"),
    ],
)
def test_a_key_is_written_as_its_field_compares(field: str, value: Scalar, text: str) -> None:
    assert key_text(field, value) == text


def test_hashes_of_keys_tell_missing_from_empty_and_one_field_from_two() -> None:
    keys = [(None,), ("",), ("", ""), ("a", "b"), ("ab",), ("b", "a"), ()]
    assert len({key_hash(key) for key in keys}) == len(keys)
    assert len(key_hash(("x",))) == 16


def mapping(*items: tuple[MappingEntry, ...]) -> Indicators:
    return Indicators(items, MatchAll(), ("logs-ti_*",), "threat.indicator", timedelta(days=30))


ADDRESS = MappingEntry("source.ip", "threat.indicator.ip")
PORT = MappingEntry("source.port", "threat.indicator.port")
OTHER_FEED = MappingEntry("event.provider", "threat.feed.name", negated=True)


def met(plan: Indicators, events: list[dict[str, Any]], indicators: list[dict[str, Any]]) -> list[Any]:
    found = [*candidates(plan, EVENT, *events), *candidates(plan, INDICATOR, *indicators, start=100)]
    return [(item.ref, item.indicators) for item in meet(plan, found)]


def test_an_event_meets_an_indicator_whose_value_it_has() -> None:
    events = [{"source.ip": "10.0.0.1"}, {"source.ip": "10.0.0.2"}, {"destination.ip": "10.0.0.1"}]
    found = met(mapping((ADDRESS,)), events, [{"threat": {"indicator": {"ip": "::ffff:10.0.0.1"}}}])
    assert found == [(0, ((100, (ADDRESS,)),))]


def test_all_entries_of_an_item_must_agree_and_items_are_alternatives() -> None:
    both = mapping((ADDRESS, PORT))
    indicator = {"threat.indicator.ip": "10.0.0.1", "threat.indicator.port": 22}
    assert met(both, [{"source.ip": "10.0.0.1", "source.port": "22"}], [indicator]) == [(0, ((100, (ADDRESS, PORT)),))]
    assert met(both, [{"source.ip": "10.0.0.1", "source.port": 23}], [indicator]) == []
    either = mapping((ADDRESS,), (PORT,))
    assert met(either, [{"source.ip": "10.0.0.9", "source.port": 22}], [indicator]) == [(0, ((100, (PORT,)),))]
    assert met(either, [{"source.ip": "10.0.0.1", "source.port": 22}], [indicator]) == [(0, ((100, (ADDRESS, PORT)),))]


def test_an_indicator_with_several_values_counts_only_where_one_entry_asks() -> None:
    several = {"threat.indicator.ip": ["10.0.0.1", "10.0.0.2"], "threat.indicator.port": 22}
    event = {"source.ip": "10.0.0.2", "source.port": 22}
    assert met(mapping((ADDRESS,)), [event], [several]) == [(0, ((100, (ADDRESS,)),))]
    assert met(mapping((ADDRESS, PORT)), [event], [several]) == []


def test_a_negated_entry_agrees_when_the_event_has_not_the_indicators_value() -> None:
    plan = mapping((ADDRESS, OTHER_FEED))
    indicator = {"threat.indicator.ip": "10.0.0.1", "threat.feed.name": "acme"}
    assert met(plan, [{"source.ip": "10.0.0.1", "event.provider": ["acme", "x"]}], [indicator]) == []
    assert len(met(plan, [{"source.ip": "10.0.0.1", "event.provider": "x"}], [indicator])) == 1
    assert len(met(plan, [{"source.ip": "10.0.0.1"}], [indicator])) == 1


def test_of_many_equal_indicators_the_newest_hundred_are_told_and_none_is_its_own() -> None:
    indicators = [{"threat.indicator.ip": "10.0.0.1"}] * 150
    [(_, told_of)] = met(mapping((ADDRESS,)), [{"source.ip": "10.0.0.1"}], indicators)
    assert [ref for ref, _ in told_of] == list(range(249, 149, -1))
    plan = mapping((ADDRESS,))
    both = {"source.ip": "10.0.0.1", "threat.indicator.ip": "10.0.0.1"}
    assert meet(plan, [*candidates(plan, EVENT, both), *candidates(plan, INDICATOR, both)]) == []


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.lists(st.sampled_from("xyz"), max_size=3, unique=True)),
    max_size=20,
)


@given(ROWS, st.integers(1, 4), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_groups_are_those_of_counting_by_hand_whatever_the_order(
    rows: list[Any], value: int, different: int, random: Any
) -> None:
    events = counted([(key, second, tuple(values)) for key, second, values in rows])
    expected = {
        (key,): [
            number for _, number in sorted((second, number) for number, (k, second, _) in enumerate(rows) if k == key)
        ]
        for key in {key for key, _, _ in rows}
        if sum(k == key for k, _, _ in rows) >= value
        and len({one for k, _, values in rows if k == key for one in values}) >= different
    }
    random.shuffle(events)
    found = group(Threshold(("k",), value, "x", different), events)
    assert {item.key: list(item.refs) for item in found} == expected


VALUES = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True) for name in "abc"}
)
ITEMS = st.lists(
    st.lists(
        st.builds(MappingEntry, st.sampled_from("abc"), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=3
    )
    .map(tuple)
    .filter(lambda item: not all(entry.negated for entry in item)),
    min_size=1,
    max_size=2,
)


@given(ITEMS, st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_events_meet_the_indicators_that_a_comparison_of_each_with_each_finds(
    items: list[Any], events: list[Any], indicators: list[Any]
) -> None:
    found = {(event, ref) for event, refs in met(mapping(*items), events, indicators) for ref, _ in refs}
    assert found == {
        (row, 100 + place)
        for row, event in enumerate(events)
        for place, indicator in enumerate(indicators)
        if any(agrees(item, event, indicator) for item in items)
    }


def agrees(item: tuple[MappingEntry, ...], event: dict[str, Any], indicator: dict[str, Any]) -> bool:
    asked = [entry for entry in item if not entry.negated]
    if len(asked) > 1 and any(len(indicator.get(entry.value, [])) > 1 for entry in asked):
        return False
    return all(
        set(event.get(entry.field, [])).isdisjoint(indicator.get(entry.value, [])) is entry.negated for entry in item
    )
