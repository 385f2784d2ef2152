"""Coming back to a search: the address holds the row that stood open and the page it was on."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from events.store import StoredEvent
from soc.web import clock
from tests.events.test_pages import Store, ana, store, text_of
from tests.people import People, people, sign_in

pytestmark = pytest.mark.django_db
__all__ = ["ana", "people", "store"]
SEQUENCE = "sequence by host.name [process where true] [process where true]"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def many(store: Store, number: int = 230) -> list[StoredEvent]:
    """Some events, newest first."""
    now = clock.now()
    kept = store(
        *(
            {
                "host.name": f"host-{one:03}",
                "event.category": "process",
                "@timestamp": (now - timedelta(seconds=one)).isoformat(),
            }
            for one in range(number)
        )
    )
    return sorted(kept, key=lambda one: one.time, reverse=True)


def opener(text: str, event: StoredEvent) -> str:
    """Where the row of an event on a page leads when it is opened."""
    found = re.search(rf'hx-get="(/search/event/{event.uid.hex()}/row/[^"]*open=fields[^"]*)"', text)
    assert found
    return unescape(found[1])


def opened(ana: Client, url: str, here: str) -> str:
    """The address after a row was opened or closed on the page of the address `here`."""
    answer = ana.get(url, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"})
    told: str = answer.get("HX-Replace-Url", "")
    assert answer.status_code == 200
    return told


def rows(text: str) -> list[str]:
    return re.findall(r'class="twist" href="/search/event/([0-9a-f]{32})/', text)


def is_open(text: str, event: StoredEvent) -> bool:
    return bool(re.search(rf'<tr class="cursor" data-row>[^\n]*/{event.uid.hex()}/[^\n]*autofocus', text))


def test_a_row_that_was_opened_stands_in_the_address_and_is_opened_again(ana: Client, store: Store) -> None:
    events = many(store, 5)
    here = opened(ana, opener(text_of(ana.get("/search/?q=host.name:*&saved=7")), events[2]), "/search/?q=host.name:*")
    asked = parse_qs(urlsplit(here).query)
    assert (asked["event"], asked["q"], urlsplit(here).path) == ([events[2].uid.hex()], ["host.name:*"], "/search/")
    text = text_of(ana.get(here))
    assert is_open(text, events[2])
    assert text.count('class="expanded"') == 1
    assert "Show the newest" in text


def test_what_came_since_does_not_move_the_row(ana: Client, store: Store) -> None:
    events = many(store, 20)
    here = opened(ana, opener(text_of(ana.get("/search/")), events[3]), "/search/")
    many(store, 130)
    text = text_of(ana.get(here))
    assert rows(text) == [one.uid.hex() for one in events]
    assert is_open(text, events[3])
    assert "20 events" in text


def test_a_row_that_is_closed_leaves_the_address(ana: Client, store: Store) -> None:
    events = many(store, 5)
    text = text_of(ana.get("/search/?in="))
    here = opened(ana, opener(text, events[1]), "/search/?in=")
    close = opener(text, events[1]).replace("open=fields", "")
    assert opened(ana, close, here) == "/search/?in="
    other = opener(text, events[2]).replace("open=fields", "")
    assert opened(ana, other, here) == ""


def test_what_is_shown_of_it_is_shown_again(ana: Client, store: Store) -> None:
    events = many(store, 2)
    as_json = opener(text_of(ana.get("/search/")), events[1]).replace("open=fields", "open=json")
    assert 'aria-label="Raw document"' in text_of(ana.get(opened(ana, as_json, "/search/")))
    assert text_of(ana.get("/search/", {"event": events[1].uid.hex(), "open": "<b>"})).count('class="expanded"') == 1


def test_a_row_of_a_further_page_is_there_with_its_page(ana: Client, store: Store) -> None:
    events = many(store)
    first = text_of(ana.get("/search/"))
    more = re.search(r'hx-get="(\?[^"]*after=[^"]*)"[^>]*hx-replace-url="true">Show 100 more', first)
    assert more
    further = "/search/" + unescape(more[1])
    page = text_of(ana.get(further, headers={"HX-Request": "true"}))
    here = opened(ana, opener(page, events[150]), further)
    text = text_of(ana.get(here))
    assert rows(text) == [one.uid.hex() for one in events[100:200]]
    assert is_open(text, events[150])
    assert "newer ones stand before these" in text
    assert "230 events" in text


def test_a_row_of_an_earlier_page_that_was_left_behind_begins_the_rows(ana: Client, store: Store) -> None:
    events = many(store)
    first = text_of(ana.get("/search/"))
    more = re.search(r'hx-get="(\?[^"]*after=[^"]*)"[^>]*hx-replace-url', first)
    assert more
    further = "/search/" + unescape(more[1])
    assert "after" not in opened(ana, opener(first, events[40]), further)
    named = {"event": events[120].uid.hex()}
    text = text_of(ana.get("/search/", named))
    assert rows(text) == [one.uid.hex() for one in events[120:220]]
    assert is_open(text, events[120])
    assert "newer ones stand before these" in text
    onward = re.search(r'hx-get="(\?[^"]*after=[^"]*)"[^>]*hx-replace-url', text)
    assert onward
    assert "event=" not in onward[1]


def test_a_colleague_comes_to_it_and_nobody_of_another_team(ana: Client, people: People, store: Store) -> None:
    [secret] = store({"host.name": "secret-host"})
    here = opened(ana, opener(text_of(ana.get("/search/")), secret), "/search/")
    assert is_open(text_of(sign_in(people.rosa).get(here)), secret)
    told = text_of(sign_in(people.otto).get(here))
    nobody = text_of(sign_in(people.otto).get(here.replace(secret.uid.hex(), "0" * 32)))
    for text in (told, nobody):
        assert "secret-host" not in text
        assert 'class="expanded"' not in text
    cut = [re.sub(r"[0-9a-f]{32}|[0-9.]+ s\b|csrf\w+\" value=\"\w+\"", "", text) for text in (told, nobody)]
    assert cut[0] == cut[1]


@pytest.mark.parametrize("named", ["zz", "0" * 32, "0" * 31 + "g", ""])
def test_an_address_that_names_no_event_is_the_search(ana: Client, store: Store, named: str) -> None:
    many(store, 3)
    text = text_of(ana.get("/search/", {"event": named, "day": "2026-02-31", "open": "json"}))
    assert (len(rows(text)), 'class="expanded"' in text) == (3, False)


def test_an_event_that_the_search_does_not_find_changes_nothing(ana: Client, store: Store) -> None:
    events = many(store, 3)
    text = text_of(ana.get("/search/", {"q": "host.name: host-000", "event": events[2].uid.hex()}))
    assert rows(text) == [events[0].uid.hex()]
    assert 'class="expanded"' not in text


@pytest.mark.parametrize("query", [SEQUENCE, "process where true | tail 2"])
def test_rows_of_eql_are_come_back_to_as_well(ana: Client, store: Store, query: str) -> None:
    now = clock.now()
    store(*({"host.name": "a", "event.category": "process", "@timestamp": (now - timedelta(seconds=one)).isoformat()}
            for one in (9, 5)))  # fmt: skip
    first = text_of(ana.get("/search/", {"lang": "eql", "q": query}))
    uid = rows(first)[0]
    found = re.search(rf'hx-get="(/search/event/{uid}/row/[^"]*open=fields[^"]*)"', first)
    assert found
    here = opened(ana, unescape(found[1]), "/search/?lang=eql")
    assert f"event={uid}" in here
    text = text_of(ana.get("/search/", parse_qs(urlsplit(here).query) | {"q": query}))
    assert text.count('class="expanded"') == text.count("autofocus data") + text.count("autofocus aria") == 1


def test_other_pages_and_very_long_addresses_stay_as_they_are(ana: Client, store: Store) -> None:
    [event] = many(store, 1)
    url = opener(text_of(ana.get("/search/")), event)
    for here in ("/alerts/?q=a", "/search/fields/", f"/search/?q={'a' * 3_000}"):
        assert opened(ana, url, here) == ""
    foreign: Any = ana.get(url, headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/search/?q=a"})
    assert foreign["HX-Replace-Url"].startswith("/search/?q=a&event=")
    assert "HX-Replace-Url" not in ana.get(url)


def test_the_page_of_an_event_leads_back_to_its_row(ana: Client, store: Store) -> None:
    events = many(store, 3)
    page = text_of(ana.get(f"/search/event/{events[1].uid.hex()}/"))
    link = unescape(re.findall(r'href="([^"]*)"', page[: page.index("Back to the search")])[-2])
    assert is_open(text_of(ana.get(link)), events[1])


def test_a_page_whose_address_is_none_stays_as_it_is(ana: Client, store: Store) -> None:
    [event] = many(store, 1)
    assert opened(ana, opener(text_of(ana.get("/search/")), event), "[") == ""
