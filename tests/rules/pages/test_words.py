"""A rule's plan, suppression and schedule in words; no database."""

import pytest

from engine import compile_rule, load_rule
from rules import schedule
from rules.planned import mappings, planned, suppression
from tests.rules.conftest import rule_text


def told(tmp_path, **values):
    path = tmp_path / "rule.toml"
    path.write_text(rule_text(**values), encoding="utf-8")
    definition = load_rule(path.read_text(encoding="utf-8"), path.name)
    return definition, planned(compile_rule(definition).logic)


def eql(query):
    return {"type": "eql", "language": "eql", "query": query}


def test_a_rule_on_single_events_has_no_plan(tmp_path):
    definition, plan = told(tmp_path)
    assert plan is None
    assert schedule.in_practice(definition, joined=False).startswith("fires within seconds")


def test_a_sequence_is_told_by_steps_shared_keys_time_and_end(tmp_path):
    query = """sequence by host.id, user.id with maxspan=90s
      [process where process.name == "a"] by process.entity_id
      [file where true] by process.parent.entity_id with runs=3
      ![network where true] by process.entity_id
      until [process where event.type == "end"] by process.entity_id"""
    definition, plan = told(tmp_path, **eql(query))
    assert plan.lead == "4 events in order, all within 1 m 30 s."
    assert plan.shared == ("host.id", "user.id")
    assert [step.by for step in plan.steps] == [
        ("process.entity_id",),
        ("process.parent.entity_id",),
        ("process.entity_id",),
    ]
    assert [(step.runs, step.missing) for step in plan.steps] == [(1, False), (3, False), (1, True)]
    assert "process.name is a" in plan.steps[0].asked
    assert "event.type is end" in plan.until
    assert schedule.in_practice(definition, joined=True) == (
        "joined within 5 s of new candidates, at the latest every 5 m; looks back 9 m"
    )


def test_a_key_that_all_steps_name_alike_is_shared_and_an_optional_one_says_so(tmp_path):
    _, plan = told(tmp_path, **eql("sequence [any where a == 1] by b, ?c [any where d == 1] by b, ?c"))
    assert plan.shared == ("b", "c (or none)")
    assert plan.lead == "2 events in order."


def test_a_sample_is_in_any_order(tmp_path):
    _, plan = told(tmp_path, **eql("sample by host.id [any where a == 1] [any where b == 1]"))
    assert plan.lead == "2 events in any order, one for each step."


GROUPED = """[rule.threshold]
field = ["user.name", "source.ip"]
value = 1000
[[rule.threshold.cardinality]]
field = "destination.port"
value = 5
"""
AS_WORDS = "At least 1,000 events with the same user.name and source.ip, with at least 5 different destination.port,"
ALONE = "[rule.threshold]\nfield = []\nvalue = 1"


@pytest.mark.parametrize(("table", "expected"), [(GROUPED, AS_WORDS), (ALONE, "At least 1 event")])
def test_a_count_is_one_sentence(tmp_path, table, expected):
    _, plan = told(tmp_path, type="threshold", tail=table)
    assert plan.lead == f"{expected} within the look-back."


def test_indicators_are_told_by_what_meets_what_and_where_they_come_from(tmp_path):
    extra = (
        'threat_index = ["logs-ti_*"]\nthreat_query = "event.kind:enrichment"\nthreat_indicator_path = '
        '"threat.indicator"'
    )
    tail = """
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "file.hash.sha256"
type = "mapping"
value = "threat.indicator.file.hash.sha256"
[[rule.threat_mapping.entries]]
field = "host.os.type"
type = "mapping"
value = "threat.indicator.os"
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "destination.ip"
type = "mapping"
value = "threat.indicator.ip"
"""
    _, plan = told(tmp_path, type="threat_match", extra=extra, tail=tail)
    both, address = plan.meets
    assert both.startswith("its file.hash.sha256 is the indicator's threat.indicator.file.hash.sha256 and its host.os.")
    assert address == "its destination.ip is the indicator's threat.indicator.ip"
    assert "logs-ti_*" in plan.about
    assert "event.kind is enrichment" in plan.about


def test_suppression_and_what_the_event_decides(tmp_path):
    tail = """
[rule.alert_suppression]
group_by = ["host.name", "user.name"]
missing_fields_strategy = "doNotSuppress"
[rule.alert_suppression.duration]
value = 5
unit = "h"
[[rule.severity_mapping]]
field = "event.severity"
operator = "equals"
value = "73"
severity = "high"
"""
    definition, _ = told(tmp_path, tail=tail, extra='rule_name_override = "message"')
    told_of = suppression(definition)
    assert told_of is not None
    assert (told_of.fields, told_of.within) == (("host.name", "user.name"), "within 5 h")
    assert told_of.missing == "an alert each"
    assert mappings(definition) == ("Severity high where event.severity is 73.", "Name from message.")
