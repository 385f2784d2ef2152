"""Searching stored events gives what the evaluator says of each of them: never less, never more, newest first."""

import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from engine import Document, LanguageError, matches, parse_kql
from engine.languages.filters import parse_filters
from engine.tree import MatchAll, MatchNone, Tree
from events import searching, store
from events.store import StoredEvent, Window
from tests.events.conftest import Put, batch_of

pytestmark = pytest.mark.django_db

NAMES = ["sh", "SH", "perl", "Perl.exe", "straße", "STRASSE", "Émile", "", "a*b", "a%b_c\\", "x" * 600, "null", "{"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "2001:db8::1", "2001:DB8:0::1", "fe80::1%eth0"]
FIELDS = ["event.dataset", "data_stream.dataset", "event.category", "event.action", "host.name", "user.name"]
FIELDS += ["process.entity_id", "process.parent.entity_id"]
QUERIES = [
    "host.name: sh", "host.name: (sh or perl)", 'user.name: ("SH" or x*)', "not host.name: sh", "event.category: s*",
    "event.action: sh and event.category: perl", "event.action: (sh and perl)", "host.name: *", "not user.name: *",
    "source.ip: 10.0.0.1", 'source.ip: "2001:db8::1"', "source.ip: 10.0.0.0/8", "not destination.ip: 10.0.0.1",
    "event.dataset: sh or data_stream.dataset: perl", "event.dataset: sh and not data_stream.dataset: perl",
    'host.name: "a*b"', "host.name: a*", 'host.name: ""', "host.name: (Émile or straße)", f"host.name: {'x' * 600}",
    "process.entity_id: sh or (process.parent.entity_id: perl and not host.name: sh)", "user*: sh", "message: sh",
    "event.category: null", 'host.name: "a%b_c\\\\"', "host.name: a%*", "not (host.name: sh or user.name: sh)",
    "not (host.name: sh and user.name: sh)", "host.name >= sh", "event.category: {}", "sh",
]  # fmt: skip


