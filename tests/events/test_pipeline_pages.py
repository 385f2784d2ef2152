"""The search page in ES|QL: a table of whatever comes back, what is wrong and where, and what is said at a bound."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections
from django.test import Client

from engine.pipelines.types import Point, Type
from events.errors import Busy
from events.pages.asked import read_asked
from events.pages.cells import cell
from events.pages.rows_asked import EXAMPLES, as_pipeline, read_rows_asked
from events.pipelines import prepare
from events.turns import turn
from soc.web import clock
from tests.events.conftest import Put
from tests.events.test_pages import Store, ana, store, text_of
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["ana", "people", "store"]


def get(client: Client, query: str, **more: Any) -> Any:
    return client.get("/search/", {"lang": "esql", "q": query, **more})


def test_rows_of_events_are_shown_with_their_columns_and_links(ana: Client, store: Store) -> None:
    [event] = store({"host.name": "web-1", "process.pid": 17, "process.args": ["b", "a"]})
    text = text_of(get(ana, "FROM logs-* | KEEP host.name, process.pid, process.args, user.name"))
    assert "1 row<" in text
    assert "1 event read" in text
    assert f"/search/event/{event.uid.hex()}/" in text
    assert re.search('<td class="num"><button [^>]*>17</button></td>', text)
    assert re.search("<li><button [^>]*>a</button></li><li><button [^>]*>b</button></li>", text)
    assert '<td class="null">null</td>' in text
    assert '<span class="of-type">keyword</span>' in text


def test_groups_lead_to_no_event(ana: Client, store: Store) -> None:
    store({"host.name": "web-1"}, {"host.name": "web-1"})
    text = text_of(get(ana, "FROM * | STATS n = COUNT(*) BY host.name"))
    assert '<td class="num">2</td>' in text
    assert "/search/event/" not in text


def test_a_mistake_is_underlined_where_it_stands(ana: Client) -> None:
    text = text_of(get(ana, 'FROM logs-*\n| WHERE host.name =! "a"\n| LIMIT 3'), 422)
    assert "tk-err" in text
    assert "Line 2, column" in text
    assert "| LIMIT 3" in text


def test_a_mistake_of_the_time_is_said(ana: Client) -> None:
    assert 'id="time-mistake"' in text_of(get(ana, "FROM *", **{"from": "yesterday"}), 422)


def test_without_a_query_there_are_examples_that_run(ana: Client) -> None:
    text = text_of(get(ana, ""))
    for title, query in EXAMPLES:
        assert title in text
        assert "rows" in text_of(get(ana, query)) or "No rows" in text_of(get(ana, query))


@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", "</td><img src=x onerror=a()>", "x\u202e<b>", "y" * 900]
)
def test_hostile_text_is_only_shown(value: str, ana: Client, store: Store) -> None:
    store({"message": value, "host.name": "a"})
    text = text_of(get(ana, 'FROM * | KEEP message | EVAL more = MV_APPEND(message, "x")'))
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_only_events_of_ones_teams_are_read(store: Store, put: Put, people: People) -> None:
    store({"host.name": "ours"})
    query = "FROM * | KEEP host.name"
    assert "ours" in text_of(get(sign_in(people.ana), query))
    assert "ours" not in text_of(get(sign_in(people.otto), query))


def test_too_dear_a_query_says_so(ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store(*({"message": str(number)} for number in range(30)))
    monkeypatch.setattr("events.pages.rows.CELLS", 10)
    text = text_of(get(ana, "FROM * | STATS v = VALUES(message)", run="0" * 32))
    assert "Stopped, so there is no answer." in text
    assert "10 values at once" in text


def test_a_query_that_ran_out_of_time_shows_what_it_found(
    ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store({"message": "x"})
    monkeypatch.setattr("events.pages.rows.BUDGET_SECONDS", 0)
    text = text_of(get(ana, "FROM * | KEEP message", run="0" * 32))
    assert "Only the newest 0 events were looked at" in text


def test_values_that_became_null_are_counted(ana: Client, store: Store) -> None:
    store({"host.name": ["a", "b"]}, {"host.name": "c"})
    assert "1 value could not be worked out and is null" in text_of(get(ana, "FROM * | EVAL x = LENGTH(host.name)"))


def test_wide_and_long_answers_are_cut(ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.pages.rows.MOST_COLUMNS", 2)
    monkeypatch.setattr("events.pages.rows.MOST_CELLS", 4)
    store(*({"host.name": str(number)} for number in range(5)))
    text = text_of(get(ana, "FROM * | KEEP host.name, message, user.name"))
    assert "First 2 rows" in text
    assert "1 more columns are not shown" in text


def test_long_texts_are_cut_and_so_is_a_page_of_them(
    ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.pages.rows.MOST_CHARACTERS", 5_000)
    store(*({"message": "\x01" * 9_000} for _ in range(3)))
    text = text_of(get(ana, "FROM * | KEEP message"))
    assert "First 1 row" in text
    assert "and 7,000 more characters" in text
    assert text.count("\u2401") == 2_000


def test_beyond_the_turns_one_is_told_to_wait(ana: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.turns._PATIENCE_SECONDS", 0)
    settings.PIPELINES_AT_ONCE = 0
    assert "as many as may run at once" in text_of(get(ana, "FROM * | LIMIT 1"))
    with pytest.raises(Busy), turn():
        pass


def test_a_turn_is_given_back(settings: Any) -> None:
    settings.PIPELINES_AT_ONCE = 1
    other = connections.create_connection("default")
    try:
        with turn(0), other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [0x77627075])
            assert cursor.fetchone() == (False,)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [0x77627075])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


@pytest.mark.parametrize("kql", ["", "host.name: web-*", 'process.args: "a b"', 'message: "say \\"x\\""', '"""'])
def test_a_search_in_kql_can_go_on_in_esql(kql: str) -> None:
    text = as_pipeline(kql)
    assert bool(text) == bool(kql)
    if kql and read_asked(kql, "", "", clock.now()).mistake is None:
        prepare(text, limit=1)


