"""What is exported can be imported again, here and elsewhere, without loss."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from engine import load_rule
from rules import exceptions, ruleset, shared
from rules import value_lists as lists
from rules.exporting import kibana_lines, rule_files
from rules.importing import ImportReport, run_import
from rules.models import ExceptionItem, Rule, RuleRevision, SharedList
from rules.overrides import set_overrides
from rules.storing import Status
from tests.rules.conftest import NOW, PERL, Load, rule_text
from tests.rules.importing.conftest import (
    RULE_ID,
    Import,
    exported_item,
    exported_list,
    exported_rule,
    reference,
)

LATER = NOW + timedelta(hours=1)
ENTRIES: list[dict[str, Any]] = [
    {"field": "user.name", "type": "match", "operator": "included", "value": "Root", "case_sensitive": False},
    {"field": "process.args", "type": "match_any", "operator": "excluded", "value": ["-a", "-b"]},
]


def _rules() -> list[Rule]:
    return list(Rule.objects.select_related("revision").order_by("pk"))


def _export(tmp_path: Path) -> Path:
    file = tmp_path / "again.ndjson"
    file.write_bytes(b"".join(kibana_lines(_rules())))
    return file


def _said(file: Path) -> list[bytes]:
    lines = map(orjson.loads, file.read_bytes().splitlines())
    return sorted(orjson.dumps(line, option=orjson.OPT_SORT_KEYS) for line in lines)


def _again(file: Path) -> ImportReport:
    return run_import(paths=[file], source="again", actor=None, now=LATER, enable=True)


def _elsewhere(file: Path) -> ImportReport:
    """The same, as if it were the database of another place."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE rules_rule, rules_rulerevision CASCADE")
    ruleset.forget()
    return _again(file)


def _state() -> dict[str, Any]:
    """What is exported, in a form that can be compared: definitions and what every exception says."""
    return {
        "rules": {rule.pk: rule.revision.definition for rule in _rules() if rule.revision},
        "exceptions": sorted(
            (item.rule_id, item.name, item.reason, str(item.entries), item.enabled, str(item.expires_at))
            for item in ExceptionItem.objects.filter(removed_at=None)
        ),
    }


def _except(rule: Rule, rosa: User, **more: Any) -> ExceptionItem:
    settings: dict[str, Any] = {"entries": ENTRIES, "reason": "It is ours.", "name": "Ours", "actor": rosa, "now": NOW}
    return exceptions.create_item(rule=rule, **(settings | more))


@pytest.fixture
def full(import_objects: Import, load: Load, rosa: User) -> None:
    """Rules of both origins; shared and own exceptions; some edited, off or for a while."""
    load(rule_text())
    listed = [reference("shared"), reference("own-list", "rule_default")]
    import_objects(
        exported_rule(exceptions_list=listed),
        exported_rule(rule_id="33333333-0000-4000-8000-000000000002", name="B", exceptions_list=[reference("shared")]),
        exported_list("shared"),
        exported_list("own-list", "rule_default"),
        exported_item("shared", "one"),
        exported_item("shared", "two", os_types=["linux"], expire_time="2027-01-01T00:00:00Z"),
        exported_item("own-list", "three", type="complex"),
    )
    perl = Rule.objects.get(pk=PERL)
    _except(perl, rosa)
    _except(perl, rosa, name="For a while", expires_at=NOW + timedelta(days=9), review_at=NOW + timedelta(days=3))
    exceptions.disable_item(item=_except(perl, rosa, name="Off"), actor=rosa, now=NOW)
    exceptions.disable_item(
        item=ExceptionItem.objects.select_related("rule").get(rule=RULE_ID, item_id="one"), actor=rosa, now=NOW
    )


def test_importing_ones_own_export_changes_nothing(full: None, tmp_path: Path) -> None:
    before = _state()
    report = _again(_export(tmp_path))
    assert {line.status for line in report.lines if line.kind == "rule"} == {Status.UNCHANGED}
    assert {line.stored or line.status for line in report.lines if line.kind == "exception"} == {Status.UNCHANGED}
    assert _state() == before
    assert RuleRevision.objects.count() == 3


def test_another_place_gets_all_of_it(full: None, tmp_path: Path) -> None:
    before, file = _state(), _export(tmp_path)
    first = _said(file)
    report = _elsewhere(file)
    assert not report.errors
    assert _state() == before
    assert _said(_export(tmp_path)) == first


