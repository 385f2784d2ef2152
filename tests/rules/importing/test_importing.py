"""Folders, zips and exports become rules; what cannot is named with its place, and the rest goes on."""

import zipfile
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from rules import epoch, ruleset
from rules.importing import run_import, sources, zips
from rules.importing.sources import collect
from rules.models import Lookback, Rule, RuleRevision
from rules.overrides import set_overrides
from rules.storing import Status
from tests.rules.conftest import NOW, PERL, rule_text
from tests.rules.importing.conftest import RULE_ID, Import, exported_rule, only, told

OTHER = "11111111-0000-4000-8000-000000000007"


def _folder(tmp_path: Path, **texts: str) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def _import(*paths: Path, **more: Any):
    return run_import(paths=paths, **({"source": "upstream", "actor": None, "now": NOW} | more))


def test_a_folder_is_imported_whole_and_again_changes_nothing(db: None, tmp_path: Path) -> None:
    folder = _folder(tmp_path, one=rule_text(), two=rule_text(rule_id=OTHER, name="Two"))
    assert [line.status for line in _import(folder, enable=True).lines] == [Status.NEW, Status.NEW]
    assert set(ruleset.current().rules) == {PERL, OTHER}
    before = epoch.read()
    report = _import(folder, enable=True)
    assert [line.status for line in report.lines] == [Status.UNCHANGED, Status.UNCHANGED]
    assert (RuleRevision.objects.count(), epoch.read()) == (2, before)


def test_a_batch_of_rules_counts_one_change_of_the_rule_set(db: None, tmp_path: Path) -> None:
    texts = {f"r{n}": rule_text(rule_id=f"{OTHER[:-2]}{n:02}", name=f"Rule {n}") for n in range(12)}
    before = epoch.read()
    _import(_folder(tmp_path, **texts), enable=True)
    assert epoch.read() == before + 1
    assert Lookback.objects.filter(after_epoch=before + 1).count() == 12


def test_a_changed_rule_gets_a_revision_and_keeps_what_was_set_here(db: None, tmp_path: Path, rosa: User) -> None:
    folder = _folder(tmp_path, one=rule_text())
    _import(folder, enable=True)
    rule = Rule.objects.select_related("revision").get(pk=PERL)
    set_overrides(rule=rule, overrides={"severity": "low", "enabled": False}, actor=rosa, now=NOW)
    _folder(tmp_path, one=rule_text(query="process.name:perl5"))
    report = _import(folder, enable=True, now=NOW + timedelta(hours=1))
    rule.refresh_from_db()
    assert (only(report).status, only(report).message) == (Status.CHANGED, "revision 2: query")
    assert (rule.enabled, rule.severity, rule.revisions.count()) == (False, "low", 2)


@pytest.mark.parametrize(
    ("enable", "said", "on"),
    [
        (True, "", True),
        (False, "enabled = true", False),
        (None, "", False),
        (None, "enabled = true", True),
        (True, "enabled = false", False),
    ],
)
def test_what_is_switched_on(db: None, tmp_path: Path, enable: bool | None, said: str, on: bool) -> None:
    _import(_folder(tmp_path, one=rule_text(extra=said)), enable=enable)
    assert Rule.objects.get().enabled is on


def test_what_cannot_be_used_is_named_with_its_place_and_the_others_load(db: None, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        a=rule_text(query="process.name:("),
        b=rule_text(rule_id=OTHER, name="Two"),
        c="[rule]\nrule_id = ",
        d=rule_text(rule_id=OTHER, name="Twice"),
    )
    report = _import(folder)
    assert [line.status for line in report.lines] == [Status.ERROR, Status.NEW, Status.ERROR, Status.ERROR]
    assert "rule.query" in report.lines[0].message
    assert "line 2, column 1" in report.lines[0].message
    assert report.lines[2].message.startswith("line 2, column 1")
    assert "b.toml" in report.lines[3].message


