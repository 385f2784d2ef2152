"""Completing a query: where the cursor stands, what is offered there, and that nothing of an event is obeyed."""

import re
from time import perf_counter
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from engine import matches, parse_kql
from engine.languages.eql import parse_eql
from events.completing import Language, Wanted, standing
from tests.events.test_pages import Store, ana, store, text_of
from tests.people import People, people, sign_in

__all__ = ["ana", "people", "store"]
KQL = [
    ("", Wanted.FIELD, "", ""),
    ("hos", Wanted.FIELD, "hos", ""),
    ("host.name ", Wanted.OPERATOR, "", "host.name"),
    ("host.name:", Wanted.VALUE, "", "host.name"),
    ("host.name: we", Wanted.VALUE, "we", "host.name"),
    ('host.name: "we b', Wanted.VALUE, '"we b', "host.name"),
    ("host.name: (a or ", Wanted.VALUE, "", "host.name"),
    ("host.name: (a or b", Wanted.VALUE, "b", "host.name"),
    ("host.name: (a ", Wanted.WORD, "", "host.name"),
    ("host.name: a an", Wanted.WORD, "an", "host.name"),
    ("host.name: a and ", Wanted.FIELD, "", ""),
    ("(host.name: a and not user", Wanted.FIELD, "user", ""),
    ("threat.enrichments: { matched", Wanted.FIELD, "matched", "threat.enrichments"),
    ("threat.enrichments: { matched.field: ", Wanted.VALUE, "", "threat.enrichments.matched.field"),
    ("process.pid >= ", Wanted.VALUE, "", "process.pid"),
    ("host.name: not ", Wanted.VALUE, "", "host.name"),
    ("}}))))", Wanted.WORD, "", ""),
]
CODE = [
    (Language.EQL, "", Wanted.COMMAND, "", ""),
    (Language.EQL, "process where ", Wanted.FIELD, "", ""),
    (Language.EQL, "process where process.na", Wanted.FIELD, "process.na", ""),
    (Language.EQL, "process where process.name == ", Wanted.VALUE, "", "process.name"),
    (Language.EQL, 'process where process.name == "ba', Wanted.VALUE, '"ba', "process.name"),
    (Language.EQL, 'process where process.name in ("a", ', Wanted.VALUE, "", "process.name"),
    (Language.EQL, "process where process.name not in (", Wanted.VALUE, "", "process.name"),
    (Language.EQL, "process where process.name ", Wanted.OPERATOR, "", "process.name"),
    (Language.EQL, 'process where process.name == "a" ', Wanted.WORD, "", ""),
    (Language.EQL, "sequence by ", Wanted.FIELD, "", ""),
    (Language.EQL, "sequence by host.name [", Wanted.COMMAND, "", ""),
    (Language.ESQL, "FROM logs-* | WHERE ", Wanted.FIELD, "", ""),
    (Language.ESQL, "FROM logs-* | ", Wanted.COMMAND, "", ""),
    (Language.ESQL, "FROM logs-* | WHERE host.name == ", Wanted.VALUE, "", "host.name"),
    (Language.ESQL, "FROM logs-* | STATS n = COUNT(*) BY ", Wanted.FIELD, "", ""),
    (Language.ESQL, "FROM logs-* | KEEP host.name, ", Wanted.FIELD, "", ""),
]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.mark.parametrize(("text", "wanted", "typed", "field"), KQL)
def test_the_place_in_kql_is_found(text: str, wanted: Wanted, typed: str, field: str) -> None:
    found = standing(text, len(text), Language.KQL)
    assert (found.wanted, found.typed, found.field if wanted is not Wanted.WORD else field) == (wanted, typed, field)
    assert text[found.start : found.end] == typed


@pytest.mark.parametrize(("language", "text", "wanted", "typed", "field"), CODE)
def test_the_place_in_the_other_languages_is_found(
    language: Language, text: str, wanted: Wanted, typed: str, field: str
) -> None:
    found = standing(text, len(text), language)
    assert (found.wanted, found.typed, found.field) == (wanted, typed, field)


def test_the_rest_of_a_word_is_replaced_with_it() -> None:
    found = standing("host.name: web-1 and a: b", 13, Language.KQL)
    assert ("host.name: web-1"[found.start : found.end], found.typed) == ("web-1", "we")
    found = standing('a: "web 1" and', 6, Language.KQL)
    assert 'a: "web 1" and'[found.start : found.end] == '"web 1"'