def test_an_exception_that_is_off_is_applied_nowhere_else_either(full: None, tmp_path: Path) -> None:
    lines = [orjson.loads(line) for line in _export(tmp_path).read_bytes().splitlines()]
    off = next(line for line in lines if line.get("name") == "Off" and "item_id" in line)
    assert off["expire_time"] <= LATER.isoformat()
    assert all("case_sensitive" not in entry for entry in off["entries"])


def test_an_export_references_the_list_of_a_rules_own_exceptions(full: None, tmp_path: Path) -> None:
    lines = [orjson.loads(line) for line in _export(tmp_path).read_bytes().splitlines()]
    perl = next(line for line in lines if line.get("rule_id") == PERL)
    (own,) = perl["exceptions_list"]
    assert any(line.get("list_id") == own["list_id"] and line.get("type") == "rule_default" for line in lines)
    assert lines[-1]["exported_rules_count"] == 3
    assert lines[-1]["exported_count"] == len(lines) - 1


def test_rule_files_are_the_texts_they_were_loaded_from_or_read_back_the_same(full: None) -> None:
    written = {load_rule(file.text, file.name).rule_id: file.text for file in rule_files(_rules())}
    assert written[PERL] == rule_text()
    for rule in _rules():
        assert rule.revision is not None
        assert orjson.loads(orjson.dumps(load_rule(written[rule.pk], "x").to_json())) == rule.revision.definition


def test_the_settings_of_this_place_go_along_where_they_are_asked_for(rule: Rule, rosa: User) -> None:
    wanted = {"severity": "low", "from": "now-1h", "tags_added": ["Ours"]}
    set_overrides(rule=rule, overrides=wanted, actor=rosa, now=NOW)
    (plain,), (settled,) = rule_files(_rules()), rule_files(_rules(), in_force=True)
    assert load_rule(plain.text, "x").severity == "high"
    read = load_rule(settled.text, "x")
    assert (read.severity, read.from_, read.tags[-1]) == ("low", "now-1h", "Ours")


def test_the_command_writes_a_folder_or_a_file(rule: Rule, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_rules", str(tmp_path / "out"))
    assert (tmp_path / "out" / "interactive_terminal_spawned_via_perl.toml").read_text() == rule_text()
    call_command("export_rules", "--format=ndjson", f"--ids={PERL}", str(tmp_path / "out.ndjson"))
    assert len((tmp_path / "out.ndjson").read_bytes().splitlines()) == 2
    call_command("export_rules", "-")
    assert PERL in capsys.readouterr().out
    with pytest.raises(CommandError, match="No such rule"):
        call_command("export_rules", "--ids=nothing", "-")


def test_shared_lists_of_ones_own_and_their_rules_come_back_as_they_were(
    full: None, tmp_path: Path, rosa: User
) -> None:
    lists.create_list(list_id="ips", name="IPs", type="ip", lines=["192.0.2.7"], actor=None, now=NOW)
    made = shared.create_list(name="Scanners", rules=_rules()[:2], list_id="ours", actor=rosa, now=NOW)
    entry = {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "ips", "type": "ip"}}
    act: dict[str, Any] = {"list_id": made.pk, "actor": rosa, "now": NOW}
    shared.add_item(entries=[entry], reason="They scan.", name="Scanners", **act)
    off = shared.add_item(entries=ENTRIES, reason="Old.", name="Old", **act)
    shared.disable_item(item_id=off.item_id, **act)
    shared.create_list(name="Empty", rules=_rules()[:1], list_id="empty", actor=rosa, now=NOW)
    shared.edit_list(list_id="shared", version=1, name="Renamed", description="", actor=rosa, now=NOW)
    before, file = _state(), _export(tmp_path)
    first = _said(file)
    SharedList.objects.all().delete()
    assert not _elsewhere(file).errors
    assert _said(_export(tmp_path)) == first
    assert _state()["exceptions"] == before["exceptions"]
    assert {row.shared.pk: (row.shared.name, row.rules, row.items) for row in shared.shared_lists()} == {
        "empty": ("Empty", 1, 0),
        "ours": ("Scanners", 2, 2),
        "shared": ("Renamed", 2, 2),
    }
