"""The pages about events: what is found, how to narrow it down, what is said when nothing can be."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from engine import matches, parse_kql
from events.models import DeadLetter
from events.pages.clauses import clause_of, narrowed
from events.store import StoredEvent, read_batch
from soc.web import clock
from tests.events.conftest import Put, batch_of
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["people"]
Store = Callable[..., list[StoredEvent]]


@pytest.fixture
def ana(people: People) -> Client:
    return sign_in(people.ana)


@pytest.fixture
def store(put: Put, people: People) -> Store:
    def keep(*documents: dict[str, Any], **more: Any) -> list[StoredEvent]:
        return read_batch(batch_of(put(*documents, at=clock.now(), team=more.pop("team", people.core), **more)))

    return keep


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content[:500]
    text: str = response.content.decode()
    return text


def test_a_search_shows_what_matches(ana: Client, store: Store) -> None:
    store({"host.name": "web-1", "process.name": "perl"}, {"host.name": "db-1"})
    text = text_of(ana.get("/search/", {"q": "host.name: web-*"}))
    assert "web-1" in text
    assert "db-1" not in text
    assert "<mark>" in text
    assert "1 event" in text
    assert "<svg" in text


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("start", "end"),
    [("0001-01-01", "now"), ("0001-01-01", "9999-12-31T23:59:59.999999Z"), ("1900-01-01", "9998-12-31")],
)
def test_a_window_as_wide_as_the_calendar_is_searched(
    people: People, store: Store, zone: str, start: str, end: str
) -> None:
    store({"host.name": "web-1"})
    people.ana.time_zone = zone
    people.ana.save()
    assert "web-1" in text_of(sign_in(people.ana).get("/search/", {"from": start, "to": end}))


@pytest.mark.parametrize("spoil", ["{}%0a", "%20{}", "{}%00", "{}0", "g"])
def test_what_is_no_id_of_an_event_is_not_found(ana: Client, store: Store, spoil: str) -> None:
    [event] = store({"host.name": "web-1"})
    address = f"/search/event/{spoil.format(event.uid.hex())}/"
    assert ana.get(address).status_code == 404
    assert ana.get(f"{address}raw/").status_code == 404


def test_other_teams_events_are_not_found(people: People, store: Store) -> None:
    [event] = store({"host.name": "secret-host"})
    otto = sign_in(people.otto)
    assert "secret-host" not in text_of(otto.get("/search/"))
    assert otto.get(f"/search/event/{event.uid.hex()}/").status_code == 404
    assert otto.get(f"/search/event/{event.uid.hex()}/raw/").status_code == 404


def test_a_mistake_is_underlined_with_a_sentence(ana: Client) -> None:
    text = text_of(ana.get("/search/", {"q": "host.name: (web-1 or"}), 422)
    assert "tk-err" in text
    assert "Line 1, column" in text
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize(("start", "end"), [("yesterday", ""), ("now", "now-1h"), ("now-1h", "x" * 500)])
def test_a_bad_time_is_explained(ana: Client, start: str, end: str) -> None:
    assert "time-mistake" in text_of(ana.get("/search/", {"from": start, "to": end}), 422)


def test_pages_go_on_by_key_and_a_bad_key_starts_over(ana: Client, store: Store) -> None:
    store(*({"host.name": f"host-{number:03}"} for number in range(120)))
    first = text_of(ana.get("/search/"))
    link = next(part.split('"')[0] for part in first.split('href="') if "after=" in part.split('"')[0])
    rest = text_of(ana.get("/search/" + link.replace("&amp;", "&"), headers={"HX-Request": "true"}))
    assert "<html" not in rest
    shown = [f"host-{number:03}" for number in range(120) if f"host-{number:03}" in first + rest]
    assert len(shown) == 120
    assert rest.count("data-row") == 20
    assert "no longer valid" in text_of(ana.get("/search/", {"after": "made-up"}))


def test_htmx_gets_the_results_only(ana: Client, store: Store) -> None:
    store({"host.name": "web-1"})
    text = text_of(ana.get("/search/", headers={"HX-Request": "true"}))
    assert text.strip().startswith('<div class="found" id="results">')
    assert "<html" not in text


def test_finding_nothing_offers_a_longer_time(ana: Client, store: Store) -> None:
    store({"host.name": "web-1", "@timestamp": (clock.now() - timedelta(days=3)).isoformat()})
    text = text_of(ana.get("/search/", {"q": "host.name: web-1"}))
    assert "No events match" in text
    assert "None in 24 h; 1 in 7 d." in text


def test_hostile_text_is_shown_and_not_obeyed(ana: Client, store: Store) -> None:
    [event] = store({"host.name": "<script>alert(1)</script>\u202egpj.exe", "process.command_line": '" onmouseover="x'})
    for text in (text_of(ana.get("/search/")), text_of(ana.get(f"/search/event/{event.uid.hex()}/"))):
        assert "<script>alert" not in text
        assert "\u202e" not in text.split("data-copy")[0]
        assert '" onmouseover="x' not in text


def test_an_event_has_links_that_narrow_the_search_down(ana: Client, store: Store) -> None:
    [event] = store({"host.name": "web-1", "process.command_line": 'a "b" \\c or', "process.entity_id": "p1"})
    page = ana.get(f"/search/event/{event.uid.hex()}/", {"q": "host.name: web-1 or host.name: db-1", "from": "now-7d"})
    text = text_of(page)
    assert "process.command_line" in text
    links = [part.split('"')[0].replace("&amp;", "&") for part in text.split('href="') if part.startswith("/search/?")]
    asked = [parse_qs(urlsplit(link).query) for link in links]
    queries = [one["q"][0] for one in asked if "q" in one]
    assert any("not process.command_line" in query for query in queries)
    assert all(one["from"] == ["now-7d"] for one in asked)
    document = event.document()
    for query in queries:
        assert matches(parse_kql(query), document) is (" not " not in query), query


def test_an_event_can_be_kept_as_a_file(ana: Client, store: Store) -> None:
    [event] = store({"host.name": "web-1", "_index": "logs-a-default"})
    response = ana.get(f"/search/event/{event.uid.hex()}/raw/", {"day": event.day.isoformat()})
    document = orjson.loads(response.content)
    assert (document["_index"], document["host"]["name"]) == ("logs-a-default", "web-1")
    assert "attachment" in response["Content-Disposition"]


@pytest.mark.parametrize("uid", ["zz", "00", "0" * 32, "0" * 64])
def test_an_event_that_is_not_there_is_a_404(ana: Client, uid: str) -> None:
    assert ana.get(f"/search/event/{uid}/", {"day": "2026-99-99"}).status_code == 404


def test_refused_events_are_listed_for_who_manages_keys(people: People) -> None:
    for team, body in ((people.core, b"ours <b>\xff\x00"), (people.retail, b"theirs")):
        DeadLetter.objects.create(
            team=team, api_key=people.key, at=clock.now(), reason="not_json", detail="No.", body=body, body_bytes=9
        )
    text = text_of(sign_in(people.rosa).get("/search/dead-letters/"))
    assert "ours &lt;b&gt;" in text
    assert "theirs" not in text
    assert "not_json" in text
    assert sign_in(people.ana).get("/search/dead-letters/").status_code == 403
    assert "Nothing was refused" in text_of(sign_in(people.rosa).get("/search/dead-letters/?reason=other&after=x"))


def test_clauses_are_read_back_as_the_values_they_came_from(store: Store) -> None:
    for value in ('a"b', "a\\b", "*", "a*b", "(x or y)", "and", "ü", "4624"):
        [event] = store({"host.name": value})
        clause = clause_of("host.name", value)
        assert clause is not None
        assert matches(parse_kql(clause), event.document()), clause
        assert not matches(parse_kql(narrowed("", clause, without=True)), event.document())
    assert clause_of("a b", "x") is None
    assert clause_of("a", "\n") is None
    assert clause_of("a", "x" * 1_000) is None


def test_events_are_exported_oldest_first(store: Store) -> None:
    store({"host.name": "b", "@timestamp": clock.now().isoformat()})
    store({"host.name": "a", "@timestamp": (clock.now() - timedelta(hours=1)).isoformat(), "_index": "logs-a-x"})
    out = StringIO()
    call_command("export_events", stdout=out)
    assert [orjson.loads(line)["host"]["name"] for line in out.getvalue().splitlines()] == ["a", "b"]
    out = StringIO()
    call_command("export_events", "--index", "logs-a-*", "--query", "host.name: a", stdout=out)
    assert orjson.loads(out.getvalue())["_index"] == "logs-a-x"
    with pytest.raises(CommandError, match="column"):
        call_command("export_events", "--query", "a: (")
