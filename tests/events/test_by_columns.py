"""Numbers from columns alone are the numbers that reading the documents gives."""

import itertools
from datetime import timedelta

import pytest

from engine import parse_kql
from events import store
from events.by_columns import column_of, count_by_columns, tells_all, values_by_columns
from events.relatives import started_by
from events.searching import ORDINARY, Window
from tests.alerts import world
from tests.alerts.world import NOW

WINDOW = Window(NOW - timedelta(hours=2), NOW + timedelta(hours=1))
QUERIES = [
    'user.name: "ana"',
    'user.name: "Ana"',
    'host.name: "h-1" and user.name: "ana"',
    "event.category: network",
    "event.category: (network or process) and user.name: (ana or bea)",
    'process.entity_id: ("p-1" or "p-2")',
    'process.parent.entity_id: "p-1"',
    'destination.ip: "10.0.0.1"',
    'destination.ip: "no address"',
    'host.name: "h-1" or user.name: "bea"',
    'user.name: "nobody"',
    'event.category: process and process.parent.entity_id: "p-1" and not process.entity_id: "p-1"',
    "host.name: h-1 and not user.name: ana",
    "host.name: h-1 and not event.category: network and not (user.name: bea or user.name: Ana)",
]


@pytest.fixture
def stored(db: None) -> None:
    """Events of several people, hosts and kinds, some odd, and one that is too old."""
    people, hosts, kinds = ["ana", "bea", "Ana", ["ana", "carl"], None], ["h-1", "h-2"], [["process"], ["network", "x"]]
    made = itertools.product(people, hosts, kinds)
    events = [
        world.event(
            NOW - timedelta(minutes=number),
            user__name=user,
            host__name=host,
            event__category=kind,
            event__id=str(number),
            process__entity_id=f"p-{number % 4}",
            process__parent__entity_id=f"p-{number % 3}",
            destination__ip="10.0.0.1" if number % 2 else "10.0.0.2",
        )
        for number, (user, host, kind) in enumerate(made)
    ]
    events.append(world.event(NOW, event__id="old", user__name="ana") | {"@timestamp": "2026-11-20T01:00:00Z"})
    world.post(events)


@pytest.mark.parametrize("query", QUERIES)
def test_a_count_by_columns_is_the_count_of_documents(stored: None, query: str) -> None:
    tree = parse_kql(query)
    assert tells_all(tree)
    teams = [world.default_team().pk]
    found = count_by_columns(tree=tree, window=WINDOW, team_ids=teams, newest=3, budget_seconds=10)
    assert found.total == store.count(tree=tree, window=WINDOW, team_ids=teams, indices=ORDINARY)
    page = store.search(tree=tree, window=WINDOW, team_ids=teams, indices=ORDINARY, limit=3)
    assert [event.uid for event in found.newest] == [event.uid for event in page.events]


@pytest.mark.parametrize(
    "query", ["user.name: a*", "process.name: x", "not user.name: ana", "user.name: *", "event.dataset: x",
              "destination.ip: 10.0.0.0/8", "ana"],
)  # fmt: skip
def test_what_columns_cannot_decide_is_left_to_the_documents(query: str) -> None:
    assert not tells_all(parse_kql(query))


def test_a_capped_count_says_so(stored: None) -> None:
    found = count_by_columns(
        tree=parse_kql("user.name: ana"), window=WINDOW, team_ids=[world.default_team().pk], cap=2, budget_seconds=10
    )
    assert (found.total.number, found.total.capped) == (2, True)


def test_values_of_a_column_are_counted_in_the_database(stored: None) -> None:
    teams = [world.default_team().pk]
    found = values_by_columns(
        field="host.name", tree=parse_kql("event.category: process"), window=WINDOW, team_ids=teams, budget_seconds=10
    )
    assert found.total.number == 2
    assert dict(found.most) == {"h-1": 4, "h-2": 4}
    assert column_of("host.name") == "host_name"
    assert column_of("event.category") is None


def test_the_processes_that_one_started_are_found_by_its_entity_id(stored: None) -> None:
    near = {"start": WINDOW.start, "end": WINDOW.end}
    assert started_by(["p-1"], team_ids=[world.default_team().pk], **near) == ["p-0", "p-1", "p-2", "p-3"]
    assert started_by(["p-1"], team_ids=[], **near) == []
