"""The rules in force: cached by epoch, and one broken rule never takes the others down."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Change, User
from engine import Document, RuleFileError, matches
from rules import epoch, exceptions, quarantine, ruleset, services, trees
from rules.errors import RuleNotEvaluated
from rules.models import ExceptionItem, Lookback, Rule
from tests.rules.conftest import NOW, PERL, Load, rule_text

OTHER = "11111111-0000-4000-8000-000000000003"


def test_the_rule_set_judges_by_the_stored_tree_without_parsing(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.trees.compile_rule", None)
    active = ruleset.current().rules[PERL]
    assert matches(active.tree, Document.of({"process": {"name": "perl", "args": ["bash"]}}))
    assert not matches(active.tree, Document.of({"process": {"name": "perl", "args": ["-v"]}}))
    hits = ruleset.current().matcher.match(
        [
            ("logs-endpoint.events.process-default", b'{"process":{"name":"perl","args":["bash"]}}'),
            ("logs-demo-default", b'{"process":{"name":"perl","args":["bash"]}}'),
        ]
    )
    assert [(hit.key, hit.row) for hit in hits] == [(ruleset.key_of(PERL, "event"), 0)]


def test_an_unchanged_epoch_costs_one_query(rule: Rule) -> None:
    first = ruleset.current()
    with CaptureQueriesContext(connection) as queries:
        assert ruleset.current() is first
    assert len(queries) == 1


def test_a_loaded_rule_set_costs_the_same_queries_however_many_rules(load: Load) -> None:
    load(*(rule_text(rule_id=f"11111111-0000-4000-8000-00000000010{n}", name=f"Rule {n}") for n in range(9)))
    with CaptureQueriesContext(connection) as queries:
        assert len(ruleset.current().rules) == 9
    assert len(queries) == 4


def test_a_changed_rule_set_reads_only_the_revisions_that_are_new(load: Load) -> None:
    ids = [f"11111111-0000-4000-8000-00000000010{n}" for n in range(3)]
    load(*(rule_text(rule_id=rule_id, name=f"Rule {rule_id[-1]}") for rule_id in ids))
    before = ruleset.current()
    load(rule_text(rule_id=ids[1], name="Rule 1", query="process.name: perl and process.args: new"))
    with CaptureQueriesContext(connection) as queries:
        after = ruleset.current()
    assert len(queries) == 4
    assert after.rules[ids[0]].logic is before.rules[ids[0]].logic
    assert after.rules[ids[1]].logic != before.rules[ids[1]].logic
    services.disable(rule=Rule.objects.get(pk=ids[2]), actor=None, now=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert set(ruleset.current().rules) == set(ids[:2])
    assert len(queries) == 3


def test_switching_off_takes_a_rule_out_and_switching_on_judges_its_look_back(rule: Rule) -> None:
    services.disable(rule=rule, actor=None, now=NOW)
    assert PERL not in ruleset.current().rules
    assert not Lookback.objects.filter(done_at=None).exists()
    services.enable(rule=rule, actor=None, now=NOW)
    assert PERL in ruleset.current().rules
    lookback = Lookback.objects.get(done_at=None)
    assert (lookback.start, lookback.after_epoch) == (NOW - timedelta(minutes=9), epoch.read())


def test_a_rule_that_is_not_evaluated_cannot_be_switched_on(load: Load) -> None:
    load(
        rule_text(
            type="esql", language="esql", query='from logs-* | completion a = message with { "inference_id": "m" }'
        )
    )
    with pytest.raises(RuleNotEvaluated, match="needs a model"):
        services.enable(rule=Rule.objects.get(pk=PERL), actor=None, now=NOW)


def test_a_rule_whose_tree_cannot_be_loaded_is_set_aside_alone(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    load(rule_text(), rule_text(rule_id=OTHER, name="Other", query="process.name:other"))
    real = trees.load_logic

    def broken(definition, revision):
        if definition.rule_id == OTHER:
            raise trees.TreeUnusable("Its query can no longer be read.")
        return real(definition, revision)

    monkeypatch.setattr(ruleset, "load_logic", broken)
    assert list(ruleset.current().rules) == [PERL]
    rule = Rule.objects.get(pk=OTHER)
    assert rule.quarantined_at is not None
    assert rule.quarantine_reason == "Its query can no longer be read."
    assert Change.objects.filter(verb="quarantine").count() == 1


def test_a_tree_of_an_unknown_shape_is_a_finding_not_a_crash(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.trees._stored", lambda _: {"kind": "from the future"})
    assert PERL not in ruleset.current().rules
    assert Rule.objects.get(pk=PERL).quarantined_at is not None


def test_recompiling_that_fails_is_a_finding_too(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(definition):
        raise RuleFileError("x", "rule.query", "cannot be read")

    monkeypatch.setattr("rules.trees.COMPILER_VERSION", 999)
    monkeypatch.setattr("rules.trees.compile_rule", fails)
    assert PERL not in ruleset.current().rules
    assert "no longer" in Rule.objects.get(pk=PERL).quarantine_reason


def test_a_released_rule_is_judged_again(rule: Rule, rosa: User) -> None:
    quarantine.quarantine(rule_id=PERL, reason="It failed on three batches.", now=NOW)
    assert PERL not in ruleset.current().rules
    quarantine.release(rule=rule, actor=rosa, now=NOW)
    assert PERL in ruleset.current().rules


def test_an_exception_that_cannot_be_read_is_left_out(rule: Rule) -> None:
    ExceptionItem.objects.create(
        rule=rule, name="x", reason="x", entries=[{"type": "?"}], created_at=NOW, updated_at=NOW
    )
    assert ruleset.current().rules[PERL].exceptions == ()


def test_each_change_counts_the_epoch_once_or_more_and_never_back(rule: Rule) -> None:
    seen = [epoch.read()]
    services.disable(rule=rule, actor=None, now=NOW)
    seen.append(epoch.read())
    exceptions.create_item(
        rule=rule,
        entries=[{"field": "host.name", "type": "exists", "operator": "included"}],
        reason="x",
        name="x",
        actor=None,
        now=NOW,
    )
    seen.append(epoch.read())
    assert seen == sorted(set(seen))
