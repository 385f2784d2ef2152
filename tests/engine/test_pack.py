"""The shipped rules as a whole: their facts, their guides, and what each fires on."""

import copy
import tomllib
import uuid
from pathlib import Path

import orjson
import pytest

from engine.attack import NAMES, SUBTECHNIQUE_OF
from engine.document import Document
from engine.fields import field_type
from engine.guide import split_guide
from engine.indices import index_matches
from engine.rule_types.new_terms import terms_of
from engine.rulefile import SEVERITIES, compile_rule, load_rule, warnings_of
from engine.running import Rule, event_of, moment_of, run
from engine.tree import fields_of
from tests.engine.judging import judged

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "rules" / "pack").glob("*.toml"))
PACK = {path.stem: load_rule(path.read_text(), path.name) for path in FILES}
CASES = tomllib.loads((ROOT / "tests" / "cases" / "pack.toml").read_text())
EVALUATED = set(PACK)
OVER_WINDOWS = {stem for stem, rule in PACK.items() if rule.type == "esql"}
FOREIGN_INDICES = ("logs-demo.process-default", "metrics-system.process-default", ".alerts-security.alerts-default")


def changed(event, change):
    """The event with `set` merged in deeply and `drop` taken out."""
    event = copy.deepcopy(event)
    merge(event, change.get("set", {}))
    for path in change.get("drop", ()):
        *parents, last = path.split(".")
        table = event
        for parent in parents:
            table = table[parent]
        del table[last]
    return event


def merge(target, source):
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


def document(case, change):
    return orjson.dumps(changed(case["event"], change))


def mapping(rule):
    for tactic in rule.threat:
        yield tactic
        for technique in tactic.techniques:
            yield technique
            yield from technique.subtechniques


def test_the_pack_has_all_severities_and_the_kinds_it_promises():
    assert {rule.severity for rule in PACK.values()} == set(SEVERITIES)
    assert {rule.type for rule in PACK.values()} == {"query", "new_terms", "eql", "esql"}
    assert any(rule.is_building_block for rule in PACK.values())
    assert any(rule.filters for rule in PACK.values())
    assert len(PACK) == 19


def test_no_two_rules_share_an_id_or_a_name():
    assert len({rule.rule_id for rule in PACK.values()}) == len(PACK)
    assert len({rule.name for rule in PACK.values()}) == len(PACK)
    assert all(str(uuid.UUID(rule.rule_id)) == rule.rule_id for rule in PACK.values())


@pytest.mark.parametrize("stem", CASES["facts"])
def test_the_five_rules_that_follow_published_ones_keep_their_facts(stem):
    rule, facts = PACK[stem], CASES["facts"][stem]
    assert (rule.name, rule.type, list(rule.index)) == (facts["name"], facts["type"], facts["index"])
    assert (rule.severity, rule.risk_score) == (facts["severity"], facts["risk_score"])
    assert (rule.interval, rule.from_, rule.max_signals) == (facts["interval"], facts["from"], facts["max_signals"])
    assert list(rule.tags) == facts["tags"]
    assert [f"{entry.id} {entry.name} {entry.reference}" for entry in mapping(rule)] == facts["attack"]
    assert any(facts["upstream"] in reference for reference in rule.references)
    assert list(rule.new_terms_fields) == facts.get("new_terms", [])
    assert rule.history_window_start == facts.get("history")


@pytest.mark.parametrize("stem", PACK)
def test_a_rule_is_complete(stem):
    rule = PACK[stem]
    assert rule.author == ("Watchbill",)
    assert rule.license == "Apache-2.0"
    assert rule.references
    assert rule.threat
    assert rule.tags[0].startswith("Domain: ")
    assert any(tag.startswith("Data Source: ") for tag in rule.tags)
    assert rule.investigation_fields[0] == "@timestamp"
    assert warnings_of(rule) == ()


@pytest.mark.parametrize("stem", PACK)
def test_a_rule_has_a_guide_with_every_part(stem):
    rule = PACK[stem]
    guide = split_guide(rule.note, rule.setup, rule.false_positives, rule.name)
    assert len(guide.intro) > 150
    assert len(guide.steps) >= 6
    assert len(guide.false_positive_items) >= 4
    assert len(guide.response_steps) >= 4
    assert len(guide.setup) > 150
    assert "`" in guide.steps_md
    assert guide.disclaimer is None
    assert all(len(step.title) > 30 for step in (*guide.steps, *guide.response_steps))