def test_a_query_may_only_be_so_long() -> None:
    asked = read_rows_asked("x" * 10_001, "", "", clock.now())
    assert asked.mistake
    assert "10,000 characters" in asked.mistake.message


def test_cells_say_what_kind_of_value_they_hold() -> None:
    assert cell(True, Type.BOOLEAN) == "<td>true</td>"
    assert cell(1e-7, Type.DOUBLE) == '<td class="num">1.0E-7</td>'
    assert cell("", Type.KEYWORD) == '<td><span class="null">empty</span></td>'
    assert cell(Point(1.0, 2.0), Type.GEO_POINT) == "<td>POINT (1.0 2.0)</td>"
    many = cell(tuple(map(str, range(30))), Type.KEYWORD)
    assert "and 20 more" in many
    assert "<bdi>" in cell("\u202eabc", Type.KEYWORD)


class TestValuesThatLead:
    """A value is a button of one form: the door makes the address."""

    def follow(self, client: Client, query: str, only: str, **more: Any) -> dict[str, str]:
        response = get(client, query, only=only, **more)
        assert response.status_code == 302, response.content[:300]
        return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}

    def shown(self, client: Client, query: str) -> list[str]:
        return [unescape(one) for one in re.findall(r'name="only" value="([^"]*)"', text_of(get(client, query)))]

    def test_a_value_of_an_event_narrows_the_same_search(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1", "process.pid": 17}, {"host.name": "web-2", "process.pid": 18})
        query = "FROM logs-* | KEEP host.name, process.pid, @timestamp | SORT host.name"
        only = self.shown(ana, query)
        assert only == ['host.name:"web-1"', "process.pid:17", 'host.name:"web-2"', "process.pid:18"]
        for chosen in only[:2]:
            asked = self.follow(ana, query, chosen, **{"from": "now-7d"})
            assert (asked["lang"], asked["from"]) == ("esql", "now-7d")
            text = text_of(get(ana, asked["q"]))
            assert "web-1" in text
            assert "web-2" not in text

    def test_a_computed_column_and_one_of_several_values_narrow_too(self, ana: Client, store: Store) -> None:
        store({"process.args": ["a", "b"], "host.name": "web-1"}, {"process.args": ["c"], "host.name": "web-2"})
        query = "FROM logs-* | EVAL kind = TO_UPPER(host.name) | KEEP process.args, kind | SORT kind"
        only = self.shown(ana, query)
        assert only == ['process.args[]:"a"', 'process.args[]:"b"', 'kind:"WEB-1"', 'process.args:"c"', 'kind:"WEB-2"']
        for chosen in (only[1], only[2]):
            assert self.shown(ana, self.follow(ana, query, chosen)["q"]) == only[:3]

    def test_a_value_of_a_group_leads_to_its_events(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1"}, {"host.name": "web-2"})
        query = "FROM logs-* | STATS n = COUNT(*) BY at = host.name, day = DATE_TRUNC(1 day, @timestamp)"
        only = self.shown(ana, f"{query} | RENAME at AS place | SORT place | KEEP n, place")
        assert only == ['place:"web-1"', 'place:"web-2"']
        asked = self.follow(ana, f"{query} | RENAME at AS place", only[0])
        assert asked == {"q": 'host.name: "web-1"', "from": "now-24h", "to": "now"}

    def test_groups_that_are_no_fields_lead_nowhere(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1"})
        for query in (
            "FROM * | STATS n = COUNT(*) BY kind = TO_UPPER(host.name)",
            "FROM * | EVAL host.name = TO_UPPER(host.name) | STATS n = COUNT(*) BY host.name",
            "FROM * | STATS n = COUNT(*) BY host.name | EVAL host.name = TO_UPPER(host.name)",
            "FROM * | STATS n = COUNT(*) BY x = host.name | STATS m = COUNT(*) BY x",
            'ROW a = "b" | STATS n = COUNT(*) BY a',
        ):
            assert self.shown(ana, query) == [], query

    @pytest.mark.parametrize(
        "named",
        [
            *(".alerts-security.*", ".alerts-security.alerts-*", ".alerts-security.alerts-default"),
            ".internal.alerts-security.alerts-default-*",
        ],
    )
    def test_alerts_behind_a_group_are_searched_among_alerts(self, ana: Client, named: str) -> None:
        query = f"FROM {named} | STATS n = COUNT(*) BY host.name"
        assert self.follow(ana, query, 'host.name:"web-1"')["in"] == "alerts"

    @pytest.mark.parametrize(
        "only",
        [
            *("", "host.name", "host.name:", "host.name:[1]", 'a b:"c"', 'x:"\\', "x" * 5000),
            *(
                "host.name:" + "[" * 5000,
                "host.name: " + "[" * 5000,
                "host.name:\n\t" + "{" * 5000,
                'host.name:"\\ud800"',
            ),
        ],
    )
    def test_what_no_button_says_is_passed_over(self, ana: Client, store: Store, only: str) -> None:
        store({"host.name": "web-1"})
        assert "web-1" in text_of(get(ana, "FROM * | KEEP host.name", only=only))

    @pytest.mark.parametrize("value", ['a" | DROP x //', "it's \\ odd", "<b>", "\u00e9t\u00e9"])
    def test_a_value_is_written_as_it_is(self, ana: Client, store: Store, value: str) -> None:
        store({"host.name": value}, {"host.name": "other"})
        query = "FROM * | KEEP host.name"
        chosen = next(one for one in self.shown(ana, query) if "other" not in one)
        assert self.shown(ana, self.follow(ana, query, chosen)["q"]) == [chosen]

    def test_a_file_of_the_rows_compares_as_the_page_does(self, ana: Client, store: Store) -> None:
        store({"process.args": ["a", "b"], "host.name": "web-1"})
        query = 'FROM * | WHERE process.args == "b" | KEEP host.name'
        text = text_of(get(ana, query, values="any"))
        [address] = re.findall(r'href="(/search/export/[^"]*format=csv[^"]*)"', text)
        answer = ana.get(unescape(address))
        assert b"web-1" in answer.getvalue()
