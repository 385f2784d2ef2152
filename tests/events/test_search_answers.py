"""What stands around the answer of a search: numbers that agree, longer times, histograms, fields, and the words."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from engine import parse_kql
from events.completing import Language, offers, standing
from events.pages.asked import moment_of
from events.partitions import ensure_days
from events.searching import Window
from events.store import put_batch
from events.summing import histogram_of
from soc.web import clock
from soc.web.templatetags.evidence import coded
from tests.events.conftest import normalised
from tests.events.test_pages import Store, ana, store, text_of
from tests.events.test_search_page import HTMX, SEQUENCE, ago, links, story, whole
from tests.people import People, people

pytestmark = pytest.mark.django_db
__all__ = ["ana", "people", "store", "story"]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def alert(people: People) -> None:
    """One alert among the events."""
    kibana = {"alert": {"severity": "high", "rule": {"name": "Odd shell"}, "reason": "sh"}}
    made = normalised({"kibana": kibana, "host.name": "web-1"}, people.core.pk, clock.now())
    ensure_days([made.day])
    with transaction.atomic():
        event = replace(made, index=".alerts-security.alerts-default")
        put_batch(team_id=people.core.pk, events=[event], ingested_at=clock.now())


class TestNumbersThatAgree:
    def test_what_comes_in_later_is_in_no_part_of_a_page(self, ana: Client, store: Store) -> None:
        store({"host.name": "web-1"}, {"host.name": "web-2"})
        text = text_of(ana.get("/search/"))
        assert "2 events" in text
        store({"host.name": "web-3"})
        [fields] = {link for link in links(text, "/search/fields/") if "at=" in link}
        assert "Of 2 events" in text_of(ana.get(fields, headers=HTMX))
        [table] = links(text, "format=csv")
        assert whole(ana.get(table)).count(b"web-") == 2
        assert "3 events" in text_of(ana.get("/search/"))

    def test_only_a_moment_that_is_past_is_believed(self) -> None:
        now = clock.now()
        assert moment_of((now - timedelta(minutes=3)).isoformat(), now) == now - timedelta(minutes=3)
        for text in ("", "soon", "2026-11-20", (now + timedelta(days=1)).isoformat(), "0001-01-01T00:00:00+00:00"):
            assert moment_of(text, now) == now

    def test_how_far_back_was_looked_is_said_where_it_goes_on_alone(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store(*({"host.name": f"h{number}"} for number in range(30)))
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        text = text_of(ana.get("/search/", {"q": "host.name: *3"}))
        assert text.count("Looked back") == 1
        assert text.index("Looked back") > text.index('id="more"')


class TestNothingFound:
    def test_the_shortest_of_the_longer_times_with_any_is_offered(self, ana: Client, store: Store) -> None:
        store(
            {"host.name": "web-1", "@timestamp": ago(20 * 86_400)},
            {"host.name": "web-1", "@timestamp": ago(3 * 86_400)},
            {"host.name": "web-1", "@timestamp": ago(4 * 86_400)},
            {"host.name": "db-1", "@timestamp": ago(20 * 86_400)},
        )
        text = text_of(ana.get("/search/", {"q": "host.name: web-1"}))
        assert "None in 24 h; 2 in 7 d." in text
        assert any("from=now-7d" in link for link in links(text, "?"))
        assert "None in 15 m; 1 in 30 d." in text_of(ana.get("/search/", {"q": "host.name: db-1", "from": "now-15m"}))
        assert "None in 30 d either" in text_of(ana.get("/search/", {"q": "host.name: nowhere"}))
        assert "either" not in text_of(ana.get("/search/", {"q": "host.name: nowhere", "from": "now-30d"}))

    @pytest.mark.parametrize(
        "asked",
        [
            {"lang": "eql", "q": "sequence by host.name [any where true] [any where process.pid == 7]"},
            {"lang": "esql", "q": 'FROM logs-* | WHERE host.name == "nowhere"'},
        ],
        ids=lambda asked: asked["lang"],
    )
    def test_longer_times_are_offered_uncounted_where_counting_is_asking(
        self, ana: Client, store: Store, settings: Any, asked: dict[str, str]
    ) -> None:
        settings.RETENTION_DAYS = 90
        store({"host.name": "web-1"})
        text = text_of(ana.get("/search/", {**asked, "in": "alerts"} if asked["lang"] == "eql" else asked))
        assert "Earlier times were not looked at." in text
        offered = links(text.split("Ask the same over")[1].split("</p>")[0], "/search/")
        assert [re.search(r"from=([\w-]+)", link).group(1) for link in offered] == ["now-7d", "now-30d", "now-90d"]
        assert all(f"lang={asked['lang']}" in link and "q=" in link for link in offered)
        assert ("in=alerts" in offered[0]) is (asked["lang"] == "eql")
        assert "not looked at" not in text_of(ana.get("/search/", {**asked, "from": "now-90d"}))

    @pytest.mark.usefixtures("alert")
    @pytest.mark.parametrize("more", [{}, {"in": "alerts"}, {"lang": "eql"}], ids=["events", "alerts", "EQL"])
    def test_a_long_search_that_finds_nothing_ends_as_a_short_one_does(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
    ) -> None:
        store(*({"host.name": f"h{number}"} for number in range(30)))
        monkeypatch.setattr("events.searching._ROWS_IN_A_HURRY", 1)
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        of = "alerts" if more.get("in") else "events"
        query = 'any where host.name : "*x"' if more.get("lang") else "host.name: *x"
        first = ana.get("/search/", {"q": query, "from": "now-7d"} | more)
        onward = next(link for link in links(text_of(first), "after=") if "pause" not in link)
        last = ana.get("/search/" + onward, headers=HTMX)
        assert (last["HX-Retarget"], last["HX-Reswap"]) == ("closest #results", "outerHTML")
        for text in (text_of(last), text_of(ana.get("/search/" + onward))):
            assert f"No {of} match." in text
            assert f"\n0 {of}\n" in text
            assert "Ask the same over" in text
            assert "<table" not in text
            assert 'id="more"' not in text
        assert "hx-swap-oob" not in text_of(last)
        assert not [link for link in links(text_of(ana.get("/search/" + onward)), "from=") if "nothing=" in link]

    @pytest.mark.usefixtures("alert")
    def test_alerts_are_called_alerts(self, ana: Client) -> None:
        assert "No alerts match" in text_of(ana.get("/search/", {"in": "alerts", "q": "host.name: nowhere"}))
        assert "Of 1 alert<" in text_of(ana.get("/search/fields/", {"in": "alerts"}, headers=HTMX))
        assert "\n1 alert\n" in text_of(ana.get("/search/", {"in": "alerts"}))


SLIPS = {
    "KQL": {"q": "process.nam: perl"},
    "KQL over all kept": {"q": "process.nam: perl", "from": "now-30d"},
    "KQL, alerts": {"q": "process.nam: perl", "in": "alerts"},
    "KQL that names alerts": {"q": "kibana.alert.severity: low and process.nam: perl"},
    "EQL": {"lang": "eql", "q": 'process where process.nam == "perl"'},
    "EQL with a pipe": {"lang": "eql", "q": 'process where process.nam == "perl" | tail 1'},
    "sequence": {"lang": "eql", "q": 'sequence by host.name [any where true] [any where process.nam == "perl"]'},
    "sequence by it": {"lang": "eql", "q": "sequence by process.nam [any where true] [any where true]"},
    "sequence until it": {
        "lang": "eql",
        "q": 'sequence by host.name [any where false] [any where false] until [any where process.nam == "x"]',
    },
    "sample": {"lang": "eql", "q": 'sample by host.name [any where true] [any where process.nam == "perl"]'},
    "sample, alerts": {
        "lang": "eql",
        "in": "alerts",
        "q": 'sample by host.name [any where false] [any where process.nam == "perl"]',
    },
    "ES|QL": {"lang": "esql", "q": 'FROM logs-* | WHERE process.nam == "perl"'},
    "ES|QL, alerts": {"lang": "esql", "q": 'FROM .alerts-* | WHERE process.nam == "perl"'},
    "ES|QL, both": {"lang": "esql", "q": 'FROM *, .alerts-* | WHERE KQL("process.nam: perl")'},
    "ES|QL, a column": {"lang": "esql", "q": "FROM logs-* | KEEP host.name, process.nam"},
    "ES|QL, a group": {"lang": "esql", "q": "FROM logs-* | STATS n = COUNT(*) BY process.nam"},
}
SAID = re.compile(r"Nothing seems to have a field <code>(?:<bdi>)?process\.nam\b.*?There is .*?process\.name")


class TestFieldsThatNothingHas:
    @pytest.mark.usefixtures("alert")
    @pytest.mark.parametrize("slip", SLIPS)
    def test_a_mistyped_field_is_told_with_the_one_that_was_meant(self, ana: Client, store: Store, slip: str) -> None:
        store({"host.name": "web-1", "process.name": "perl"})
        assert SAID.search(text_of(ana.get("/search/", SLIPS[slip])))
        run = SLIPS[slip] | {"run": "0" * 32}
        assert SAID.search(text_of(ana.get("/search/", run, headers=HTMX)))
        right = {name: value.replace("process.nam", "process.name") for name, value in SLIPS[slip].items()}
        assert "Nothing seems" not in text_of(ana.get("/search/", right))

    def test_it_is_told_while_a_long_search_still_goes_on(
        self, ana: Client, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store(*({"host.name": f"h{number}", "process.name": "sh"} for number in range(30)))
        monkeypatch.setattr("events.searching._ROWS_IN_A_HURRY", 1)
        monkeypatch.setattr("events.pages.results.FIRST_SECONDS", 0)
        text = text_of(ana.get("/search/", {"q": "host.name: h* and process.nam: perl"}))
        assert "Looked back to" in text
        assert SAID.search(text)
        onward = next(link for link in links(text, "after=") if "pause" not in link)
        assert SAID.search(text_of(ana.get("/search/" + onward, headers=HTMX)))

    def test_a_field_of_ones_own_is_not_told(self, ana: Client, store: Store, people: People) -> None:
        store({"host.name": "web-1", "my.own": "x"})
        for asked in ({"q": "my.own: y"}, {"lang": "esql", "q": 'FROM *, .alerts-* | WHERE my.own == "y"'}):
            assert "Nothing seems" not in text_of(ana.get("/search/", asked))
        assert "Nothing seems" not in text_of(ana.get("/search/", {"q": "process.nam*: y"}))

    @pytest.mark.parametrize("language", ["kql", "esql"])
    def test_a_hostile_name_is_only_shown(self, ana: Client, language: str) -> None:
        name = "<img src=x onerror=a()>\u202e"
        query = f'"{name}": x' if language == "kql" else f'FROM * | WHERE `{name}` == "x"'
        text = text_of(ana.get("/search/", {"lang": language, "q": query}))
        said = text[text.index("Nothing seems") :] if language == "esql" else text
        assert "<img src=x" not in said
        assert "\u202e" not in said.split("</form>")[-1]


class TestHistogramsAndFields:
    def test_sequences_have_both_by_their_first_events(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"lang": "eql", "q": SEQUENCE}))
        assert "1 sequence." in text
        assert 'data-brush="search-form"' in text
        [fields] = set(links(text, "/search/fields/"))
        listed = text_of(ana.get(fields, headers=HTMX))
        assert "Of 1 first event" in listed
        assert 'title="process.name"' in listed
        assert 'title="destination.ip"' not in listed
        cache.clear()
        assert "Of 1 first event" in text_of(ana.get(fields, headers=HTMX))

    @pytest.mark.parametrize(
        "asked", [{"lang": "eql", "q": SEQUENCE}, {"lang": "esql", "q": "FROM logs-* | KEEP host.name"}, {"q": ""}]
    )
    def test_answers_are_shown_while_the_cache_is_away(
        self, asked: dict[str, str], ana: Client, story: list[Any], settings: Any
    ) -> None:
        away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://localhost:9"}
        settings.CACHES = {"default": away}
        answer = ana.get("/search/", asked)
        assert answer.status_code == 200
        assert "web-1" in text_of(answer)
        [fields] = set(links(text_of(answer), "/search/fields/"))
        assert 'title="host.name"' in text_of(ana.get(fields, headers=HTMX))

    def test_rows_that_are_events_have_both(self, ana: Client, story: list[Any]) -> None:
        asked = {"lang": "esql", "q": "FROM logs-* | KEEP host.name, process.name"}
        text = text_of(ana.get("/search/", asked))
        assert 'data-brush="search-form"' in text
        assert "3 rows." in text
        [fields] = set(links(text, "/search/fields/"))
        listed = text_of(ana.get(f"{fields}&field=host.name", headers=HTMX))
        assert "Of 3 rows" in listed
        narrowed = next(link for link in links(listed, "WHERE") if "web-1" in link)
        assert "2 rows" in text_of(ana.get(narrowed))

    def test_groups_have_neither(self, ana: Client, story: list[Any]) -> None:
        text = text_of(ana.get("/search/", {"lang": "esql", "q": "FROM logs-* | STATS last = MAX(@timestamp)"}))
        assert "data-brush" not in text
        assert "/search/fields/" not in text

    def test_bars_of_moments_leave_out_what_lies_beside(self) -> None:
        now = clock.now()
        window = Window(now - timedelta(hours=1), now)
        lines = histogram_of([now - timedelta(minutes=one) for one in (1, 59, 90)], window=window, bars=2)
        assert ([bucket.count for bucket in lines.buckets], lines.total.number) == ([1, 1], 2)

    def test_a_field_is_found_by_a_part_of_its_name(self, ana: Client, story: list[Any]) -> None:
        listed = text_of(ana.get("/search/fields/", {"find": "NAME"}, headers=HTMX))
        assert "2 with NAME" in listed
        assert 'title="event.category"' not in listed
        assert 'value="NAME"' in listed
        assert "No field with zebra" in text_of(ana.get("/search/fields/", {"find": "zebra"}))

    def test_the_list_of_fields_has_a_way_to_it_on_a_phone(self, ana: Client, story: list[Any]) -> None:
        assert 'only-phone" href="/search/fields/' in text_of(ana.get("/search/"))


class TestKeysAndWords:
    def test_a_row_that_closes_keeps_the_focus(self, ana: Client, story: list[Any]) -> None:
        opener = next(link for link in links(text_of(ana.get("/search/")), "/row/") if "open=fields" in link)
        opened = text_of(ana.get(opener, headers=HTMX))
        assert 'data-key-value="+"' in opened
        closer = next(link for link in links(opened, "/row/") if "open=" not in link)
        assert "data-focus" in text_of(ana.get(closer, headers=HTMX))

    def test_the_histogram_can_be_brushed_by_keyboard(self, ana: Client, story: list[Any]) -> None:
        assert 'data-brush-range="from"' in text_of(ana.get("/search/"))

    def test_what_parsers_quote_is_code(self, ana: Client) -> None:
        text = text_of(ana.get("/search/", {"q": "(host.name: a"}), 422)
        assert "This <code>(</code> is never closed" in text
        assert "`" not in text[text.index('id="mistake"') : text.index("</ol>", text.index('id="mistake"'))]
        assert coded("no `<b>` here") == "no <code>&lt;b&gt;</code> here"

    def test_of_a_field_that_could_not_be_seen_nothing_is_said(self, people: People) -> None:
        place = standing("host.na", 7, Language.KQL)
        offered = offers(place, language=Language.KQL, of_alerts=True, team_ids=[people.core.pk], now=clock.now())
        assert [one.note for one in offered if one.shown == "host.name"] == ["keyword"]
        assert parse_kql("host.name: *")
