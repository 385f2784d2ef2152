"""The queries of each page are counted, so that a query per row shows as a changed number."""

import os
import tomllib
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.world import World

FILE = Path(__file__).with_name("query_budgets.toml")
PAGES = {
    "queue": "/alerts/",
    "queue_filtered": "/alerts/?severity=high&host=db-1&view=all",
    "queue_kql": "/alerts/?q=host.name:db-1",
    "queue_part": "/alerts/",
    "pulse": "/alerts/pulse/?since=0",
    "alert": "/alerts/{id}/",
    "alert_from_queue": "/alerts/{id}/?from=view%3Dall",
    "peek_part": "/alerts/{id}/peek/",
    "exception": "/alerts/{id}/?side=exception",
    "exceptions": "/exceptions/",
    "escalate": "/alerts/{id}/escalate/",
}


def measured(client: Client, alerts: list[Alert]) -> dict[str, int]:
    counts = {}
    for name, address in PAGES.items():
        headers = HTMX if name.endswith("_part") or name == "pulse" else {}
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address.format(id=alerts[0].pk), headers=headers).status_code == 200
        counts[name] = len(queries)
    return counts


def test_each_page_keeps_its_budget(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(number) for number in range(1, 7)])
    counts = measured(ana, alerts)
    if os.environ.get("QUERY_BUDGETS") == "write":
        head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
        FILE.write_text(head + "".join(f"{name} = {count}\n" for name, count in counts.items()))
    budgets = tomllib.loads(FILE.read_text())
    assert counts.keys() == budgets.keys()
    assert {name: count for name, count in counts.items() if count > budgets[name]} == {}


@pytest.mark.parametrize("name", ["queue", "exception"])
def test_more_alerts_cost_no_more_queries(ana: Client, world: World, name: str) -> None:
    [_, *alerts] = world.send([world.perl(number) for number in range(1, 4)])  # the first has rows before and after it
    few = measured(ana, alerts)[name]
    world.send([world.perl(number) for number in range(10, 30)])
    assert measured(ana, alerts)[name] <= few
