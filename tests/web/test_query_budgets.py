"""The queries of search, events, rules, health and settings are counted, so that a query per row shows."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from alerts.models import Alert, AlertEvent
from rules import shared
from rules.models import Rule
from rules.pages import TABS
from rules.value_lists import create_list as create_value_list
from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import PERL, World

FILE = Path(__file__).with_name("query_budgets.toml")
PAGES = {
    "search": "/search/",
    "search_kql": "/search/?q=host.name:db-1",
    "search_nothing": "/search/?q=host.name:nowhere",
    "search_rows": "/search/?lang=esql&q=FROM+*+|+KEEP+host.name",
    "search_groups": "/search/?lang=esql&q=FROM+*+|+STATS+n+=+COUNT(*)+BY+host.name",
    "search_sequences": "/search/?lang=eql&q=sequence+by+host.name+[any+where+true]+[any+where+true]",
    "search_fields": "/search/fields/",
    "search_complete": "/search/complete/?q=host.name:+",
    "search_row_part": "/search/event/{uid}/row/?open=fields",
    "event_alerts": "/alerts/of-event/{uid}/",
    "event": "/search/event/{uid}/",
    "event_raw": "/search/event/{uid}/raw/",
    "dead_letters": "/search/dead-letters/",
    "go": "/go/?q=perl",
    "health": "/health/",
    "rules": "/rules/",
    "keys": "/settings/keys/",
    "you": "/settings/you/",
    "notices": "/notices/",
    "users": "/settings/users/",
    "user": "/settings/users/{user}/",
    "invite": "/settings/users/new/",
    "teams": "/settings/teams/",
    "team": "/settings/teams/{team}/",
    "roles": "/settings/roles/",
    "audit": "/settings/audit/",
    "lists": "/settings/lists/",
    "list": "/settings/lists/scanners/",
    "list_new": "/settings/lists/new/",
    "shared_list": "/settings/shared-lists/scanners/",
    "shared_list_new": "/settings/shared-lists/new/",
    "targets": "/settings/targets/",
    "overview": "/overview/",
    "overview_a_month": "/overview/?range=30d",
    **{f"rule_{tab}": f"/rules/{PERL}/?tab={tab}" for tab in TABS},
}


@pytest.fixture
def world(db: None) -> World:
    return worlds.build()


@pytest.fixture
def adam(world: World) -> Client:
    client = Client()
    client.force_login(world.adam, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(autouse=True)
def _lists(world: World) -> None:
    """A value list and a shared list with an exception, of the same id."""
    told: dict[str, Any] = {"actor": world.rosa, "now": world.now}
    create_value_list(list_id="scanners", name="Scanners", type="ip", lines=["192.0.2.7"], **told)
    shared.create_list(list_id="scanners", name="Scanners", rules=[Rule.objects.get(pk=PERL)], **told)
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": "gone-1"}]
    shared.add_item(list_id="scanners", entries=entries, reason="Gone.", name="Gone", **told)


def measured(client: Client, alert: Alert) -> dict[str, int]:
    uid = bytes(AlertEvent.objects.filter(alert=alert)[0].uid).hex()
    names = {"uid": uid, "team": alert.team_id, "user": User.objects.get(username="ana").pk}
    counts = {}
    for name, address in PAGES.items():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address.format(**names)).status_code == 200, name
        counts[name] = len(queries)
    return counts


def test_each_page_keeps_its_budget_whatever_the_number_of_events(adam: Client, world: World) -> None:
    alert = world.send([world.perl(number) for number in range(1, 7)])[0]
    counts = measured(adam, alert)
    if os.environ.get("QUERY_BUDGETS") == "write":
        head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
        FILE.write_text(head + "".join(f"{name} = {count}\n" for name, count in counts.items()))
    budgets = tomllib.loads(FILE.read_text())
    assert counts.keys() == budgets.keys()
    assert {name: count for name, count in counts.items() if count > budgets[name]} == {}
    world.send([world.perl(number) for number in range(10, 30)])  # one batch more: search reads another block
    more = measured(adam, alert)
    assert {name: count for name, count in more.items() if count > budgets[name] + 1} == {}