@pytest.mark.parametrize("stem", PACK)
def test_related_rules_are_rules_of_the_pack(stem):
    rule = PACK[stem]
    related = split_guide(rule.note).related_rules
    names = {line.removeprefix("- ").strip() for line in related.splitlines() if line.strip()}
    assert names <= {other.name for other in PACK.values()} - {rule.name}


@pytest.mark.parametrize("stem", PACK)
def test_the_attack_mapping_is_in_our_table_and_its_links_are_its_own(stem):
    for entry in mapping(PACK[stem]):
        assert NAMES[entry.id] == entry.name
        kind = "tactics" if entry.id.startswith("TA") else "techniques"
        assert entry.reference == f"https://attack.mitre.org/{kind}/{entry.id.replace('.', '/')}/"
    for tactic in PACK[stem].threat:
        for technique in tactic.techniques:
            assert {SUBTECHNIQUE_OF[below.id] for below in technique.subtechniques} <= {technique.id}


@pytest.mark.parametrize("stem", PACK)
def test_a_rule_compiles_or_says_why_not(stem):
    compiled = compile_rule(PACK[stem])
    assert compiled.evaluated is (stem in EVALUATED)
    assert (compiled.tree is None) is (stem not in EVALUATED)
    assert bool(compiled.reason_not_evaluated) is (stem not in EVALUATED)


def test_every_rule_that_is_evaluated_has_a_case():
    assert [case["file"] for case in CASES["rule"]] == list(dict.fromkeys(case["file"] for case in CASES["rule"]))
    assert {case["file"] for case in CASES["rule"]} == EVALUATED - OVER_WINDOWS
    assert {case["file"] for case in CASES["window"]} == OVER_WINDOWS


@pytest.mark.parametrize("case", CASES["rule"], ids=lambda case: case["file"])
def test_a_rule_fires_on_its_events_and_not_on_their_near_misses(case):
    tree = compile_rule(PACK[case["file"]]).tree
    assert tree is not None
    assert [change for change in case["fires"] if not judged(tree, document(case, change))] == []
    assert [change for change in case["quiet"] if judged(tree, document(case, change))] == []
    assert not judged(tree, b"{}")


def stories():
    return [
        pytest.param(case, run, id=f"{case['file']}: {run['name']}") for case in CASES["window"] for run in case["run"]
    ]


@pytest.mark.parametrize(("case", "story"), stories())
def test_a_rule_over_a_window_fires_on_its_story_and_not_on_its_near_misses(case, story):
    rule = Rule(PACK[case["file"]], compile_rule(PACK[case["file"]]))
    raw = [changed(case["event"], {"set": change}) | {"_index": case["index"]} for change in story["events"]]
    events = [event_of(line, one) for line, one in enumerate(raw)]
    found = list(run([rule], events, now=moment_of([case["now"]]).at))
    assert [list(finding.events) for finding in found] == story["found"]
    for finding, row in zip(found, story.get("rows", ()), strict=False):
        assert {name: finding.row[name] for name in row} == row


@pytest.mark.parametrize("case", [*CASES["rule"], *CASES["window"]], ids=lambda case: case["file"])
def test_a_rule_reads_its_own_index_and_no_foreign_one(case):
    rule = PACK[case["file"]]
    assert index_matches(rule.indices, case["index"])
    assert not any(index_matches(rule.indices, index) for index in FOREIGN_INDICES)


@pytest.mark.parametrize("case", [case for case in CASES["rule"] if "terms" in case], ids=lambda case: case["file"])
def test_a_new_terms_rule_names_what_is_new(case):
    terms = terms_of(PACK[case["file"]].new_terms_fields, Document.of(document(case, {})))
    assert [list(combination) for combination in terms] == case["terms"]


@pytest.mark.parametrize("stem", sorted(EVALUATED))
def test_ecs_fields_that_a_rule_asks_for_are_known(stem):
    tree = compile_rule(PACK[stem]).tree
    assert tree is not None
    own = ("azure.", "okta.", "aws.", "winlog.")
    unknown = [name for name in fields_of(tree) if field_type(name).value == "unknown" and not name.startswith(own)]
    assert unknown == []
