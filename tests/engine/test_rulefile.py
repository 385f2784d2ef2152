import time

import orjson
import pytest

from engine.errors import RuleFileError
from engine.rulefile import RuleDefinition, compile_rule, load_rule, warnings_of

HEAD = """
[metadata]
integration = ["endpoint"]
maturity = "production"
"""
RULE = """
[rule]
author = ["Watchbill"]
description = "A shell."
language = "kuery"
license = "Apache-2.0"
name = "Odd Shell"
risk_score = 47
rule_id = "6a9b4c1e-0000-4000-8000-000000000001"
severity = "medium"
type = "query"
query = "process.name:sh"
"""
THREAT = """
[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002/"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
[[rule.threat.technique.subtechnique]]
id = "T1059.004"
name = "Unix Shell"
reference = "https://attack.mitre.org/techniques/T1059/004/"
"""
TERMS = """
[rule.new_terms]
field = "new_terms_fields"
value = ["process.executable", "host.id"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-14d"
"""
NEW_TERMS = RULE.replace('type = "query"', 'type = "new_terms"') + TERMS


def changed(text, **keys):
    """The rule file with these keys set to these pieces of TOML; None takes the key out."""
    lines = [line for line in text.split("\n") if line.split(" = ")[0] not in keys]
    at = lines.index("[rule]") + 1
    lines[at:at] = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    return "\n".join(lines)


def load(text):
    return load_rule(text, "odd.toml")


def test_what_a_file_leaves_out_has_the_documented_default():
    rule = load(RULE)
    assert (rule.interval, rule.from_, rule.to, rule.max_signals) == ("5m", "now-6m", "now", 100)
    assert (rule.index, rule.indices, rule.tags, rule.enabled) == ((), ("*",), (), None)
    assert not rule.is_building_block
    assert load(changed(RULE, language=None)).language == "kuery"


def test_what_a_file_says_is_kept():
    rule = load(
        HEAD + changed(RULE, index='["logs-a-*", "logs-b-*"]', interval='"10m"', **{"from": '"now-30m"'}) + THREAT
    )
    assert (rule.index, rule.interval, rule.from_) == (("logs-a-*", "logs-b-*"), "10m", "now-30m")
    assert rule.integrations == ("endpoint",)
    [tactic] = rule.threat
    [technique] = tactic.techniques
    assert (tactic.id, technique.id, technique.subtechniques[0].name) == ("TA0002", "T1059", "Unix Shell")
    assert rule.raw["name"] == "Odd Shell"


def test_a_definition_survives_its_storage_as_json():
    rule = load(
        HEAD + changed(NEW_TERMS, enabled="true", exceptions_list='[{ id = "endpoint_list", when = 2026-01-01 }]')
    )
    assert RuleDefinition.from_json(orjson.loads(orjson.dumps(rule.to_json()))) == rule