def documents(count: int, seed: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Random events over four days whose values are picked to differ in case, number, spelling and length."""
    dice = random.Random(seed)

    def value(names: Sequence[str]) -> Any:
        some = dice.choices(names, k=dice.choice([1, 1, 1, 2, 3]))
        return some if len(some) > 1 or dice.random() < 0.3 else some[0]

    for _ in range(count):
        moment = now - timedelta(minutes=dice.randrange(4 * 24 * 60))
        document: dict[str, Any] = {"@timestamp": moment.isoformat(), "message": dice.choice(NAMES)}
        document |= {field: value(NAMES) for field in FIELDS if dice.random() < 0.5}
        document |= {f"{side}.ip": value(ADDRESSES) for side in ("source", "destination") if dice.random() < 0.4}
        document["_index"] = dice.choice(["logs-a-default", "logs-b.x-default", "metrics-a-default"])
        yield document


def trees() -> Iterator[tuple[str, Tree]]:
    for query in QUERIES:
        with suppress(LanguageError):  # a query that the language refuses is no case of ours
            yield query, parse_kql(query)
    for insensitive in (True, False):
        for pattern in ("s*", "STRA*", "pe?l*", "é*", "a\\*b"):
            wildcard = {"host.name": {"value": pattern, "case_insensitive": insensitive}}
            yield f"{pattern} {insensitive}", parse_filters([{"query": {"wildcard": wildcard}, "meta": {}}])


@pytest.fixture
def stored(put: Put, now: datetime) -> list[StoredEvent]:
    events: list[StoredEvent] = []
    for part, size in enumerate((400, 150, 1)):
        report = put(*documents(size, part, now), at=now + timedelta(seconds=part))
        events += store.read_batch(batch_of(report))
    return events


@pytest.fixture
def window(now: datetime) -> Window:
    return Window(now - timedelta(days=5), now + timedelta(days=1))


def test_search_finds_exactly_what_the_evaluator_says(stored: list[StoredEvent], team: Team, window: Window) -> None:
    asked = 0
    for name, tree in trees():
        expected = {event.uid for event in stored if matches(tree, Document.of(event.raw))}
        page = store.search(tree=tree, window=window, team_ids=[team.pk], limit=1_000)
        assert {event.uid for event in page.events} == expected, name
        assert page.next is None
        assert store.count(tree=tree, window=window, team_ids=[team.pk]).number == len(expected), name
        found = store.scan(tree=tree, window=window, team_ids=[team.pk])
        assert {event.uid for event in found} == expected, name
        asked += 1
    assert asked >= 35


def test_pages_follow_each_other_without_gap_or_repetition(
    stored: list[StoredEvent], team: Team, window: Window
) -> None:
    for tree in (parse_kql("not host.name: sh"), MatchAll()):
        seen, key = [], None
        while True:
            page = store.search(tree=tree, window=window, team_ids=[team.pk], limit=37, before=key)
            seen += page.events
            key = page.next
            if key is None:
                break
        expected = [event for event in stored if matches(tree, Document.of(event.raw))]
        assert [event.uid for event in seen] == [
            event.uid for event in sorted(expected, key=lambda event: (event.time, event.uid), reverse=True)
        ]


def test_a_scan_by_arrival_comes_oldest_first(stored: list[StoredEvent], team: Team, now: datetime) -> None:
    window = Window(now + timedelta(seconds=1), now + timedelta(seconds=2))
    found = list(store.scan(tree=MatchAll(), window=window, team_ids=[team.pk]))
    assert len(found) == 150
    assert {event.ingested for event in found} == {window.start}
    assert [event.uid for event in found] == sorted(event.uid for event in found)


def test_windows_are_half_open(put: Put, team: Team, now: datetime) -> None:
    put({"@timestamp": now.isoformat()})
    for start, end, number in ((0, 1, 1), (-1, 0, 0)):
        window = Window(now + timedelta(seconds=start), now + timedelta(seconds=end))
        assert len(store.search(tree=MatchAll(), window=window, team_ids=[team.pk], limit=10).events) == number


def test_only_the_teams_and_indices_asked_for(put: Put, team: Team, other_team: Team, window: Window) -> None:
    put({"_index": "logs-a-default"}, {"_index": "logs_x-default"}, {"_index": "logs-b-default"})
    put({"_index": "logs-a-default"}, team=other_team)

    def number(team_ids: list[int], *indices: str) -> int:
        found = store.search(tree=MatchAll(), window=window, team_ids=team_ids, indices=indices, limit=10)
        assert store.count(tree=MatchAll(), window=window, team_ids=team_ids, indices=indices).number == len(
            found.events
        )
        return len(found.events)

    assert number([team.pk]) == 3
    assert number([team.pk, other_team.pk], "logs-a-*") == 2
    assert number([team.pk], "logs-*") == 2
    assert number([team.pk], "logs_*") == 1
    assert number([team.pk], "logs-*", "-logs-b-*") == 1
    assert number([team.pk], "*") == 3
    assert number([]) == 0


def test_events_exported_from_behind_a_data_stream_are_found_by_its_name(put: Put, team: Team, window: Window) -> None:
    behind = ".ds-logs-endpoint.events.process-default-2026.01.01-00000"
    put({"_id": "a", "_index": f"{behind}1"})
    assert put({"_id": "a", "_index": f"{behind}2"}).created == [False]
    for patterns, number in (("logs-*", 1), ("logs-endpoint.events.process*", 1), ("*", 1), ("logs-x*", 0)):
        found = store.search(tree=MatchAll(), window=window, team_ids=[team.pk], indices=[patterns], limit=10).events
        assert [event.index for event in found] == ["logs-endpoint.events.process-default"] * number


def test_nothing_matches_the_tree_that_never_does(stored: list[StoredEvent], team: Team, window: Window) -> None:
    assert store.search(tree=MatchNone(), window=window, team_ids=[team.pk], limit=10).events == []


def test_a_search_that_uses_up_its_budget_says_where_to_go_on(
    stored: list[StoredEvent], team: Team, window: Window
) -> None:
    tree = parse_kql('message: "nothing says this"')
    page = store.search(tree=tree, window=window, team_ids=[team.pk], limit=100, budget_seconds=0)
    assert page.stopped
    assert 0 < page.examined < len(stored)
    examined, key = page.examined, page.next
    while key:
        page = store.search(tree=tree, window=window, team_ids=[team.pk], limit=100, before=key, budget_seconds=0)
        examined, key = examined + page.examined, page.next
    assert examined == len(stored)


def test_counting_stops_at_the_cap(stored: list[StoredEvent], team: Team, window: Window) -> None:
    for tree in (MatchAll(), parse_kql("message: * or not message: *")):
        counted = store.count(tree=tree, window=window, team_ids=[team.pk], cap=500)
        assert (counted.number, counted.capped) == (500, True)


def test_the_histogram_has_every_event_in_its_bar(stored: list[StoredEvent], team: Team, window: Window) -> None:
    for tree in (MatchAll(), parse_kql("not host.name: sh")):
        found = store.histogram(tree=tree, window=window, team_ids=[team.pk], bars=12)
        expected = [event.time for event in stored if matches(tree, Document.of(event.raw))]
        assert found.total.number == len(expected)
        for bar in found.buckets:
            assert bar.count == sum(bar.start <= time < bar.end for time in expected)


def test_terms_are_ranked(put: Put, team: Team, window: Window) -> None:
    put({"host.name": "b"}, {"host.name": ["a", "b"]}, {"user.name": "x"})
    found = store.terms(field="host.name", tree=MatchAll(), window=window, team_ids=[team.pk])
    assert found.values == [("b", 2), ("a", 1)]
    assert found.missing == 1


def test_a_statement_that_takes_too_long_is_cut_off_without_harm(db: None) -> None:
    assert searching.fetch("SELECT pg_sleep(5)", [], 0.05) is None
    assert searching.fetch("SELECT current_setting('statement_timeout')", [], None) == [("0",)]
