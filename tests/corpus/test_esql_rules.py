"""Every public rule in ES|QL compiles, says what its rows are, lets few events in, and runs."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache

import pytest

from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import Stats
from engine.plan import Pipeline, logic_from_json, logic_to_json
from engine.rule_types.esql import NEEDS_MODEL
from engine.running import Rule, event_of, run, told_of_event
from engine.tree import And, Leaf, MatchAll, Op, Or, Tree
from tests.corpus.where import FOLDER, corpus, needs_corpus, rule_of, rule_paths

pytestmark = needs_corpus

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS = [
    event_of(
        line,
        {
            "@timestamp": f"2026-11-20T11:5{line}:00Z",
            "event": {"category": ["process"], "type": ["start"], "action": "exec", "dataset": "endpoint.alerts"},
            "host": {"id": "h", "name": "web-1", "os": {"type": "linux"}},
            "process": {"name": "sh", "args": ["sh", "-c", "id"], "command_line": "sh -c id", "pid": line},
            "user": {"name": "ana", "id": "S-1-5-21-1"},
            "source": {"ip": "10.0.0.7"},
            "kibana.alert.rule.name": "Some rule",
            "kibana.alert.risk_score": 73,
        },
    )
    for line in range(5)
]


@cache
def _rules() -> dict[str, Rule]:
    texts = {rule_id: path.read_text() for rule_id, path in rule_paths().items()} if FOLDER else {}
    return {rule_id: rule_of(rule_id) for rule_id, text in texts.items() if 'language = "esql"' in text}


def _weak(tree: Tree) -> bool:
    """Whether a tree asks only that fields are there."""
    if isinstance(tree, And | Or):
        return all(map(_weak, tree.children))
    return isinstance(tree, MatchAll) or (isinstance(tree, Leaf) and tree.op is Op.EXISTS)


@pytest.mark.parametrize("rule_id", sorted(_rules()))
class TestEveryRule:
    def test_it_compiles_or_needs_a_model(self, rule_id: str) -> None:
        rule = _rules()[rule_id]
        asks_model = "completion" in rule.definition.query.lower()
        assert rule.compiled.reason_not_evaluated == (NEEDS_MODEL if asks_model else None)
        assert rule.compiled.indices != ("*",)

    def test_it_says_what_its_rows_are(self, rule_id: str) -> None:
        compiled = _rules()[rule_id].compiled
        if compiled.logic is None:
            return
        assert isinstance(compiled.plan, Pipeline)
        stats = [one for one in parse_esql(compiled.plan.text).commands if isinstance(one, Stats)]
        assert compiled.plan.aggregating is any(not one.inline for one in stats)
        assert not (compiled.plan.at_once and stats)
        assert len(compiled.plan.by) == (len(stats[-1].by) if compiled.plan.aggregating else 0)
        assert logic_from_json(logic_to_json(compiled.logic)) == compiled.logic

    def test_it_runs_and_is_explained(self, rule_id: str) -> None:
        rule = _rules()[rule_id]
        if rule.compiled.logic is None:
            return
        for finding in run([rule], EVENTS, now=NOW):
            json.dumps(finding.to_json())
        told = told_of_event(rule, EVENTS[0], EVENTS)
        assert told["matched"] or told["why_not"]
        json.dumps(told)


def test_nearly_every_rule_asks_more_of_events_than_that_fields_are_there() -> None:
    trees = [rule.compiled.tree for rule in _rules().values() if rule.compiled.tree is not None]
    assert sum(_weak(tree) for tree in trees) <= len(trees) * 0.05
    assert not any(isinstance(tree, MatchAll) for tree in trees)


def test_check_calls_rules_that_need_a_model_unsupported_and_the_others_fine() -> None:
    folder = str(corpus("rules"))
    done = subprocess.run([sys.executable, "-m", "engine", "check", folder], capture_output=True, check=False)
    told = [line for line in map(json.loads, done.stdout.splitlines()) if line["rule_id"] in _rules()]
    unsupported = [line for line in told if line["status"] == "unsupported"]
    assert all(line["message"] == NEEDS_MODEL for line in unsupported)
    assert {line["status"] for line in told} == {"ok", "unsupported"}
    assert len(unsupported) < len(told) / 10
