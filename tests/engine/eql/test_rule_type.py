"""EQL rules: what their keys do to the query."""

import pytest

from engine.errors import RuleFileError
from engine.plan import Sample, Sequence
from engine.rule_types.eql import order_fields
from engine.rulefile import compile_rule, load_rule
from engine.tree import Leaf, Not, Op, all_of, any_of

RULE = '''
[rule]
rule_id = "eql-1"
name = "A rule"
description = "It finds things."
type = "eql"
severity = "low"
risk_score = 21
index = ["logs-*"]
query = """
{query}
"""
{more}
'''
FILTERS = """
[[rule.filters]]
[rule.filters.meta]
negate = true
[rule.filters.query.exists]
field = "skip"
"""
KEPT = Not(Leaf("skip", Op.EXISTS))


def compiled(query, more=""):
    return compile_rule(load_rule(RULE.format(query=query, more=more), "rule.toml"))


def step(category):
    return all_of(Leaf("event.category", Op.IS, (category,)), KEPT)


def test_an_event_query_has_its_filters_and_no_plan():
    rule = compiled("process where true", FILTERS)
    assert rule.evaluated
    assert (rule.tree, rule.plan) == (step("process"), None)


def test_the_filters_of_a_sequence_hold_for_every_step_and_for_until():
    rule = compiled("sequence by a [process where true] [file where true] until [network where true]", FILTERS)
    assert isinstance(rule.plan, Sequence)
    assert rule.plan.until is not None
    assert [one.tree for one in (*rule.plan.steps, rule.plan.until)] == [step("process"), step("file"), step("network")]
    assert rule.tree == any_of(step("process"), step("file"), step("network"))
    assert [part.name for part in rule.parts] == ["1", "2", "until"]


def test_the_filters_of_a_sample_hold_for_every_step():
    plan = compiled("sample by a [process where true] [file where true]", FILTERS).plan
    assert isinstance(plan, Sample)
    assert [one.tree for one in plan.steps] == [step("process"), step("file")]


def test_a_rule_may_name_the_fields_it_goes_by():
    more = (
        'event_category_override = "event.type"\ntimestamp_field = "event.created"\ntiebreaker_field = "event.sequence"'
    )
    rule = compiled("start where true", more)
    assert rule.tree == Leaf("event.type", Op.IS, ("start",))
    definition = load_rule(RULE.format(query="start where true", more=more), "rule.toml")
    assert order_fields(definition) == ("event.created", "event.sequence")
    plain = load_rule(RULE.format(query="start where true", more=""), "rule.toml")
    assert order_fields(plain) == ("@timestamp", None)


def test_the_fields_it_goes_by_are_part_of_what_a_rule_looks_for():
    named = compiled("start where true", 'event_category_override = "event.type"')
    assert named.logic_hash != compiled("start where true").logic_hash


@pytest.mark.parametrize("query", ["any where true | head 5", "sequence [any where a] [any where b] | tail 1"])
def test_a_rule_with_a_pipe_is_refused_where_it_stands(query):
    with pytest.raises(RuleFileError) as refused:
        compiled(query)
    error = refused.value.cause
    assert error is not None
    assert query[error.column - 1 :].startswith(("head", "tail"))
    assert "has no place in it" in error.message


def test_a_query_that_cannot_be_read_keeps_its_line():
    with pytest.raises(RuleFileError) as refused:
        compiled("process where\n  process.name = 1")
    assert refused.value.key == "rule.query"
    assert refused.value.cause is not None
    assert (refused.value.cause.line, refused.value.cause.column) == (2, 16)
