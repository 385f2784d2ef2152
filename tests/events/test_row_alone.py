"""A row of groups on a page of its own, and from there on: to its events and to an exception."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.test import Client

from events.pages.row_told import MOST_TOLD, columns_told, read_row, row_told
from tests.events.test_pages import Store, ana, store, text_of
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["ana", "people", "store"]
HOSTILE = '"><script>alert(1)</script>'


def opened(client: Client, query: str) -> tuple[str, dict[str, str]]:
    """The page behind the first row's button, and what the form sends."""
    page = text_of(client.get("/search/", {"lang": "esql", "q": query}))
    form = page[page.index("<form", page.index('aria-label="Rows"')) :]
    sent = {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}
    button = re.search(r'name="row" value="([^"]*)" formaction="([^"]*)"', form)
    assert button
    sent["row"] = unescape(button[1])
    return text_of(client.get(button[2], sent)), sent


def links(page: str, to: str) -> list[dict[str, str]]:
    """What the links to an address ask."""
    found = [urlsplit(unescape(one)) for one in re.findall(r'href="([^"]*)"', page)]
    return [{name: one for name, [one] in parse_qs(link.query).items()} for link in found if link.path == to]


def test_a_group_leads_to_its_events_to_an_exception_and_to_a_case(ana: Client, store: Store) -> None:
    store({"host.name": "web-1", "process.name": "sh"}, {"host.name": "web-1", "process.name": "sh"})
    page, sent = opened(ana, "FROM * | STATS n = COUNT(*) BY machine = host.name, process.name")
    assert {"add": "process.name", "value": "sh"} in links(page, "/search/exception/")
    assert 'host.name: "web-1"' in [one.get("q") for one in links(page, "/search/")]
    [noted] = links(page, "/cases/note-row/")
    assert noted["row"] == sent["row"]
    assert "Exception on n" not in page


def test_what_is_no_field_of_the_events_is_only_shown(ana: Client, store: Store) -> None:
    store({"host.name": "web-1"})
    page, _ = opened(ana, 'FROM * | EVAL host.name = "made" | STATS n = COUNT(*) BY host.name')
    assert "made" in page
    assert not links(page, "/search/exception/")


def test_a_row_made_of_nothing_can_be_opened_too(ana: Client) -> None:
    page, _ = opened(ana, 'ROW user.name = "root", x = [1, 2], nothing = null')
    assert links(page, "/search/exception/") == [{"add": "user.name", "value": "root"}]
    assert "null" in page


def test_rows_that_are_events_have_their_own_pages_already(ana: Client, store: Store) -> None:
    store({"host.name": "web-1"})
    assert 'name="row"' not in text_of(ana.get("/search/", {"lang": "esql", "q": "FROM * | KEEP host.name"}))


def test_hostile_values_are_only_shown(ana: Client, store: Store) -> None:
    store({"user.name": HOSTILE})
    page, sent = opened(ana, "FROM * | STATS n = COUNT(*) BY user.name")
    assert "<script>alert" not in page
    assert {"add": "user.name", "value": HOSTILE} in links(page, "/search/exception/")
    assert "<script>alert" not in text_of(ana.get("/search/row/", sent | {"columns": f'["{HOSTILE[1:]}"]'}))


@pytest.mark.parametrize(
    ("columns", "row"),
    [("", ""), ("[", "["), ('["a"]', "7"), ("{}", "[]"), ('["a"]', '["\\ud800"]'), ("[" * 9_000, "[" * 9_000),
     ("[1]", "[[1]]"), ('["a"]', "[null]")],
)  # fmt: skip
def test_what_no_button_says_is_no_row(ana: Client, columns: str, row: str) -> None:
    assert "No row." in text_of(
        ana.get("/search/row/", {"lang": "esql", "q": "ROW a = 1", "columns": columns, "row": row})
    )


def test_what_is_told_is_bounded_and_says_where_it_is_cut() -> None:
    wide: list[Any] = [("y" * 1_000,) * 50] * 300
    assert len(row_told(wide)) < 3 * MOST_TOLD
    told = read_row(columns_told(["a" * 9_000, "b"]), row_told(["x" * 301, "z" * 300]))
    assert [one.values for one in told] == [("x" * 300 + "…",), ("z" * 300,)]
    assert told[0].column == "a" * 300 + "…"


def test_a_forged_row_is_bounded_as_a_told_one_is_and_holds_no_nul(ana: Client) -> None:
    names, values = ["h" * 600] * 200, [["y"] * 50] * 200
    told = read_row(orjson.dumps(names).decode(), orjson.dumps(values).decode())
    assert {len(one.column) for one in told} == {301}
    assert sum(len(one.values) for one in told) <= MOST_TOLD
    sent = {"lang": "esql", "q": "ROW a = 1", "columns": '["a\\u0000b"]', "row": '[["c\\u0000d"]]'}
    page = text_of(ana.get("/search/row/", sent))
    assert "\0" not in page
    assert "cd" in page


def test_a_row_of_alerts_leads_to_alerts_and_to_no_exception_on_what_they_say_of_themselves(ana: Client) -> None:
    query = "FROM .alerts-security.* | STATS n = COUNT(*) BY kibana.alert.rule.name, host.name"
    sent = {"columns": '["n", "kibana.alert.rule.name", "host.name"]', "row": '[["1"], ["R1"], ["web-1"]]'}
    page = text_of(ana.get("/search/row/", {"lang": "esql", "q": query} | sent))
    alone = [one for one in links(page, "/search/") if "q" in one and "lang" not in one]
    assert [(one["q"], one["in"]) for one in alone] == [
        ('kibana.alert.rule.name: "R1"', "alerts"),
        ('host.name: "web-1"', "alerts"),
    ]
    assert links(page, "/search/exception/") == [{"add": "host.name", "value": "web-1"}]


def test_who_may_write_no_exceptions_is_offered_none_and_told_which_role_is_needed(people: People) -> None:
    sent = {"lang": "esql", "q": "FROM * | STATS n = COUNT(*) BY host.name", "columns": '["n", "host.name"]'}
    page = text_of(sign_in(people.vera).get("/search/row/", sent | {"row": '[["1"], ["web-1"]]'}))
    assert not links(page, "/search/exception/")
    assert "An exception on a value: Needs the analyst role." in page
