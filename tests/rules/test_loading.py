"""Rule files become rules with immutable revisions."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction

from accounts.models import Change
from engine import RuleDefinition
from engine.rule_types.esql import NEEDS_MODEL
from rules import epoch, ruleset, services
from rules.loading import Status, load_rules
from rules.models import CompiledTree, Lookback, Rule, RuleRevision
from tests.rules.conftest import NOW, PERL, Load, rule_text

EQL = "11111111-0000-4000-8000-000000000002"


def test_a_new_file_makes_a_rule_with_its_first_revision_and_switches_it_on(load: Load) -> None:
    report = load(rule_text())
    rule = Rule.objects.get(pk=PERL)
    assert report.files[0].status is Status.NEW
    assert (rule.enabled, rule.severity, rule.techniques) == (True, "high", ["T1059"])
    assert rule.revision is not None
    assert (rule.revision.number, rule.revision.note) == (1, "first version")
    assert RuleDefinition.from_json(rule.revision.definition).name == rule.name


def test_what_cannot_be_seen_in_a_name_is_drawn_on_pages_and_kept_in_the_file(load: Load) -> None:
    load(rule_text().replace('name = "', 'name = "x\\u202E', 1))
    rule = Rule.objects.get(pk=PERL)
    assert rule.revision is not None
    assert rule.name.startswith("x⟨U+202E⟩")
    assert RuleDefinition.from_json(rule.revision.definition).name.startswith("x\u202e")


def test_the_same_content_again_changes_nothing(load: Load) -> None:
    load(rule_text())
    before = epoch.read()
    report = load(rule_text() + "\n# a comment\n")
    assert report.count(Status.UNCHANGED) == 1
    assert RuleRevision.objects.count() == 1
    assert epoch.read() == before


@pytest.mark.parametrize(
    ("change", "says", "looks_back"),
    [
        ({"interval": "10m"}, ("10m", "now-9m", 100), False),
        ({"from_": "now-30m"}, ("5m", "now-30m", 100), True),
        ({"max_signals": 1}, ("5m", "now-9m", 1), False),
        ({"query": "process.name:perl5"}, ("5m", "now-9m", 100), True),
        ({"note": "## Triage and analysis\n\nOther words."}, ("5m", "now-9m", 100), False),
    ],
)
def test_changed_content_makes_a_revision_that_is_in_force_at_once(
    load: Load, change: dict[str, object], says: tuple[str, str, int], looks_back: bool
) -> None:
    load(rule_text())
    before = ruleset.current()
    report = load(rule_text(**change), now=NOW + timedelta(hours=1))
    after = ruleset.current()
    assert report.count(Status.CHANGED) == 1
    assert after.epoch > before.epoch
    assert after.rules[PERL].revision_number == 2
    is_now = after.rules[PERL].definition
    assert (is_now.interval, is_now.from_, is_now.max_signals) == says
    assert Lookback.objects.filter(revision__number=2).exists() is looks_back


def test_a_new_look_back_takes_the_place_of_one_that_still_waits_and_reaches_as_far(load: Load) -> None:
    load(rule_text())
    load(rule_text(query="process.name:perl5"), now=NOW + timedelta(hours=1))
    waiting = Lookback.objects.get(done_at=None)
    assert waiting.revision.number == 2
    assert waiting.start == NOW - timedelta(minutes=9)


def test_a_rule_that_people_switched_off_stays_off_when_its_file_changes(load: Load) -> None:
    load(rule_text())
    services.disable(rule=Rule.objects.get(pk=PERL), actor=None, now=NOW)
    load(rule_text(query="process.name:perl5"))
    assert not Rule.objects.get(pk=PERL).enabled
    assert not Lookback.objects.filter(done_at=None).exists()


def test_a_broken_file_is_reported_and_the_others_load(load: Load) -> None:
    report = load("[rule", rule_text(query="process.name:("), rule_text(rule_id=EQL))
    assert [file.status for file in report.files] == [Status.ERROR, Status.ERROR, Status.NEW]
    assert "rule0.toml" in report.errors[0].message
    assert "rule1.toml" in report.errors[1].message
    assert "line 2, column 1" in report.errors[1].message
    assert list(Rule.objects.values_list("pk", flat=True)) == [EQL]


def test_a_broken_file_leaves_the_loaded_rule_as_it_was(load: Load) -> None:
    load(rule_text())
    load(rule_text(query="process.name:("))
    assert ruleset.current().rules[PERL].revision_number == 1


def test_two_files_with_one_id_are_told_apart(load: Load) -> None:
    report = load(rule_text(), rule_text(name="Another"))
    assert "rule0.toml" in report.errors[0].message


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 1_000_001, b"[rule]\nname = 'x\x00'"])
def test_a_file_that_is_no_rule_is_an_error_and_never_a_crash(db: None, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.toml").write_bytes(content)
    report = load_rules(paths=[tmp_path, tmp_path / "missing.toml"], source="test", actor=None, now=NOW)
    assert report.count(Status.ERROR) == 2


def test_a_type_that_is_not_evaluated_loads_and_says_so(load: Load) -> None:
    load(
        rule_text(
            rule_id=EQL,
            type="esql",
            language="esql",
            query='from logs-* | completion a = message with { "inference_id": "m" }',
        )
    )
    rule = Rule.objects.get(pk=EQL)
    assert (rule.evaluated, rule.enabled) == (False, False)
    assert rule.not_evaluated_because == NEEDS_MODEL
    assert EQL not in ruleset.current().rules


def test_the_shipped_pack_leaves_alone_what_was_loaded_from_elsewhere(load: Load) -> None:
    load(rule_text(query="process.name:perl5"), source="ours")
    report = load(rule_text(), source="pack")
    assert report.count(Status.KEPT) == 1
    assert ruleset.current().rules[PERL].definition.query.strip() == "process.name:perl5"


def test_loading_is_on_record(load: Load) -> None:
    load(rule_text())
    load(rule_text(severity="low"))
    verbs = Change.objects.filter(object_type="rule", object_id=PERL).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["load", "enable", "change"]
    assert Change.objects.get(verb="change").after["keys"] == ["severity"]


@pytest.mark.parametrize("sql", ["UPDATE rules_rulerevision SET note = 'x'", "DELETE FROM rules_rulerevision"])
def test_a_revision_can_neither_be_changed_nor_deleted(rule: Rule, sql: str) -> None:
    with pytest.raises(Error, match="revision is never"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_deleting_a_person_leaves_the_revision_and_forgets_only_the_name(load: Load, rosa: object) -> None:
    load(rule_text())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rules_rulerevision SET created_by_id = NULL")
    assert RuleRevision.objects.get().number == 1


def test_after_an_upgrade_the_tree_is_compiled_again_and_kept_beside_the_revision(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(rule_text())
    for module in ("rules.trees", "rules.storing"):
        monkeypatch.setattr(f"{module}.COMPILER_VERSION", 999)
    assert PERL in ruleset.current().rules
    assert CompiledTree.objects.get().compiler_version == 999
    ruleset.forget()
    monkeypatch.setattr("rules.trees.compile_rule", None)
    assert PERL in ruleset.current().rules


def test_the_command_loads_the_pack_and_fails_when_a_file_was_not_loaded(db: None, tmp_path: Path) -> None:
    call_command("load_rules", stdout=StringIO())
    assert Rule.objects.filter(source="pack", enabled=True).exists()
    (tmp_path / "broken.toml").write_text("[rule")
    with pytest.raises(CommandError, match="1 of 1 rule files"):
        call_command("load_rules", str(tmp_path), stdout=StringIO())