def test_a_type_that_is_not_evaluated_is_kept_and_told_each_time(db: None, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path, one=rule_text(type="machine_learning", language="", extra='machine_learning_job_id = "x"')
    )
    first, second = only(_import(folder, enable=True)), only(_import(folder, enable=True))
    assert (first.status, first.stored, second.stored) == (Status.UNSUPPORTED, Status.NEW, Status.UNCHANGED)
    assert "not evaluated" in first.message
    assert (Rule.objects.get().evaluated, Rule.objects.get().enabled) == (False, False)


def test_other_files_of_a_folder_and_deprecated_rules_are_passed_over(db: None, tmp_path: Path) -> None:
    old = rule_text().replace("[metadata]", '[metadata]\nmaturity = "deprecated"')
    folder = _folder(tmp_path, hunt='[hunt]\nname = "x"\n', old=old)
    (folder / "package.json").write_text('{"name": "x"}')
    assert [line.status for line in _import(folder).lines] == [Status.SKIPPED] * 3
    assert not Rule.objects.exists()


def test_a_dry_run_says_the_same_and_stores_nothing(db: None, tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=rule_text(), b=rule_text(rule_id=OTHER, query="x:("))
    before = epoch.read()
    dry = _import(folder, enable=True, dry_run=True)
    assert (Rule.objects.count(), epoch.read(), dry.dry_run) == (0, before, True)
    assert [line.status for line in dry.lines] == [line.status for line in _import(folder, enable=True).lines]


def test_a_rule_of_kibanas_export(import_objects: Import) -> None:
    report = import_objects(exported_rule())
    assert (only(report).status, Rule.objects.get().enabled, Rule.objects.get().source) == (Status.NEW, True, "kibana")
    again = exported_rule(updated_at="2026-11-21T00:00:00Z", revision=5, execution_summary={"last": "ok"})
    assert only(import_objects(again)).status is Status.UNCHANGED
    assert only(import_objects(exported_rule(name="Other"))).message == "revision 2: name"


def test_what_of_an_export_has_no_meaning_here_is_said(import_objects: Import) -> None:
    action = {"id": "1", "action_type_id": ".email", "params": {}}
    report = import_objects(exported_rule(actions=[action]), {"id": "1", "type": "action", "attributes": {}})
    assert told(report) == [("other object", "skipped"), ("rule", "new")]
    assert report.lines[1].notes[0].startswith("Its actions are left out")


def test_a_broken_line_of_an_export_does_not_stop_the_others(db: None, tmp_path: Path) -> None:
    file = tmp_path / "export.ndjson"
    lines = [b'{"rule_id": ', b'"text"', b"\xff", b'{"a": "' + b"x" * 1_000_001 + b'"}', orjson.dumps(exported_rule())]
    file.write_bytes(b"\n".join(lines))
    report = _import(file)
    assert [line.status for line in report.lines] == [Status.ERROR] * 4 + [Status.NEW]
    assert [line.path for line in report.lines[:4]] == [f"export.ndjson:{n}" for n in (1, 2, 3, 4)]


