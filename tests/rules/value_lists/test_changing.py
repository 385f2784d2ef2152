"""Value lists: made, filled, changed and removed, each from the next claim on, on record, and never more than fits."""

from typing import Any

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, User
from accounts.roles import Role
from engine import Document, ExceptionEntryError
from rules import epoch, exceptions, ruleset
from rules import value_lists as lists
from rules.errors import ExceptionRefused, ListGone, ListInUse, ListRefused, StaleList
from rules.exceptions import restore_items
from rules.models import ExceptionItem, Rule, ValueList
from tests.rules.conftest import NOW, PERL, person

SCANNER = Document.of({"source": {"ip": "192.0.2.7"}})


def made(list_id: str = "scanners", kind: str = "ip", lines: Any = ("192.0.2.7",), **values: Any) -> lists.Changed:
    usual: dict[str, Any] = {"name": "Scanners", "actor": None, "now": NOW}
    return lists.create_list(list_id=list_id, type=kind, lines=lines, **(usual | values))


def asking(field: str = "source.ip", list_id: str = "scanners", operator: str = "included") -> dict[str, Any]:
    return {"field": field, "type": "list", "operator": operator, "list": {"id": list_id}}


def except_(rule: Rule, *entries: dict[str, Any]) -> ExceptionItem:
    return exceptions.create_item(rule=rule, entries=entries, reason="Ours", name="Ours", actor=None, now=NOW)


def covering(document: Document = SCANNER) -> int | None:
    return ruleset.current().rules[PERL].excepted_by(document)


@pytest.fixture
def rosa(db) -> User:
    return person("rosa", Role.ENGINEER)


def test_an_exception_asks_for_what_its_list_holds_from_the_next_rule_set_on(rule: Rule) -> None:
    made(lines=["198.51.100.1"])
    item = except_(rule, asking())
    assert item.entries[0]["list"] == {"id": "scanners", "type": "ip"}
    assert covering() is None
    lists.append_values(list_id="scanners", lines=["192.0.2.7"], actor=None, now=NOW)
    assert covering() == item.pk
    lists.remove_values(list_id="scanners", values=["192.0.2.7"], actor=None, now=NOW)
    assert covering() is None


def test_an_exception_that_asks_what_is_outside_of_a_list_is_true_of_the_others(rule: Rule) -> None:
    made()
    item = except_(rule, asking(operator="excluded"))
    assert covering() is None
    assert covering(Document.of({"source": {"ip": "10.0.0.1"}})) == item.pk


@pytest.mark.parametrize("entry", [asking(list_id="gone"), {**asking(), "list": {"id": "scanners", "type": "keyword"}}])
def test_an_exception_needs_a_list_that_exists_and_is_of_its_type(rule: Rule, entry: dict[str, Any]) -> None:
    made()
    with pytest.raises(ExceptionEntryError):
        except_(rule, entry)


def test_nobody_asks_what_is_outside_of_nothing(rule: Rule) -> None:
    made(lines=())
    with pytest.raises(ExceptionEntryError, match="everything would be outside"):
        except_(rule, asking(operator="excluded"))
    assert except_(rule, asking()).pk


def test_a_list_that_is_asked_for_is_neither_removed_nor_emptied_under_who_asks(rule: Rule) -> None:
    made()
    item = except_(rule, asking(operator="excluded"))
    with pytest.raises(ListInUse, match="“Ours” of "):
        lists.remove_list(list_id="scanners", version=None, actor=None, now=NOW)
    with pytest.raises(ListInUse, match="emptied"):
        lists.remove_values(list_id="scanners", values=["192.0.2.7"], actor=None, now=NOW)
    exceptions.remove_item(item=item, actor=None, now=NOW)
    lists.remove_list(list_id="scanners", version=None, actor=None, now=NOW)
    with pytest.raises(ExceptionRefused, match="no longer there"):
        restore_items(items=[item.pk], actor=None, now=NOW)


def test_a_value_that_an_asked_field_never_has_is_refused(rule: Rule) -> None:
    made("hosts", "keyword", ["10.0.0.1"])
    except_(rule, asking(list_id="hosts"))
    with pytest.raises(ListRefused, match="“Ours” of "):
        lists.append_values(list_id="hosts", lines=["web-1"], actor=None, now=NOW)


def test_a_list_made_again_under_its_id_is_another_one(rule: Rule) -> None:
    made(lines=["198.51.100.1"])
    assert lists.values_of("scanners") == ("198.51.100.1",)
    lists.remove_list(list_id="scanners", version=1, actor=None, now=NOW)
    assert lists.values_of("scanners") is None
    lists.create_list(
        list_id="scanners", name="x", type="ip", lines=["192.0.2.7"], actor=None, now=NOW.replace(second=1)
    )
    assert lists.values_of("scanners") == ("192.0.2.7",)


