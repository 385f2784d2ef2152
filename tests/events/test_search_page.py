"""The search page beyond a table: three languages, rows that open, fields, slices, files and rules."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from engine import matches, parse_kql
from engine.rulefile import load_rule
from events.pages.clauses import eql_clause_of, narrowed_eql
from events.pages.results import results_piped
from events.pages.rule_file import NoRule, rule_file
from events.pages.together import step_words
from events.partitions import ensure_days
from events.progress import progress_of, stop, watch_of
from events.store import put_batch
from events.watching import Cancelled
from soc.web import clock
from tests.events.conftest import normalised
from tests.events.test_pages import Store, ana, store, text_of
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["ana", "people", "store"]
HTMX = {"HX-Request": "true"}
SEQUENCE = "sequence by host.name with maxspan=1m\n  [process where true]\n  ![file where true]\n  [network where true]"
TOKEN = "0123456789abcdef" * 2
DEAR = (
    {"lang": "eql", "q": SEQUENCE},
    {"lang": "eql", "q": "sample by host.name [process where true] [network where true]", "from": "now-7d"},
    {"lang": "eql", "q": "process where true | head 5", "from": "now-7d"},
    {"lang": "eql", "q": "process where true | tail 5"},
    {"lang": "esql", "q": "FROM logs-* | KEEP host.name"},
    {"lang": "esql", "q": "FROM logs-* | STATS n = COUNT(*) BY host.name", "from": "now-7d"},
)
"""Searches that may take long: sequences, samples, the first or last events, rows and groups."""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def ago(seconds: float) -> str:
    return (clock.now() - timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def story(store: Store) -> list[Any]:
    return store(
        {"@timestamp": ago(30), "host.name": "web-1", "event.category": "process", "process.name": "curl"},
        {"@timestamp": ago(27.5), "host.name": "web-1", "event.category": "network", "destination.ip": "10.0.0.9"},
        {"@timestamp": ago(20), "host.name": "db-1", "event.category": "process", "process.name": "sh"},
    )


def whole(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def links(text: str, path: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'(?:href|hx-get)="([^"]*)"', text) if path in found]


class TestEql:
    def test_a_sequence_is_a_block_with_its_shared_value_and_gaps(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"lang": "eql", "q": SEQUENCE}))
        assert "1 sequence" in text
        assert 'class="block-head"' in text
        assert "web-1" in text
        assert "+2.5 s" in text
        assert "No such event: <code><bdi>file where true" in text
        assert "db-1" not in text

    def test_an_event_query_is_a_table_with_links_that_narrow_it(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"lang": "eql", "q": "process where true"}))
        assert "2 events" in text
        row = next(link for link in links(text, "/row/") if "open=fields" in link)
        opened = text_of(ana.get(row, headers=HTMX))
        assert "process+where+process.name+%3D%3D+%22sh%22" in opened

    def test_pipes_and_nothing_found(self, ana: Client, story: list[Any]) -> None:
        assert "1 event<" in text_of(ana.get("/search/", {"lang": "eql", "q": "process where true | tail 1"}))
        assert "None found" in text_of(
            ana.get("/search/", {"lang": "eql", "q": "sequence by host.name [process where true] [dns where true]"})
        )

    def test_a_mistake_is_underlined_and_an_empty_box_has_examples_that_run(self, ana: Client) -> None:
        text = text_of(ana.get("/search/", {"lang": "eql", "q": "process where\n process.name = 1"}), 422)
        assert "tk-err" in text
        assert "Line 2, column" in text
        empty = text_of(ana.get("/search/", {"lang": "eql"}))
        for link in [link for link in links(empty, "/search/?") if "q=" in link and "sequence" in link]:
            assert "sequences" in text_of(ana.get(link))

    def test_with_scripts_the_answer_comes_after_what_looks_on(self, ana: Client, story: list[Any]) -> None:
        first = text_of(ana.get("/search/", {"lang": "eql", "q": SEQUENCE}, headers=HTMX))
        assert "Cancel" in first
        [run] = [link for link in links(first, "/search/?") if "run=" in link]
        assert "1 sequence" in text_of(ana.get(run, headers=HTMX))

    @pytest.mark.parametrize("asked", DEAR, ids=lambda asked: asked["q"][:14])
    def test_an_address_that_is_opened_shows_what_looks_on_where_the_answer_takes_long(
        self, ana: Client, story: list[Any], monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
    ) -> None:
        at_once = text_of(ana.get("/search/", asked))
        assert "web-1" in at_once
        assert "Cancel" not in at_once
        monkeypatch.setattr("events.views.AT_ONCE_SECONDS", 0)
        first = text_of(ana.get("/search/", {**asked, "saved": "7"}))
        assert ("Searching…" in first, "Cancel" in first, "web-1" in first) == (True, True, False)
        assert f'from" value="{asked.get("from", "now-24h")}"' in first
        [run] = set(links(first, "/search/?")) & {link for link in links(first, "run=") if "saved=7" in link}
        assert "web-1" in text_of(ana.get(run, headers=HTMX))

    @pytest.mark.parametrize("asked", DEAR, ids=lambda asked: asked["q"][:14])
    def test_without_scripts_the_page_leads_to_the_answer(
        self, ana: Client, story: list[Any], monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
    ) -> None:
        monkeypatch.setattr("events.views.AT_ONCE_SECONDS", 0)
        first = text_of(ana.get("/search/", asked | {"typed": "1"}))
        found = re.search(r'<noscript><meta http-equiv="refresh" content="0;url=([^"]+)"></noscript>', first)
        assert found
        assert "typed" not in found[1]
        answer = text_of(ana.get(unescape(found[1])))
        assert "web-1" in answer
        assert "</html>" in answer
        assert "http-equiv" not in answer

    def test_a_search_can_be_cancelled(self, ana: Client, people: People, story: list[Any]) -> None:
        assert ana.post(f"/search/cancel/{TOKEN}/").status_code == 200
        for query, lang in (
            (SEQUENCE, "eql"), ("process where true | tail 5", "eql"), ("FROM * | STATS COUNT(*)", "esql"),
        ):  # fmt: skip
            text = text_of(ana.get("/search/", {"lang": lang, "q": query, "run": TOKEN}, headers=HTMX))
            assert "You stopped this search" in text
        assert "1 sequence" in text_of(
            sign_in(people.rosa).get("/search/", {"lang": "eql", "q": SEQUENCE, "run": TOKEN}, headers=HTMX)
        )

    def test_the_last_events_are_looked_on_at_and_say_where_they_stopped(
        self, ana: Client, people: People, story: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"lang": "eql", "q": "process where true | tail 5"}
        text_of(ana.get("/search/", asked | {"run": TOKEN}, headers=HTMX))
        told = progress_of(people.ana.pk, TOKEN)
        assert told
        assert told.back_to
        monkeypatch.setattr("events.searching._ROWS_IN_A_HURRY", 1)
        monkeypatch.setattr("events.views.results_piped", partial(results_piped, seconds=0))
        assert "Stopped after 10 seconds" in text_of(ana.get("/search/", asked | {"run": TOKEN}, headers=HTMX))

    def test_what_leads_on_from_an_answer_that_was_looked_on_at_is_looked_on_at_anew(
        self, ana: Client, story: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = {"lang": "eql", "q": "process where true | tail 5", "from": "now-2h", "to": "now-1h", "run": TOKEN}
        wider = text_of(ana.get("/search/", asked, headers=HTMX))
        monkeypatch.setattr("events.searching.fetch", lambda *_: None)
        again = text_of(ana.get("/search/", asked, headers=HTMX))
        onward = re.findall(r'class="btn" href="([^"]+)">(?:Search|Look again)', wider + again)
        assert len(onward) == 2
        assert not [one for one in onward if "run=" in one]

    def test_the_words_of_steps_are_taken_from_between_the_brackets(self) -> None:
        assert step_words('sequence [a where b == "]"] by x // [no]\n [c where\n  d]') == [
            'a where b == "]"',
            "c where d",
        ]


class TestProgress:
    def test_it_is_told_to_who_asked_and_nobody_else(self, ana: Client, people: People) -> None:
        watch_of(people.ana.pk, TOKEN)(1_234, clock.now())
        assert "1,234" in text_of(ana.get(f"/search/progress/{TOKEN}/"))
        assert "1,234" not in text_of(sign_in(people.otto).get(f"/search/progress/{TOKEN}/"))
        assert "Searching" in text_of(ana.get("/search/progress/made-up/"))

    def test_a_wish_to_stop_ends_it(self, people: People) -> None:
        watch = watch_of(people.ana.pk, TOKEN)
        stop(people.otto.pk, TOKEN)
        watch(1, None)
        stop(people.ana.pk, TOKEN)
        with pytest.raises(Cancelled):
            watch_of(people.ana.pk, TOKEN)(2, None)
        watch_of(people.ana.pk, "made-up")(3, None)
        assert progress_of(people.ana.pk, "made-up") is None


class TestRows:
    def test_a_row_opens_in_place_and_closes_again(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"q": "process.name: curl"}))
        [opener] = [link for link in links(text, "/row/") if "open=fields" in link]
        opened = text_of(ana.get(opener, headers=HTMX))
        assert 'aria-expanded="true"' in opened
        assert "<mark><bdi>curl" in opened
        assert "destination.ip" not in opened
        for show, words in (("json", "&quot;curl&quot;"), ("tree", "curl"), ("all", "host.name")):
            assert words in text_of(ana.get(opener.replace("open=fields", f"open={show}"), headers=HTMX))
        closer = next(link for link in links(opened, "/row/") if "open=" not in link)
        assert "expanded" not in text_of(ana.get(closer, headers=HTMX)).replace("aria-expanded", "")

    def test_the_tree_of_what_a_process_did_shows_what_started_it(self, ana: Client, store: Store) -> None:
        emacs = {"entity_id": "e1", "name": "emacs", "parent": {"name": "bash"}}
        start = {"event.category": "process", "process": emacs}
        wrote = {"event.category": "file", "file.path": "/root/.ssh/authorized_keys", "process": {"entity_id": "e1"}}
        event = next(one for one in store(start, wrote) if one.document().values("file.path"))
        for address in (f"/search/event/{event.uid.hex()}/", f"/search/event/{event.uid.hex()}/row/?open=tree"):
            page = text_of(ana.get(address))
            assert re.search(r">bash<.*>emacs<", page[page.index('class="tree"') :], re.DOTALL), address

    def test_without_scripts_a_row_is_the_page_of_its_event(self, ana: Client, story: list[Any]) -> None:
        [event] = [one for one in story if b"curl" in one.raw]
        assert "<h1>Event of" in text_of(ana.get(f"/search/event/{event.uid.hex()}/row/", {"open": "fields"}))

    def test_columns_are_of_the_address(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"cols": "destination.ip,<b>,host.name"}))
        assert re.findall(r'<th scope="col" class="truncate" title="([^"]+)"', text) == ["destination.ip", "host.name"]
        assert "What it says" not in text
        assert "10.0.0.9" in text

    def test_alerts_are_asked_for_apart(self, ana: Client, people: People, store: Store) -> None:
        kibana = {"alert": {"severity": "high", "rule": {"name": "Odd shell"}, "reason": "sh"}}
        made = normalised({"kibana": kibana, "host.name": "web-1"}, people.core.pk, clock.now())
        ensure_days([made.day])
        with transaction.atomic():
            alert = replace(made, index=".alerts-security.alerts-default")
            put_batch(team_id=people.core.pk, events=[alert], ingested_at=clock.now())
        store({"host.name": "web-2"})
        text = text_of(ana.get("/search/", {"in": "alerts"}))
        assert "Odd shell" in text
        assert "web-2" not in text
        assert "Odd shell" not in text_of(ana.get("/search/"))
        assert "/alerts/?view=all&amp;q=host.name" in text_of(ana.get("/search/", {"q": "host.name: web-1"}))


class TestFields:
    def test_the_least_evenly_spread_come_first_and_open(self, ana: Client, store: Store) -> None:
        rare = [{"user.name": "root", "host.name": "h9", "event.action": "exec"}]
        store(
            *({"user.name": "svc", "host.name": f"h{number % 5}", "event.action": "exec"} for number in range(40)),
            *rare,
        )
        text = text_of(ana.get("/search/fields/", {}, headers=HTMX))
        assert text.index("Most telling") < text.index("user.name") < text.index("In the table")
        assert "Of 41 events" in text
        assert "q=user.name%3A+%22root%22" in text
        assert "q=not+user.name%3A+%22root%22" in text
        opened = text_of(ana.get("/search/fields/", {"field": "host.name"}, headers=HTMX))
        assert "host.name%3A+%22h9%22" in opened
        assert "cols=host.name" in opened

    def test_without_scripts_it_is_a_page(self, ana: Client, story: list[Any]) -> None:
        assert "<h1>Fields" in text_of(ana.get("/search/fields/"))
        assert ana.get("/search/fields/", {"q": "a: ("}).status_code == 302

    def test_hostile_fields_are_only_shown(self, ana: Client, store: Store) -> None:
        store({'x"><script>a()</script>': "1", "y": "<img src=x onerror=a()>"}, {"y": "\u202e"})
        for field in ('x"><script>a()</script>', "y"):
            text = text_of(ana.get("/search/fields/", {"field": field}))
            assert "<script>a()" not in text
            assert "<img src=x" not in text
            assert "\u202e" not in text


class TestSlices:
    def test_a_long_search_goes_on_by_itself_and_can_be_stopped(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store(*({"host.name": f"h{number}"} for number in range(30)))
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        text = text_of(ana.get("/search/", {"q": "host.name: *3"}))
        assert 'hx-trigger="load"' in text
        assert "Looked back to" in text
        assert "<progress" in text
        [pause] = set(links(text, "pause=1"))
        assert "Search further back" in text_of(ana.get("/search/" + pause, headers=HTMX))
        onward = next(link for link in links(text, "after=") if "pause" not in link)
        rest = text_of(ana.get("/search/" + onward, headers=HTMX))
        assert text.count("data-row>") + rest.count("data-row>") == 3

    def test_the_end_of_a_long_search_that_found_some_adds_nothing(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store({"host.name": "h1"}, *({"host.name": f"h{number}", "@timestamp": ago(60)} for number in range(2, 9)))
        monkeypatch.setattr("events.searching._ROWS_IN_A_HURRY", 1)
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        onward = next(link for link in links(text_of(ana.get("/search/", {"q": "host.name: *1"})), "after="))
        last = ana.get("/search/" + onward, headers=HTMX)
        assert "HX-Retarget" not in last
        assert not text_of(last).strip()
        assert "No further events." in text_of(ana.get("/search/" + onward))

    def test_where_the_time_was_up_before_the_first_event_it_can_be_asked_again(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store({"host.name": "h1"})
        with monkeypatch.context() as busy:
            busy.setattr("events.searching.fetch", lambda *_: None)
            text = text_of(ana.get("/search/", {"q": "host.name: h1"}))
        assert "Nothing found yet." in text
        [again] = re.findall(r'href="([^"]+)">Look again', text)
        assert "data-row>" in text_of(ana.get("/search/" + unescape(again)))

    def test_who_stops_it_is_told_how_far_it_came(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store(*({"host.name": f"h{number}", "@timestamp": ago(12 * 3_600)} for number in range(30)))
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        text = text_of(ana.get("/search/", {"q": "host.name: *x"}))
        told = re.search(r"Looked back to .*?, (\d+) % of the time", text)
        assert told
        [pause] = set(links(text, "pause=1"))
        stopped = text_of(ana.get("/search/" + pause, headers=HTMX))
        assert told[0] in stopped
        assert int(told[1]) == 50
        assert "Stopped." in stopped
        assert "data-stopped" in stopped

    def test_counting_goes_on(self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        store(*({"host.name": f"h{number}"} for number in range(30)))
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        assert "Counting on" in text_of(ana.get("/search/", {"q": "host.name: h*"}))
        text = text_of(ana.get("/search/", {"q": "host.name: h*", "part": "counts"}, headers=HTMX))
        assert "30 events" in text
        assert "data-brush" in text


class TestFiles:
    def test_rows_as_csv_and_lines(self, ana: Client, store: Store) -> None:
        store({"host.name": "=cmd()", "process.name": "sh"}, {"host.name": "web-1"})
        table = whole(ana.get("/search/export/", {"format": "csv"})).decode()
        assert '"\'=cmd()"' in table
        assert table.startswith('"\'@timestamp"')
        lines = whole(ana.get("/search/export/", {"format": "ndjson", "q": "host.name: web-1"}))
        assert [orjson.loads(line)["host"]["name"] for line in lines.splitlines()] == ["web-1"]
        rows = ana.get("/search/export/", {"lang": "esql", "q": "FROM * | STATS n = COUNT(*)"})
        assert b'"2"' in whole(rows)
        assert ana.get("/search/export/", {"q": "a: ("}).status_code == 302

    @pytest.mark.parametrize(
        ("language", "query"),
        [
            ("kql", "host.name: \"a'''b\" and process.name: sh"),
            ("eql", SEQUENCE),
            ("esql", "FROM logs-*\n| STATS n = COUNT(*) BY host.name\n| WHERE n > 3"),
        ],
    )
    def test_a_search_becomes_a_rule_file_that_loads(self, ana: Client, language: str, query: str) -> None:
        text = text_of(ana.get("/search/rule/", {"lang": language, "q": query, "download": "1"}))
        assert (load_rule(text, "x.toml").query or "").strip() == query
        assert "rule_id" in text_of(ana.get("/search/rule/", {"lang": language, "q": query}))

    def test_what_can_be_no_rule_says_so(self, ana: Client) -> None:
        assert "every event" in text_of(ana.get("/search/rule/"), 422)
        with pytest.raises(NoRule):
            rule_file("kql", "a: (", ("*",))


class TestRuleOfAnEvent:
    TOLD = {
        "event": {"category": ["process"], "type": ["start"]},
        "process": {"name": 'p"e\\rl', "parent": {"name": "bash"}, "pid": 7},
        "host": {"name": "web-1", "os": {"type": "linux"}},
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "here"},
    }

    def rule_of(self, ana: Client, event: Any, **more: str) -> Any:
        return load_rule(
            text_of(ana.get("/search/rule/", {"event": event.uid.hex(), "download": "1"} | more)), "x.toml"
        )

    def test_without_a_query_it_asks_what_the_event_tells_and_finds_it(self, ana: Client, store: Store) -> None:
        event, other = store(self.TOLD, self.TOLD | {"process": {"name": "sh"}})
        rule = self.rule_of(ana, event)
        query = rule.query.strip()
        assert query.startswith('event.category: "process" and event.type: "start"')
        assert "web-1" not in query
        assert matches(parse_kql(query), event.document())
        assert not matches(parse_kql(query), other.document())
        assert rule.indices == ("logs-endpoint.events.process-*",)

    def test_beside_a_query_one_chooses_between_search_and_event(self, ana: Client, store: Store) -> None:
        [event] = store(self.TOLD)
        assert self.rule_of(ana, event, q="host.name: web-1").query.strip() == "host.name: web-1"
        assert "process.parent.name" in self.rule_of(ana, event, q="host.name: web-1", of="event").query
        page = text_of(ana.get("/search/rule/", {"event": event.uid.hex(), "q": "host.name: web-1"}))
        assert "of=event" in page
        assert "Of the event" not in text_of(ana.get("/search/rule/", {"event": event.uid.hex()}))
        broken = {"event": event.uid.hex(), "q": "host.name: ("}
        assert "of=event" in text_of(ana.get("/search/rule/", broken), 422)

    def test_the_page_and_the_opened_row_of_an_event_lead_there(self, ana: Client, store: Store) -> None:
        [event] = store(self.TOLD)
        pages = [f"/search/event/{event.uid.hex()}/", f"/search/event/{event.uid.hex()}/row/?open=fields"]
        for page in (ana.get(pages[0]), ana.get(pages[1], headers={"HX-Request": "true"})):
            text = text_of(page)
            assert f"/search/rule/?event={event.uid.hex()}" in text
            assert f"/search/event/{event.uid.hex()}/why-not/" in text

    @pytest.mark.parametrize("told", [{"x": "y"}, {"message": "z" * 900}, {"process.name": "\n\u202e"}])
    def test_an_event_that_tells_nothing_says_so(self, ana: Client, store: Store, told: dict[str, str]) -> None:
        [event] = store(told)
        answer = ana.get("/search/rule/", {"event": event.uid.hex()})
        if answer.status_code == 422:
            assert "no field that tells" in text_of(answer, 422)
        else:
            query = self.rule_of(ana, event).query
            assert matches(parse_kql(query), event.document())

    def test_events_of_others_are_not_there(self, ana: Client, people: People, store: Store) -> None:
        [event] = store(self.TOLD)
        assert sign_in(people.otto).get("/search/rule/", {"event": event.uid.hex()}).status_code == 404
        assert ana.get("/search/rule/", {"event": "zz"}).status_code == 404


class TestLanguage:
    def test_it_is_kept_for_the_person(self, ana: Client, people: People) -> None:
        assert "Query in KQL" in text_of(ana.get("/search/"))
        ana.get("/search/", {"lang": "eql"})
        assert "Query in EQL" in text_of(ana.get("/search/"))
        assert "<h1>Fields" in text_of(ana.get("/search/fields/"))
        assert "Query in KQL" in text_of(ana.get("/search/", {"q": "host.name: a"}))
        otto = sign_in(people.otto)
        otto.cookies["search_language"] = f"{people.ana.pk}:eql"
        assert "Query in KQL" in text_of(otto.get("/search/"))

    def test_conditions_are_added_to_event_queries_only(self) -> None:
        clause = eql_clause_of("host.name", 'a"b')
        assert clause == 'host.name == "a\\"b"'
        assert eql_clause_of("process.pid", "17") == "process.pid == 17"
        assert narrowed_eql("process where a == 1 or b == 2", "c == 3") == "process where (a == 1 or b == 2) and c == 3"
        assert narrowed_eql("any where true", "c == 3", without=True) == "any where not c == 3"
        assert narrowed_eql(SEQUENCE, "c == 3") is None
        assert narrowed_eql("process where true | head 3", "c == 3") is None


def send(client: Client, query: str, **more: str) -> Any:
    """As the form does without scripts."""
    return client.get("/search/", {"q": query, "typed": "1"} | more)


class TestRecent:
    def test_the_last_searches_are_kept_newest_first_each_once(self, ana: Client) -> None:
        for number in range(12):
            send(ana, f"host.name: web-{number}")
        send(ana, "host.name: web-3", **{"from": "now-7d"})
        send(ana, "FROM * | KEEP host.name", lang="esql")
        text = text_of(ana.get("/search/", {"lang": "kql"}))
        listed = text[text.index('id="recent"') : text.index("forget")]
        assert listed.index("FROM *") < listed.index("web-3<") < listed.index("web-11<")
        assert (listed.count("<li>"), listed.count("web-3<"), "web-2<" in listed) == (10, 1, False)
        assert "q=host.name%3A+web-3&amp;from=now-7d" in listed

    def test_nobody_elses_are_shown_and_mistakes_are_not_kept(self, ana: Client, people: People) -> None:
        send(ana, "host.name: web-1")
        send(ana, "host.name: (")
        assert "web-1" in text_of(ana.get("/search/"))
        assert "web-1" not in text_of(sign_in(people.otto).get("/search/"))
        assert "host.name: (" not in text_of(ana.get("/search/"))

    @pytest.mark.parametrize("value", ["<script>alert(1)</script>", "a\u202eb", '"><img src=x onerror=a()>'])
    def test_hostile_text_is_only_shown(self, ana: Client, value: str) -> None:
        assert send(ana, 'message: "' + value.replace('"', '\\"') + '"').status_code == 200
        text = text_of(ana.get("/search/"))
        assert 'class="menu recent"' in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text

    def test_they_are_forgotten_when_asked_to(self, ana: Client) -> None:
        send(ana, "host.name: web-1")
        assert ana.post("/search/recent/forget/").status_code == 302
        assert "web-1" not in text_of(ana.get("/search/"))

    def test_a_search_by_script_brings_the_list_along(self, ana: Client) -> None:
        by_script = {"HX-Request": "true", "HX-Trigger": "search-form"}
        text = text_of(ana.get("/search/", {"q": "host.name: web-1"}, headers=by_script))
        assert '<div id="recent" hx-swap-oob="true"><details' in text

    @pytest.mark.parametrize(
        ("asked", "headers"),
        [
            ({}, {}),
            ({}, {"HX-Request": "true", "HX-Trigger": "more"}),
            ({"typed": "1"}, {"Sec-Fetch-Site": "cross-site"}),
            ({"typed": "1"}, {"Sec-Fetch-Site": "none"}),
        ],
    )
    def test_a_link_puts_nothing_there(self, ana: Client, asked: dict[str, str], headers: dict[str, str]) -> None:
        ana.get("/search/", {"q": "host.name: theirs"} | asked, headers=headers)
        assert "theirs" not in text_of(ana.get("/search/"))

    def test_the_form_says_that_it_sent_it_and_keeps_that_out_of_addresses(self, ana: Client) -> None:
        for language in ("kql", "eql", "esql"):
            text = text_of(ana.get("/search/", {"lang": language}))
            form = text[text.index('id="search-form"') : text.index("Run</button>")]
            assert 'hx-params="not typed"' in form
            assert '<input type="hidden" name="typed" value="1">' in form

    def test_they_are_kept_as_plain_values(self, ana: Client, people: People) -> None:
        send(ana, "host.name: web-1")
        kept = cache.get(f"searches:2:{people.ana.pk}")
        assert kept == [("KQL", "host.name: web-1", "/search/?q=host.name%3A+web-1", False)]
        cache.set(f"searches:2:{people.ana.pk}", [("KQL",), 3])
        assert 'class="menu recent"' not in text_of(ana.get("/search/"))
