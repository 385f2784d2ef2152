"""Threshold, indicator-match and saved-query rules: what their files may say and what is made of it."""

from datetime import timedelta
from typing import Any

import pytest

from engine.errors import RuleFileError
from engine.languages.kql import parse_kql
from engine.plan import Indicators, MappingEntry, Threshold, logic_from_json, logic_to_json
from engine.rulefile import CompiledRule, compile_rule, load_rule

HEAD = """
[rule]
description = "x"
name = "Odd"
risk_score = 47
rule_id = "6a9b4c1e-0000-4000-8000-000000000001"
severity = "medium"
"""


def compiled(text: str) -> CompiledRule:
    return compile_rule(load_rule(HEAD + text, "odd.toml"), "odd.toml")


def threshold(text: str) -> Any:
    return compiled('type = "threshold"\nquery = "a:1"\n' + text).plan


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ('threshold = {field = ["user.name", "host.id"], value = 3}', Threshold(("user.name", "host.id"), 3)),
        ('threshold = {field = "user.name", value = 3}', Threshold(("user.name",), 3)),
        ("threshold = {field = [], value = 10}", Threshold((), 10)),
        ('threshold = {field = "", value = 10}', Threshold((), 10)),
        ("threshold = {value = 10}", Threshold((), 10)),
        (
            'threshold = {field = ["a"], value = 1, cardinality = [{field = "b", value = 5}]}',
            Threshold(("a",), 1, "b", 5),
        ),
        (
            'threshold = {field = ["a"], value = 1, cardinality = {field = ["b"], value = 5}}',
            Threshold(("a",), 1, "b", 5),
        ),
        ('threshold = {field = ["a"], value = 1, cardinality = []}', Threshold(("a",), 1)),
    ],
)
def test_a_threshold_is_read_in_every_form_it_is_written_in(text: str, plan: Threshold) -> None:
    assert threshold(text) == plan


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "rule.threshold"),
        ("threshold = 5", "rule.threshold"),
        ('threshold = {field = ["a"]}', "rule.threshold.value"),
        ('threshold = {field = ["a"], value = 0}', "rule.threshold.value"),
        ('threshold = {field = ["a"], value = "5"}', "rule.threshold.value"),
        ('threshold = {field = ["a", "a"], value = 5}', "rule.threshold.field"),
        ('threshold = {field = ["a b"], value = 5}', "rule.threshold.field"),
        ('threshold = {field = ["a","b","c","d","e","f"], value = 5}', "rule.threshold.field"),
        ('threshold = {field = ["a"], value = 5, cardinality = [{value = 2}]}', "rule.threshold.cardinality[0].field"),
        (
            'threshold = {field = ["a"], value = 5, cardinality = [{field="b"}]}',
            "rule.threshold.cardinality[0].value",
        ),
    ],
)
def test_a_threshold_that_cannot_be_read_names_the_key(text: str, key: str) -> None:
    with pytest.raises(RuleFileError) as refused:
        threshold(text)
    assert refused.value.key == key


MAPPING = """
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "source.ip"
type = "mapping"
value = "threat.indicator.ip"
[[rule.threat_mapping.entries]]
field = "event.provider"
type = "mapping"
value = "threat.feed.name"
negate = true
[[rule.threat_mapping]]
entries = [{field = "destination.ip", type = "mapping", value = "threat.indicator.ip"}]
"""
THREAT = 'type = "threat_match"\nquery = "source.ip:*"\n'


def test_an_indicator_match_rule_says_what_must_agree_and_has_defaults_for_the_rest() -> None:
    rule = compiled(THREAT + MAPPING)
    assert isinstance(rule.plan, Indicators)
    assert rule.plan.items == (
        (
            MappingEntry("source.ip", "threat.indicator.ip"),
            MappingEntry("event.provider", "threat.feed.name", negated=True),
        ),
        (MappingEntry("destination.ip", "threat.indicator.ip"),),
    )
    assert (rule.plan.indices, rule.plan.path) == (("logs-ti_*",), "threat.indicator")
    assert rule.plan.history == timedelta(days=30)
    assert [part.name for part in rule.parts] == ["event", "indicator"]
    assert rule.logic is not None
    assert logic_from_json(logic_to_json(rule.logic)) == rule.logic


@pytest.mark.parametrize(
    ("query", "history"),
    [
        ('@timestamp >= \\"now-7d\\"', timedelta(days=7)),
        ('@timestamp >= \\"now-7d/d\\" and a:1', timedelta(days=8)),
        ('@timestamp > \\"now-1M\\"', timedelta(days=31)),
        ("a:1 or @timestamp > now-1d", timedelta(days=30)),
        ('@timestamp > \\"2026-01-01\\"', timedelta(days=30)),
        ("*:*", timedelta(days=30)),
    ],
)
def test_how_old_an_indicator_may_be_is_what_its_query_says(query: str, history: timedelta) -> None:
    plan = compiled(THREAT + f'threat_query = "{query}"\n' + MAPPING).plan
    assert isinstance(plan, Indicators)
    assert plan.history == history


def test_filters_of_indicators_are_part_of_what_lets_them_in() -> None:
    filters = '[[rule.threat_filters]]\n[rule.threat_filters.query.match_phrase]\n"event.kind" = "enrichment"\n'
    plan = compiled(THREAT + 'threat_query = "a:1"\n' + MAPPING + filters).plan
    assert isinstance(plan, Indicators)
    assert plan.tree == compile_kql('a:1 and event.kind:"enrichment"')


def compile_kql(text: str) -> Any:
    return parse_kql(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "rule.threat_mapping"),
        ("threat_mapping = [{entries = []}]", "rule.threat_mapping[0].entries"),
        (
            'threat_mapping = [{entries = [{field = "a", value = "b", negate = true}]}]',
            "rule.threat_mapping[0].entries",
        ),
        ('threat_mapping = [{entries = [{field = "a"}]}]', "rule.threat_mapping[0].entries[0].value"),
        ('threat_query = "a:("' + MAPPING, "rule.threat_query"),
        (MAPPING + "[[rule.threat_filters]]\nquery = {odd = 1}", "rule.threat_filters[0].odd"),
    ],
)
def test_an_indicator_match_rule_that_cannot_be_read_names_the_key(text: str, key: str) -> None:
    with pytest.raises(RuleFileError) as refused:
        compiled(THREAT + text)
    assert refused.value.key == key


def test_a_query_for_indicators_in_another_language_is_not_evaluated_and_says_so() -> None:
    rule = compiled(THREAT + 'threat_language = "lucene"\nthreat_query = "a:("' + MAPPING)
    assert (rule.evaluated, rule.reason_not_evaluated) == (
        False,
        "Lucene queries are not evaluated; write the query in KQL",
    )


def test_a_saved_query_with_its_own_text_is_evaluated_and_one_that_only_names_it_says_why_not() -> None:
    own = compiled('type = "saved_query"\nsaved_id = "x"\nquery = "user.name:root"')
    assert own.tree == compile_kql("user.name:root")
    filters = '[[rule.filters]]\n[rule.filters.query.exists]\nfield = "a"'
    assert compiled('type = "saved_query"\nsaved_id = "x"\n' + filters).evaluated
    named = compiled('type = "saved_query"\nsaved_id = "x"')
    assert not named.evaluated
    assert named.reason_not_evaluated is not None
    assert "write the query into the rule" in named.reason_not_evaluated
