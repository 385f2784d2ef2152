"""The queries of each page are counted, so that a query per row shows as a changed number."""

import os
import tomllib
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import todo, writing
from cases.models import Case
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import HTMX, OpenCase, by

FILE = Path(__file__).with_name("query_budgets.toml")
PAGES = {
    "list": "/cases/",
    "list_filtered": "/cases/?owner=me&severity=3&q=shells",
    "list_part": "/cases/?owner=me",
    "board": "/cases/?show=board",
    "case": "/cases/{case}/",
    "timeline_part": "/cases/{case}/?kind=notes",
    "new": "/cases/new/?alert={alert}",
    "edit": "/cases/{case}/edit/",
    "close": "/cases/{case}/close/",
    "add_alerts": "/cases/{case}/alerts/",
    "report": "/cases/{case}/report/?show=1",
}


def measured(client: Client, case: Case) -> dict[str, int]:
    alert = case.joined.first()
    assert alert
    counts = {}
    for name, address in PAGES.items():
        headers = HTMX if name.endswith("_part") else {}
        with CaptureQueriesContext(connection) as queries:
            found = client.get(address.format(case=case.pk, alert=alert.alert_id), headers=headers)
            assert found.status_code == 200, name
        counts[name] = len(queries)
    return counts


def fill(world: World, case: Case, number: int) -> None:
    for n in range(number):
        todo.add_task(case_id=case.pk, text=f"Task {n}", owner=world.rosa, **by(world))
        writing.write(case_id=case.pk, text=f"AL-{n + 1}, CASE-{n + 1}, @rosa and @ana", **by(world))


def test_each_page_keeps_its_budget(ana: Client, world: World, case: Case) -> None:
    fill(world, case, 2)
    counts = measured(ana, case)
    if os.environ.get("QUERY_BUDGETS") == "write":
        head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
        FILE.write_text(head + "".join(f"{name} = {count}\n" for name, count in counts.items()))
    budgets = tomllib.loads(FILE.read_text())
    assert counts.keys() == budgets.keys()
    assert {name: count for name, count in counts.items() if count > budgets[name]} == {}


@pytest.mark.parametrize("name", ["list", "board", "case", "add_alerts"])
def test_more_of_everything_costs_no_more_queries(
    ana: Client, world: World, open_case: OpenCase, case: Case, name: str
) -> None:
    fill(world, case, 2)
    few = measured(ana, case)[name]
    fill(world, case, 12)
    for number in range(6):
        open_case([world.send([world.perl(20 + number)])[0]], title=f"Case {number}")
    assert measured(ana, case)[name] <= few