@pytest.mark.parametrize(
    "text",
    [
        NEW_TERMS,
        RULE.replace('"query"', '"new_terms"')
        + 'new_terms_fields = ["process.executable", "host.id"]\nhistory_window_start = "now-14d"\n',
    ],
)
def test_new_terms_are_read_in_both_public_forms(text):
    rule = load(text)
    assert (rule.new_terms_fields, rule.history_window_start) == (("process.executable", "host.id"), "now-14d")


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        ({"severity": '"urgent"'}, "rule.severity", "low, medium, high, critical"),
        ({"severity": None}, "rule.severity", "is missing"),
        ({"risk_score": "101"}, "rule.risk_score", "from 0 to 100"),
        ({"risk_score": '"47"'}, "rule.risk_score", "from 0 to 100"),
        ({"risk_score": "true"}, "rule.risk_score", "from 0 to 100"),
        ({"type": '"sigma"'}, "rule.type", "new_terms"),
        ({"language": '"sql"'}, "rule.language", "kuery"),
        ({"language": '"eql"'}, "rule.language", "kuery"),
        ({"name": '" "'}, "rule.name", "is empty"),
        ({"name": "7"}, "rule.name", "must be text"),
        ({"name": f'"{"x" * 300}"'}, "rule.name", "at most 255"),
        ({"rule_id": '"../etc/passwd"'}, "rule.rule_id", "UUID"),
        ({"query": '" "'}, "rule.query", "every event"),
        ({"query": None}, "rule.query", "every event"),
        ({"interval": '"5 minutes"'}, "rule.interval", "such as 5m"),
        ({"from": '"9m"'}, "rule.from", "now-9m"),
        ({"to": '"tomorrow"'}, "rule.to", "look-back"),
        ({"max_signals": "0"}, "rule.max_signals", "from 1 to 10000"),
        ({"tags": '"one"', "author": "[1]"}, "rule.author", "list of texts"),
        ({"index": '["-logs-*"]'}, "rule.index", "only takes indices out"),
        ({"filters": '["exists"]'}, "rule.filters", "list of tables"),
        ({"threat": '[{ tactic = "TA0002" }]'}, "rule.threat[0].tactic", "must be a table"),
        ({"threat": '[{ tactic = { id = "TA0002" } }]'}, "rule.threat[0].tactic.name", "is missing"),
        ({"building_block_type": '"yes"'}, "rule.building_block_type", "default"),
        ({"timestamp_override": '"event ingested"'}, "rule.timestamp_override", "name of a field"),
        ({"enabled": '"yes"'}, "rule.enabled", "true or false"),
        ({"description": '"a\\u0000b"'}, "rule.description", "NUL"),
        ({"risk_score": "99999999999999999999"}, "rule.risk_score", "64 bits"),
        ({"tags": "[" + '"x",' * 2_000 + "]"}, "rule.tags", "at most 1000"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_what_to_do(keys, key, words):
    with pytest.raises(RuleFileError) as refused:
        load(changed(RULE, **keys))
    assert refused.value.key == key
    assert words in refused.value.message
    assert str(refused.value).startswith(f"odd.toml: {key}: ")


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"now-14d"', '"now-5m"', "rule.history_window_start", "further back than from"),
        ('"now-14d"', '"now-6m"', "rule.history_window_start", "further back than from"),
        ('"now-14d"', '"a while"', "rule.history_window_start", "now-9m"),
        ('"host.id"]', '"a", "b", "c"]', "rule.new_terms.value", "one to 3"),
        ('"process.executable", "host.id"', "", "rule.new_terms.value", "one to 3"),
        ('"host.id"', '"process.executable"', "rule.new_terms.value", "different"),
        ('"host.id"', '"host id"', "rule.new_terms.value", "names of fields"),
        ("[[rule.new_terms.history_window_start]]", "[[rule.other]]", "rule.history_window_start", "is missing"),
    ],
)
def test_wrong_new_terms_are_named(old, new, key, words):
    with pytest.raises(RuleFileError) as refused:
        load(NEW_TERMS.replace(old, new))
    assert refused.value.key == key
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[rule]\nname = "open\n', "line 2, column 13"),
        ("[rule]\nname == 1\n", "line 2, column 7"),
        ("a = 1", "a rule file has a [rule] table"),
        ("rule = 1", "a rule file has a [rule] table"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "[" * 60 + "]" * 60, "nested too deeply"),
        ("x = " + "9" * 5_000, "not TOML"),
        ("#" * 300_001, "over 300,000"),
        ("a." * 140_000 + "b = 1", "more than forty parts"),
        ("[" + "a." * 140_000 + "b]", "more than forty parts"),
        ("x = { " + '"a" . ' * 40_000 + "b = 1 }", "more than forty parts"),
        (r"""'a'."\".".""" * 10_000 + "b = 1", "more than forty parts"),
        ("x = [" + "1," * 140_000 + "]", "a rule file has a [rule] table"),
        ("[[a]]\n" * 40_000, "a rule file has a [rule] table"),
        ("", "a rule file has a [rule] table"),
        ("name = '\ud800'", "lone surrogate"),
        ("\x00", "line 1, column 1"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(text, words):
    started = time.perf_counter()
    with pytest.raises(RuleFileError) as refused:
        load(text)
    assert words in refused.value.message
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("kind", "language", "reason"),
    [
        ("machine_learning", "kuery", "Machine-learning rules are not evaluated yet"),
        ("saved_query", "lucene", "Lucene queries are not evaluated; write the query in KQL"),
        ("query", "lucene", "Lucene queries are not evaluated; write the query in KQL"),
    ],
)
def test_rules_that_are_not_evaluated_yet_load_and_say_so(kind, language, reason):
    rule = load(changed(RULE, type=f'"{kind}"', language=f'"{language}"', query='"any where true"'))
    compiled = compile_rule(rule)
    assert (compiled.tree, compiled.evaluated, compiled.reason_not_evaluated) == (None, False, reason)


def test_a_query_that_cannot_be_read_keeps_its_place():
    with pytest.raises(RuleFileError) as refused:
        compile_rule(load(changed(RULE, query='"process.name:(sh or"')), "odd.toml")
    assert refused.value.key == "rule.query"
    assert refused.value.cause is not None
    assert refused.value.cause.line == 1


def test_a_filter_that_cannot_be_read_is_named():
    with pytest.raises(RuleFileError) as refused:
        compile_rule(
            load(changed(RULE, filters='[{ query = { exists = { field = "a" } } }, { query = { geo = {} } }]'))
        )
    assert refused.value.key == "rule.filters[1].geo"


def test_only_a_change_of_what_it_looks_for_changes_the_logic_hash():
    before = compile_rule(load(NEW_TERMS)).logic_hash
    same = changed(NEW_TERMS, note='"A guide."', severity='"high"', interval='"1m"', tags='["x"]').replace("14d", "20d")
    assert compile_rule(load(same)).logic_hash == before
    assert len(before) == 16
    for other in ({"query": '"process.name:bash"'}, {"index": '["logs-*"]'}):
        assert compile_rule(load(changed(NEW_TERMS, **other))).logic_hash != before
    assert compile_rule(load(NEW_TERMS.replace('"host.id"', '"host.name"'))).logic_hash != before


def test_a_look_back_shorter_than_the_interval_is_a_warning():
    rule = load(changed(RULE, interval='"1h"', index='["logs-*"]', note='"x"', **{"from": '"now-30m"'}))
    [warning] = warnings_of(rule)
    assert "looks back now-30m but runs only every 1h" in warning
    assert warnings_of(load(changed(RULE, index='["logs-*"]', note='"x"'))) == ()