def test_reading_a_place_takes_time_linear_in_the_text() -> None:
    for text in ('"' * 10_000, "(" * 10_000, "\\" * 10_000, 'a:"\\"' * 2_500, "a in (" + "1," * 5_000):
        for language in Language:
            started = perf_counter()
            standing(text, len(text), language)
            assert perf_counter() - started < 0.5


def inserts(text: str) -> list[str]:
    from html import unescape

    return [unescape(found) for found in re.findall(r'data-insert="([^"]*)"', text)]


def reads_events(client: Client, query: str) -> bool:
    with CaptureQueriesContext(connection) as captured:
        ask(client, query)
    return any("FROM event" in one["sql"] for one in captured.captured_queries)


def ask(client: Client, query: str, **more: Any) -> str:
    asked: dict[str, str] = {"q": query, "at": str(len(query)), **more}
    return text_of(client.get("/search/complete/", asked))


@pytest.mark.django_db
class TestDoor:
    def test_seen_fields_come_before_known_ones(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1", "process.zeta": "x"})
        found = inserts(ask(ana, "process."))
        assert found[0] == "process.zeta: "
        assert len(found) == 12
        assert inserts(ask(ana, "zet"))[0] == "process.zeta: "

    def test_values_that_were_seen_are_offered_quoted_where_need_be(self, ana: Client, store: Store) -> None:
        [event] = store({"host.name": 'my "own" \\host', "user.name": "and", "process.name": "bash"})
        for field in ("host.name", "user.name", "process.name"):
            [insert] = inserts(ask(ana, f"{field}: "))
            assert matches(parse_kql(f"{field}: {insert}"), event.document())
            [insert] = inserts(ask(ana, f"any where {field} == ", lang="eql"))
            assert matches(parse_eql(f"any where {field} == {insert}").tree, event.document())

    def test_a_rare_field_is_looked_for_further_back(self, ana: Client, store: Store) -> None:
        store({"rare.field": "found-it"})
        store(*({"host.name": "web-1", "n": str(number)} for number in range(450)))
        assert inserts(ask(ana, "rare.field: fou")) == ["found-it "]

    def test_inside_of_a_nested_object_its_fields_are_offered(self, ana: Client, store: Store) -> None:
        store({"threat": {"enrichments": [{"matched": {"field": "x"}}]}})
        assert "matched.field: " in inserts(ask(ana, "threat.enrichments: { matched.f"))

    def test_words_and_operators(self, ana: Client) -> None:
        assert inserts(ask(ana, "(host.name: a ")) == ["and ", "or ", ")"]
        assert ">= " in inserts(ask(ana, "process.pid "))
        assert inserts(ask(ana, "FROM x | WH", lang="esql")) == ["WHERE "]
        assert inserts(ask(ana, "kibana.alert.severity: ", **{"for": "alerts"}))[0] == "low "

    def test_what_a_choice_replaces_is_said_as_browsers_count(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1"})
        query = "message: \U0001f600 and host.name: we"
        units = len(query.encode("utf-16-le")) // 2
        text = text_of(ana.get("/search/complete/", {"q": query, "at": str(units)}))
        assert f'data-from="{units - 2}" data-to="{units}"' in text

    def test_hostile_values_and_names_are_only_shown(self, ana: Client, store: Store) -> None:
        store({"host.name": '"><script>alert(1)</script>', "user.name": "a\u202eb", 'x"><img src=x>': "1"})
        for query in ("host.name: ", "user.name: ", "x"):
            text = ask(ana, query)
            assert "<script>" not in text
            assert "<img" not in text
            assert "\u202e" not in text

    def test_other_teams_values_are_not_offered(self, people: People, store: Store) -> None:
        store({"host.name": "secret-host"})
        assert "secret-host" not in ask(sign_in(people.otto), "host.name: ")

    def test_nothing_that_fits_is_an_empty_list(self, ana: Client) -> None:
        text = ask(ana, "host.name: nothing-like-it")
        assert 'role="listbox"' in text
        assert "hidden" in text
        for at in ("-1", "x", "999999999", ""):
            assert ana.get("/search/complete/", {"q": "host", "at": at, "lang": "klingon"}).status_code == 200

    def test_what_was_looked_at_is_not_looked_at_for_the_next_letter(self, ana: Client, store: Store) -> None:
        store(*({"host.name": f"web-{number}", "process.name": "sh", "a.b": str(number)} for number in range(900)))
        for query in ("host.name: ", "no.such: "):
            assert reads_events(ana, query)
            assert not any(reads_events(ana, query + more) for more in ("", "w", "we"))
        assert not reads_events(ana, "pro")
