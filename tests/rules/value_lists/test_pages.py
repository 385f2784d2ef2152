"""The pages of value lists and shared lists: what they show, what they change, and what they say when they cannot."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from rules import exceptions, shared
from rules import value_lists as lists
from rules.models import ExceptionItem, Rule, SharedList, ValueList
from tests.people import sign_in
from tests.rules.conftest import NOW, PERL, person

HOSTILE = "<script>alert(1)</script>"
ENTRY = {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "scanners"}}


@pytest.fixture
def rosa(db: None) -> User:
    return person("rosa", Role.ENGINEER)


@pytest.fixture
def page(rosa: User) -> Client:
    return sign_in(rosa)


@pytest.fixture
def scanners(db: None) -> ValueList:
    told: dict[str, Any] = {"list_id": "scanners", "name": f"Scanners {HOSTILE}", "type": "ip"}
    return lists.create_list(lines=[f"192.0.2.{n}" for n in range(150)], actor=None, now=NOW, **told).value_list


def test_every_list_is_shown_with_what_asks_for_it(page: Client, scanners: ValueList, rule: Rule) -> None:
    exceptions.create_item(rule=rule, entries=[ENTRY], reason="r", name="Ours", actor=None, now=NOW)
    answer = page.get("/settings/lists/").content.decode()
    assert "1 exception" in answer
    assert HOSTILE not in answer
    one = page.get("/settings/lists/scanners/").content.decode()
    assert ("Ours" in one, "It is used, so it stays" in one, HOSTILE in one) == (True, True, False)


def test_values_are_paged_and_found(page: Client, scanners: ValueList) -> None:
    first = page.get("/settings/lists/scanners/").content.decode()
    assert ("192.0.2.99<" in first, "192.0.2.100<" in first, "after=100" in first) == (True, False, True)
    assert "192.0.2.149<" in page.get("/settings/lists/scanners/?after=100").content.decode()
    assert "1 fit" in page.get("/settings/lists/scanners/?q=::ffff:192.0.2.7").content.decode()
    assert page.get("/settings/lists/scanners/?after=-3").status_code == 200


def test_a_list_is_made_filled_described_and_removed(page: Client) -> None:
    told = {"list_id": "hosts", "name": "Hosts", "type": "keyword", "values": "web-1\r\nweb-2\r\n"}
    assert page.post("/settings/lists/new/", told).status_code == 303
    assert page.post("/settings/lists/new/", told).status_code == 422
    page.post("/settings/lists/hosts/values/", {"values": "web-3\nweb-1", "how": "append"})
    assert lists.values_of("hosts") == ("web-1", "web-2", "web-3")
    page.post("/settings/lists/hosts/values/", {"values": "db-1", "how": "replace", "version": "2"})
    page.post("/settings/lists/hosts/drop/", {"value": "db-1"})
    page.post("/settings/lists/hosts/describe/", {"name": "Ours", "description": "d", "version": "4"})
    row = ValueList.objects.get()
    assert (row.count, row.name, row.version) == (0, "Ours", 5)
    assert (
        page.post("/settings/lists/hosts/values/", {"values": "x", "how": "replace", "version": "2"}).status_code == 409
    )
    assert page.post("/settings/lists/hosts/remove/", {"version": "5"}).status_code == 303
    assert not ValueList.objects.exists()
    assert page.get("/settings/lists/hosts/").status_code == 404


def test_bad_lines_are_told_and_what_was_typed_stays(page: Client, scanners: ValueList) -> None:
    answer = page.post("/settings/lists/scanners/values/", {"values": "192.0.2.1\nnope", "how": "append"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert ("Line 2" in text, "nope" in text) == (True, True)


def test_a_list_is_downloaded_as_it_is_uploaded(page: Client, scanners: ValueList) -> None:
    lines = ['host:keyword,"owner, or so:keyword",seen:date,ports:integer', '"a,""b",[x,y],2026-11-20,[1,2]', "c,,,"]
    lists.create_list(list_id="owners", name="Owners", type="table", lines=lines, actor=None, now=NOW)
    answer = page.get("/settings/lists/owners/download/")
    assert answer["Content-Disposition"] == 'attachment; filename="owners.csv"'
    text = answer.content.decode()
    lists.create_list(list_id="again", name="Again", type="table", lines=text.splitlines(), actor=None, now=NOW)
    again, owners = ValueList.objects.get(pk="again"), ValueList.objects.get(pk="owners")
    assert (again.columns, bytes(again.data)) == (owners.columns, bytes(owners.data))
    assert page.get("/settings/lists/owners/").status_code == 200
    assert page.get("/settings/lists/scanners/download/").content.decode().startswith("192.0.2.0\n")


def test_who_manages_no_rules_reads_lists_and_changes_none(scanners: ValueList) -> None:
    client = sign_in(person("ana", Role.ANALYST))
    text = client.get("/settings/lists/scanners/").content.decode()
    assert "needs the engineer role" in text
    assert "Replace all" not in text
    assert client.post("/settings/lists/scanners/drop/", {"value": "192.0.2.1"}).status_code == 403


def test_a_shared_list_is_made_gets_rules_and_goes_again(page: Client, rule: Rule, rosa: User) -> None:
    assert page.post("/settings/shared-lists/new/", {"name": f"Builds {HOSTILE}"}).status_code == 303
    made = SharedList.objects.get()
    url = f"/settings/shared-lists/{made.pk}/"
    assert page.post(f"{url}add-rule/", {"rule": "no such"}).status_code == 422
    assert page.post(f"{url}add-rule/", {"rule": rule.name}).status_code == 303
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": HOSTILE}]
    shared.add_item(list_id=made.pk, entries=entries, reason=HOSTILE, name="Ci", actor=rosa, now=NOW)
    text = page.get(url).content.decode()
    assert (rule.name in text, HOSTILE in text) == (True, False)
    item = ExceptionItem.objects.get()
    assert page.post(f"{url}items/{item.pk}/", {"do": "disable"}).status_code == 303
    assert page.post(f"{url}items/{item.pk}/", {"do": "nonsense"}).status_code == 404
    item.refresh_from_db()
    assert not item.enabled
    assert b"item_id" in page.get(f"{url}download/").content
    assert page.post(f"{url}remove-rule/", {"rule": PERL}).status_code == 422
    assert page.post(f"{url}edit/", {"name": "Ours", "version": "1"}).status_code == 409
    made.refresh_from_db()
    assert page.post(f"{url}edit/", {"name": "Ours", "version": str(made.version)}).status_code == 303
    assert page.post(f"{url}remove/", {}).status_code == 303
    assert page.get(url).status_code == 404
    assert not ExceptionItem.objects.filter(removed_at=None).exists()


def test_pages_ask_the_database_a_bounded_number_of_times(
    page: Client, scanners: ValueList, rule: Rule, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        lists.create_list(list_id=f"l{number}", name="L", type="keyword", lines=["x"], actor=None, now=NOW)
        exceptions.create_item(rule=rule, entries=[ENTRY], reason="r", name=f"Ours {number}", actor=None, now=NOW)
    with django_assert_max_num_queries(14):
        page.get("/settings/lists/")
    with django_assert_max_num_queries(14):
        page.get("/settings/lists/scanners/")