def test_json_of_one_rule_or_a_list_of_them(db: None, tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    file.write_bytes(orjson.dumps({"type": "security-rule", "attributes": exported_rule()}))
    assert only(_import(file)).status is Status.NEW
    file.write_bytes(orjson.dumps([exported_rule(), exported_rule(rule_id=OTHER, name="Two")]))
    assert Counter(line.status for line in _import(file).lines) == {Status.UNCHANGED: 1, Status.NEW: 1}


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_like_a_folder_and_its_names_are_only_names(db: None, tmp_path: Path) -> None:
    members = {
        "repo/rules/one.toml": rule_text().encode(),
        "../../../../tmp/climbed.toml": rule_text(rule_id=OTHER, name="Two").encode(),
        "repo/pyproject.toml": b"[tool]\n",
        "repo/readme.md": b"# x",
        "repo/\x1b[31mred.toml": b"\xff",
    }
    report = _import(_zip(tmp_path / "rules.zip", members))
    assert Counter(line.status for line in report.lines) == {Status.NEW: 2, Status.SKIPPED: 1, Status.ERROR: 1}
    assert all("\x1b" not in line.path for line in report.lines)
    assert not Path("/tmp/climbed.toml").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rules.zip"]


def test_a_bomb_is_read_no_further_than_a_rule_file_may_go(db: None, tmp_path: Path) -> None:
    members = {"bomb.toml": b"#" * 50_000_000, "one.toml": rule_text().encode()}
    found = {one.path: one for one in collect([_zip(tmp_path / "rules.zip", members)])}
    assert "over a megabyte" in found["bomb.toml"].problem
    assert found["one.toml"].problem == ""


def test_a_zip_of_too_many_files_or_too_much_is_refused(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _zip(tmp_path / "rules.zip", {f"{n}.toml": b"#" * 1_000 for n in range(30)})
    monkeypatch.setattr(zips, "MAX_MEMBERS", 20)
    assert "over 20 files" in collect([file])[0].problem
    monkeypatch.setattr(zips, "MAX_MEMBERS", 100)
    monkeypatch.setattr(zips, "MAX_TOTAL_BYTES", 5_000)
    assert "unpacks to more" in collect([file])[-1].problem


def test_other_packing_encryption_and_damage_are_told_by_file(db: None, tmp_path: Path) -> None:
    packed = _zip(tmp_path / "a.zip", {"a.toml": rule_text().encode()}, zipfile.ZIP_LZMA)
    assert "packed in a way" in collect([packed])[0].problem
    plain = _zip(tmp_path / "b.zip", {"b.toml": b"#" * 400}, zipfile.ZIP_STORED)
    data = bytearray(plain.read_bytes())
    data[60] ^= 0xFF
    plain.write_bytes(data)
    assert collect([plain])[0].problem == "is damaged"
    plain.write_bytes(b"PK nonsense")
    assert "not a zip" in collect([plain])[0].problem


def test_what_is_not_there_is_told(db: None, tmp_path: Path) -> None:
    assert "cannot be opened" in only(_import(tmp_path / "none.toml")).message
    assert "not a zip" in only(_import(tmp_path / "none.zip")).message


def test_an_export_of_too_many_lines_is_refused(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINES", 3)
    (tmp_path / "x.ndjson").write_bytes(b"{}\n" * 10)
    assert "over 3 lines" in only(_import(tmp_path / "x.ndjson")).message


def test_the_command_tells_each_rule_writes_a_report_and_fails_for_errors(db: None, tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=rule_text(query='process.name:"x*"'), b=rule_text(rule_id=OTHER, query="x:("))
    out, report = StringIO(), tmp_path / "report.jsonl"
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("import_rules", str(folder), "--enable", f"--report={report}", stdout=out)
    assert "rules: 1 new, 1 error" in out.getvalue()
    lines = [orjson.loads(line) for line in report.read_bytes().splitlines()]
    assert [line["status"] for line in lines] == ["new", "error"]
    assert lines[0]["findings"][0]["code"] == "literal_star"
    assert lines[1]["path"] == "b.toml"
    assert Rule.objects.get().enabled


def test_an_imported_rule_takes_the_place_of_the_shipped_one(import_objects: Import, tmp_path: Path) -> None:
    from rules.loading import PACK, load_rules

    shipped = rule_text().replace("[metadata]", f'[metadata]\nupstream_rule_id = "{RULE_ID}"')
    load_rules(paths=[_folder(tmp_path, one=shipped)], source=PACK, actor=None, now=NOW, enable=True)
    report = import_objects(exported_rule())
    assert report.superseded == ("Interactive Terminal Spawned via Perl",)
    assert set(ruleset.current().rules) == {RULE_ID}


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "drawn"),
    [(_Terminal(), "\r\x1b[K[██████████████████████████████] 1 of 1  1 new\n"), (StringIO(), "1 of 1 rules: 1 new\n")],
)
def test_a_terminal_shows_a_bar_and_a_log_lines(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: StringIO, drawn: str
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    call_command("import_rules", str(_folder(tmp_path, a=rule_text())), "--no-enable", stdout=StringIO())
    assert stream.getvalue() == drawn
    assert not Rule.objects.get().enabled
