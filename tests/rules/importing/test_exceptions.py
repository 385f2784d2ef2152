"""The exceptions of an export become exceptions of the rules that use their lists, and hide nothing by accident."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Change, User
from engine import Document
from rules import exceptions, ruleset
from rules.errors import ExceptionRefused
from rules.importing import run_import
from rules.models import ExceptionItem, SharedList
from rules.storing import Status
from rules.value_lists import create_list
from tests.rules.conftest import NOW
from tests.rules.importing.conftest import (
    RULE_ID,
    Import,
    exported_item,
    exported_list,
    exported_rule,
    reference,
    told,
)

OTHER = "33333333-0000-4000-8000-000000000002"
BACKUP = {"process": {"command_line": "nightly backup"}, "user": {"name": "backup"}}


def _objects(*items: dict[str, Any], rules: int = 1) -> list[dict[str, Any]]:
    ids = [RULE_ID, OTHER][:rules]
    exported = [exported_rule(rule_id=one, name=one, exceptions_list=[reference("shared")]) for one in ids]
    return [*exported, exported_list("shared"), *items]


def _excepted(rule_id: str = RULE_ID) -> bool:
    document = {**BACKUP, "host": {"os": {"type": "linux"}}}
    return ruleset.current().rules[rule_id].excepted_by(Document(document)) is not None


def test_a_shared_list_is_applied_to_every_rule_that_references_it(import_objects: Import) -> None:
    report = import_objects(*_objects(exported_item("shared", "one"), rules=2))
    assert told(report) == [("rule", "new")] * 2 + [("exception", "new")] * 2
    assert (_excepted(RULE_ID), _excepted(OTHER)) == (True, True)
    item = ExceptionItem.objects.filter(rule=RULE_ID).get()
    assert (item.list_id, item.item_id, item.name) == ("shared", "one", "Backup")
    assert item.reason == "The nightly backup.\nAgreed with the owner."
    assert Change.objects.filter(object_type="exception", verb="create").count() == 2


def test_importing_again_updates_and_does_not_double(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one")))
    again = exported_item("shared", "one", updated_at="2026-11-20T00:00:00Z", _version="WzEs")
    assert told(import_objects(*_objects(again)))[-1] == ("exception", "unchanged")
    narrower = exported_item("shared", "one", entries=[{"field": "a.b", "type": "exists", "operator": "included"}])
    assert told(import_objects(*_objects(narrower)))[-1] == ("exception", "changed")
    item = ExceptionItem.objects.get()
    assert (len(item.entries), item.version, _excepted()) == (1, 2, False)


def test_a_list_that_several_of_the_imported_files_hold_is_applied_once(import_objects: Import) -> None:
    item = exported_item("shared", "one")
    renamed = exported_item("shared", "one", name="Another backup")
    report = import_objects(*_objects(item, item, renamed))
    assert [status for kind, status in told(report) if kind == "exception"] == ["new", "unchanged", "changed"]
    stored = ExceptionItem.objects.get()
    assert (stored.name, stored.version) == ("Another backup", 2)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            {"entries": [{"field": "a", "type": "list", "operator": "included", "list": {"id": "ips", "type": "ip"}}]},
            "value list “ips”",
        ),
        ({"entries": [{"field": "a", "type": "riddle", "operator": "included", "value": "x"}]}, "Condition 1: type"),
        ({"entries": [{"field": "a", "type": "match", "operator": "included", "value": "x", "new": 1}]}, "parts"),
        ({"entries": []}, "Add a condition"),
        ({"type": "complex"}, "type 'complex'"),
        ({"expire_time": "someday"}, "is no date"),
    ],
)
def test_what_is_not_understood_is_kept_off_with_the_reason(
    import_objects: Import, rosa: User, more: dict[str, Any], reason: str
) -> None:
    report = import_objects(*_objects(exported_item("shared", "one", **more)))
    item = ExceptionItem.objects.select_related("rule").get()
    assert (report.lines[-1].status, report.lines[-1].stored) == (Status.UNSUPPORTED, Status.NEW)
    assert reason in report.lines[-1].message
    assert (item.enabled, reason in item.not_applied_because, _excepted()) == (False, True, False)
    assert item.imported is not None
    assert item.imported["item"]["item_id"] == "one"
    with pytest.raises(ExceptionRefused):
        exceptions.enable_item(item=item, actor=rosa, now=NOW)


def test_one_that_could_not_be_applied_is_once_it_can(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one", type="complex")))
    import_objects(*_objects(exported_item("shared", "one")))
    assert (ExceptionItem.objects.get().not_applied_because, _excepted()) == ("", True)


def test_what_somebody_here_switched_off_or_removed_stays_so(import_objects: Import, rosa: User) -> None:
    import_objects(*_objects(exported_item("shared", "one"), exported_item("shared", "two")))
    one, two = ExceptionItem.objects.select_related("rule").order_by("item_id")
    exceptions.disable_item(item=one, actor=rosa, now=NOW)
    exceptions.remove_item(item=two, actor=rosa, now=NOW)
    changed = [exported_item("shared", name, name="Renamed") for name in ("one", "two")]
    assert told(import_objects(*_objects(*changed)))[-2:] == [("exception", "changed"), ("exception", "kept")]
    one.refresh_from_db()
    assert (one.name, one.enabled, _excepted()) == ("Renamed", False, False)


def test_what_somebody_here_edited_stays_while_the_export_says_the_same(import_objects: Import, rosa: User) -> None:
    import_objects(*_objects(exported_item("shared", "one")))
    item = ExceptionItem.objects.select_related("rule").get()
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": "ours"}]
    exceptions.edit_item(
        item=item, version=1, entries=entries, reason="Ours.", name="Ours", actor=rosa, now=NOW + timedelta(hours=1)
    )
    assert told(import_objects(*_objects(exported_item("shared", "one"))))[-1] == ("exception", "unchanged")
    item.refresh_from_db()
    assert item.name == "Ours"


def test_an_expiry_holds_and_a_past_one_excepts_nothing(import_objects: Import) -> None:
    later = exported_item("shared", "one", expire_time="2026-12-24T00:00:00.000Z")
    import_objects(*_objects(later, exported_item("shared", "two", expire_time="2026-01-01T00:00:00Z")))
    one, two = ExceptionItem.objects.order_by("item_id")
    assert (one.expires_at, one.expired) == (datetime(2026, 12, 24, tzinfo=UTC), False)
    assert two.expired


def test_an_item_for_some_systems_covers_no_others(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one", os_types=["windows"])))
    assert not _excepted()
    import_objects(*_objects(exported_item("shared", "one", os_types=["windows", "linux"])))
    assert _excepted()


def test_a_list_that_no_rule_uses_is_told(import_objects: Import) -> None:
    report = import_objects(exported_rule(), exported_list("shared"), exported_item("shared", "one"))
    assert told(report)[-1] == ("exception", "skipped")
    assert "no rule here references" in report.lines[-1].message


def test_a_list_alone_reaches_the_rules_that_are_here_already(import_objects: Import) -> None:
    import_objects(*_objects())
    report = import_objects(exported_list("shared"), exported_item("shared", "one"))
    assert told(report) == [("exception", "new")]
    assert _excepted()


def test_a_dry_run_tells_of_exceptions_and_stores_none(import_objects: Import) -> None:
    report = import_objects(*_objects(exported_item("shared", "one")), dry_run=True)
    assert told(report) == [("rule", "new"), ("exception", "new")]
    assert not ExceptionItem.objects.exists()


@pytest.mark.parametrize("more", [{"item_id": ""}, {"item_id": "x" * 300}, {"name": "a\0b", "meta": {"x": "\0"}}])
def test_an_item_that_cannot_be_kept_is_an_error(import_objects: Import, more: dict[str, Any]) -> None:
    report = import_objects(*_objects({**exported_item("shared", "one"), **more}))
    assert told(report)[-1] == ("exception", "error")
    assert not ExceptionItem.objects.exists()


def test_a_rule_that_comes_later_gets_the_exceptions_of_the_lists_it_references(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one")))
    later = exported_rule(rule_id=OTHER, name="Later", exceptions_list=[reference("shared")])
    assert told(import_objects(later)) == [("rule", "new"), ("exception", "new")]
    assert _excepted(OTHER)
    assert told(import_objects(later)) == [("rule", "unchanged")]


def test_the_rules_page_says_why_one_is_not_applied_and_offers_no_switch(
    import_objects: Import, rosa: User, client: Client
) -> None:
    import_objects(*_objects(exported_item("shared", "one", type="complex")))
    client.force_login(rosa)
    page = client.get(f"/rules/{RULE_ID}/?tab=exceptions").content.decode()
    assert "Not applied:" in page
    ledger = page.split('class="table ledger"')[1]
    assert "shared" in ledger
    assert ">Enable</button>" not in ledger


IPS = [{"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "ips", "type": "ip"}}]


def _listed() -> bool:
    document = Document({"source": {"ip": "192.0.2.7"}})
    return ruleset.current().rules[RULE_ID].excepted_by(document) is not None


def test_an_exception_that_asks_for_a_list_is_applied_where_the_list_is(import_objects: Import) -> None:
    create_list(list_id="ips", name="IPs", type="ip", lines=["192.0.2.7"], actor=None, now=NOW)
    assert told(import_objects(*_objects(exported_item("shared", "one", entries=IPS))))[-1] == ("exception", "new")
    assert _listed()


def test_an_exception_that_waits_for_a_list_is_applied_once_it_is_there(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one", entries=IPS)))
    assert not _listed()
    create_list(list_id="ips", name="IPs", type="ip", lines=["192.0.2.7"], actor=None, now=NOW)
    assert (ExceptionItem.objects.get().not_applied_because, _listed()) == ("", True)


def test_files_of_values_become_the_lists_that_exceptions_ask_for(import_objects: Import, tmp_path: Path) -> None:
    import_objects(*_objects(exported_item("shared", "one", entries=IPS)))
    file = tmp_path / "ips.txt"
    file.write_text("192.0.2.7\n192.0.2.8\n")
    (tmp_path / "NOTICE.txt").write_text("Nobody asks for this.")
    (tmp_path / "owners.csv").write_text("host:keyword,owner:keyword\nweb-1,ana\n")
    report = run_import(paths=[tmp_path], source="x", actor=None, now=NOW)
    assert [(line.kind, line.id, line.status) for line in report.lines if line.kind == "value list"] == [
        ("value list", "ips", Status.NEW)
    ]
    assert _listed()
    again = run_import(paths=[file, tmp_path / "owners.csv"], source="x", actor=None, now=NOW)
    assert [line.status for line in again.lines] == [Status.UNCHANGED, Status.NEW]
    file.write_text("198.51.100.1\n")
    assert run_import(paths=[file], source="x", actor=None, now=NOW).lines[0].status is Status.CHANGED
    assert not _listed()
    file.write_text("no address\n")
    assert "Line 1" in run_import(paths=[file], source="x", actor=None, now=NOW).errors[0].message


def test_a_shared_list_is_one_here_too_with_its_rules(import_objects: Import) -> None:
    import_objects(*_objects(exported_item("shared", "one"), rules=2))
    shared = SharedList.objects.get()
    assert (shared.pk, shared.name) == ("shared", "List shared")
    assert sorted(shared.rules.values_list("pk", flat=True)) == [RULE_ID, OTHER]
    import_objects(*_objects(exported_item("shared", "one"), rules=2))
    assert (SharedList.objects.get().version, Change.objects.filter(object_type="shared list").count()) == (1, 1)