@pytest.mark.parametrize(
    ("kind", "lines", "kept", "duplicates"),
    [
        ("keyword", ["a", "A", " a ", "", "b"], ["a", "A", "b"], 1),
        ("ip", ["192.0.2.1", "2001:db8::1", "2001:0DB8::1"], ["192.0.2.1", "2001:db8::1"], 1),
        (
            "ip_range",
            ["10.0.0.0/8", "10.1.0.0/8", "10.0.0.1 - 10.0.0.9", "192.0.2.1", "192.0.2.1-192.0.2.1"],
            ["10.0.0.0/8", "10.0.0.1-10.0.0.9", "192.0.2.1"],
            2,
        ),
    ],
)
def test_each_value_is_kept_once_as_it_was_written_first(
    db: None, kind: str, lines: list[str], kept: list[str], duplicates: int
) -> None:
    changed = made("x", kind, lines)
    assert (changed.added, changed.duplicates) == (len(kept), duplicates)
    assert lists.values_of("x") == tuple(kept)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("ip", "10.0.0.0/8"),
        ("ip", "web-1"),
        ("ip_range", "10.0.0.9-10.0.0.1"),
        ("ip_range", "10.0.0.1-2001:db8::1"),
        ("keyword", "a\0b"),
        ("keyword", "x" * 9_000),
    ],
)
def test_a_line_that_is_no_value_is_told_and_nothing_kept_unless_one_asks_to_pass_it(
    db: None, kind: str, line: str
) -> None:
    with pytest.raises(ListRefused, match="Line 2") as caught:
        made("x", kind, ["192.0.2.1", line])
    assert [number for number, _ in caught.value.lines] == [2]
    assert not ValueList.objects.exists()
    changed = made("x", kind, ["192.0.2.1", line], skip_bad=True)
    assert (changed.added, changed.passed, [number for number, _ in changed.bad]) == (1, 1, [2])


def test_the_first_twenty_bad_lines_are_told(db: None) -> None:
    with pytest.raises(ListRefused, match="and 29 more lines") as caught:
        made("x", "ip", ["no"] * 30)
    assert len(caught.value.lines) == 20


def test_a_list_holds_a_hundred_thousand_values_and_ten_megabytes(db: None) -> None:
    made("x", "keyword", map(str, range(100_000)))
    with pytest.raises(ListRefused, match="100,000"):
        lists.append_values(list_id="x", lines=["one more"], actor=None, now=NOW)
    with pytest.raises(ListRefused, match="10 MB"):
        made("y", "keyword", (f"{number:08000}" for number in range(1_300)))


@pytest.mark.parametrize("list_id", ["", "a b", "é", "-x", "x" * 129, "a/b"])
def test_an_id_is_what_an_address_can_hold(db: None, list_id: str) -> None:
    with pytest.raises(ListRefused, match="id"):
        made(list_id)


def test_who_saw_an_older_version_looks_again(db: None) -> None:
    made()
    lists.append_values(list_id="scanners", lines=["192.0.2.8"], version=1, actor=None, now=NOW)
    for change in (lists.replace_values, lists.append_values):
        with pytest.raises(StaleList):
            change(list_id="scanners", lines=["192.0.2.9"], version=1, actor=None, now=NOW)
    with pytest.raises(StaleList):
        lists.describe_list(list_id="scanners", version=1, name="x", description="", actor=None, now=NOW)
    with pytest.raises(ListGone):
        lists.append_values(list_id="other", lines=["x"], actor=None, now=NOW)


def test_values_that_are_all_there_change_nothing(db: None) -> None:
    made()
    before = epoch.read()
    changed = lists.append_values(list_id="scanners", lines=["192.0.2.7"], actor=None, now=NOW)
    assert (changed.added, changed.duplicates, changed.value_list.version) == (0, 1, 1)
    assert epoch.read() == before


def test_every_change_is_on_record_with_the_values_and_the_way_back(rosa: User) -> None:
    made(actor=rosa)
    lists.replace_values(list_id="scanners", lines=["192.0.2.8"], version=1, actor=rosa, now=NOW)
    lists.describe_list(list_id="scanners", version=2, name="Ours", description="d", actor=rosa, now=NOW)
    changes = list(Change.objects.filter(object_type="value list", object_id="scanners").order_by("pk"))
    assert [change.verb for change in changes] == ["create", "replace", "describe"]
    assert changes[1].before["count"] == changes[1].after["count"] == 1
    assert changes[1].after["removed"] == {"count": 1, "values": ["192.0.2.7"]}
    assert changes[1].inverse is not None
    assert changes[1].inverse["add"] == ["192.0.2.7"]
    assert all(change.actor == rosa for change in changes)


def test_who_manages_no_rules_changes_no_list(db: None) -> None:
    with pytest.raises(NotAllowed):
        made(actor=person("ana", Role.ANALYST))


def test_a_table_has_typed_columns_and_loses_rows_by_their_key(db: None) -> None:
    changed = made("owners", "table", ["host:keyword,owner:keyword,since:date", "web-1,ana,2026-11-01", "db-1,,"])
    assert changed.value_list.columns[2] == {"name": "since", "type": "date"}
    assert lists.values_of("owners") is None
    table = lists.table_of("owners")
    assert table is not None
    assert (table.size, table.columns["owner"]) == (2, ["ana", None])
    lists.remove_values(list_id="owners", values=["db-1"], actor=None, now=NOW)
    with pytest.raises(ListRefused, match="columns"):
        lists.append_values(list_id="owners", lines=["host,x", "a,b"], actor=None, now=NOW)
    lists.append_values(
        list_id="owners",
        lines=["host:keyword,owner:keyword,since:date", "web-2,rosa,2026-11-02"],
        actor=None,
        now=NOW,
    )
    table = lists.table_of("owners")
    assert table is not None
    assert table.columns["host"] == ["web-1", "web-2"]
    with pytest.raises(ListRefused, match="Line 2"):
        made("broken", "table", ["seen:date", "yesterday"])
