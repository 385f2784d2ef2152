"""Sequences, samples and pipes: what becomes of the shape of a query."""

import json
from datetime import timedelta

import pytest

from engine.errors import LanguageError
from engine.languages.eql import Pipe, parse_eql
from engine.plan import JoinKey, Logic, Sample, Sequence, logic_from_json, logic_to_json, parts_of
from engine.tree import Leaf, MatchAll, MatchNone, Op, Or, all_of

PROCESS, FILE = Leaf("event.category", Op.IS, ("process",)), Leaf("event.category", Op.IS, ("file",))


def sequence(text: str) -> Sequence:
    plan = parse_eql(text).plan
    assert isinstance(plan, Sequence)
    return plan


def test_a_sequence_has_its_steps_in_order_and_lets_in_what_any_of_them_does():
    query = parse_eql("sequence [process where true] [file where x == 1]")
    plan = query.plan
    assert isinstance(plan, Sequence)
    assert [step.tree for step in plan.steps] == [PROCESS, all_of(FILE, Leaf("x", Op.IS, ("1",)))]
    assert query.tree == Or((PROCESS, all_of(FILE, Leaf("x", Op.IS, ("1",)))))
    assert (plan.maxspan, plan.until, query.pipes) == (None, None, ())


def test_shared_keys_come_before_those_of_a_step():
    plan = sequence("sequence by host.id, ?user.name [any where true] by a [any where true] by `b-c`")
    shared = (JoinKey("host.id"), JoinKey("user.name", optional=True))
    assert [step.by for step in plan.steps] == [(*shared, JoinKey("a")), (*shared, JoinKey("b-c"))]


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("1s", timedelta(seconds=1)),
        ("5 m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_span_is_read_in_every_unit(written, span):
    assert sequence(f"sequence with maxspan = {written} [any where true] [any where true]").maxspan == span
    assert sequence(f"sequence by a with maxspan={written} [any where true] [any where true]").maxspan == span


def test_an_item_may_be_repeated_with_keys_before_or_behind():
    plan = sequence("sequence [any where a] by x with runs=3 [any where b] with runs = 2 by y")
    assert [(step.runs, step.by) for step in plan.steps] == [(3, (JoinKey("x"),)), (2, (JoinKey("y"),))]


def test_one_repeated_item_is_a_sequence():
    assert sequence("sequence by a [any where true] with runs=100").steps[0].runs == 100


def test_a_missing_event_may_be_repeated():
    plan = sequence("sequence with maxspan=1s [any where a] ![any where b] with runs=2 [any where c]")
    assert [(step.missing, step.runs) for step in plan.steps] == [(False, 1), (True, 2), (False, 1)]


def test_until_and_missing_events_are_kept_with_their_keys():
    plan = sequence("sequence by a with maxspan=1m [any where b] ![any where c] until [process where true]")
    assert [step.missing for step in plan.steps] == [False, True]
    assert plan.until is not None
    assert (plan.until.tree, plan.until.by) == (PROCESS, (JoinKey("a"),))
    query = parse_eql("sequence [any where false] [any where false] until [process where true]")
    assert query.tree == PROCESS


def test_the_parts_of_a_sequence_take_part_in_the_pass_by_number():
    query = parse_eql("sequence [process where true] [file where true] until [any where false]")
    parts = parts_of(query.tree, query.plan, ("logs-*",))
    assert [(part.name, part.tree) for part in parts] == [("1", PROCESS), ("2", FILE), ("until", MatchNone())]


def test_a_sample_has_keys_shared_or_its_own():
    plan = parse_eql("sample by host [process where true] by a [file where true] by b").plan
    assert isinstance(plan, Sample)
    assert [step.by for step in plan.steps] == [(JoinKey("host"), JoinKey("a")), (JoinKey("host"), JoinKey("b"))]
    alone = parse_eql("sample [process where true] by a [file where true] by b").plan
    assert isinstance(alone, Sample)


def test_pipes_are_kept_in_order_with_their_numbers():
    query = parse_eql("any where true | head 4 | tail 1 + 1 | head 0")
    assert query.pipes == (Pipe("head", 4), Pipe("tail", 2), Pipe("head", 0))
    assert query.tree == MatchAll()


def test_category_timestamp_and_tiebreaker_can_be_named():
    query = parse_eql("process where true", category_field="kind", timestamp_field="at", tiebreaker_field="serial")
    assert query.tree == Leaf("kind", Op.IS, ("process",))
    assert (query.timestamp_field, query.tiebreaker_field) == ("at", "serial")
    plan = parse_eql("sequence [process where true] [any where true]", category_field="kind").plan
    assert isinstance(plan, Sequence)
    assert plan.steps[0].tree == query.tree


def test_a_plan_survives_storage():
    query = parse_eql(
        """sequence by host.id, ?user.name with maxspan=90s
             [process where length(process.name) / 2.0 > 1] by a with runs=2
             ![file where file.name regex~ "a.*"] by b
           until [any where cidrMatch(source.ip, "10.0.0.0/8")] by c"""
    )
    logic = Logic(query.tree, query.plan)
    assert logic_from_json(json.loads(json.dumps(logic_to_json(logic)))) == logic


def test_keywords_may_be_parts_of_a_field_name():
    query = parse_eql("any where event.sequence == 1 and x.any.by : 2")
    assert query.tree == all_of(Leaf("event.sequence", Op.IS, ("1",)), Leaf("x.any.by", Op.IS, ("2",), fold=True))


def test_half_a_character_is_refused_with_its_place():
    with pytest.raises(LanguageError) as caught:
        parse_eql('any where a == "\ud800"')
    assert caught.value.column == 17
