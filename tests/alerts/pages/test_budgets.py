"""The queries of each page are counted, so that a query per row shows as a changed number."""

import os
import tomllib
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.guides import counting
from alerts.models import Alert, AlertEvent
from alerts.views import filter_choices
from rules.exceptions import create_item
from rules.models import ExceptionItem, Rule
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.world import PERL, World

FILE = Path(__file__).with_name("query_budgets.toml")
PAGES = {
    "queue": "/alerts/",
    "queue_filtered": "/alerts/?severity=high&host=db-1&view=all",
    "queue_kql": "/alerts/?q=host.name:db-1",
    "queue_part": "/alerts/",
    "groups": "/alerts/groups/",
    "groups_kql": "/alerts/groups/?by=host&q=process.name:perl",
    "groups_part": "/alerts/groups/?by=user",
    "pulse": "/alerts/pulse/?since=0",
    "alert": "/alerts/{id}/",
    "alert_from_queue": "/alerts/{id}/?from=view%3Dall",
    "peek_part": "/alerts/{id}/peek/",
    "exception": "/alerts/{id}/?side=exception",
    "exceptions": "/exceptions/",
    "escalate": "/alerts/{id}/escalate/",
    **{f"side_{one}_part": f"/alerts/{{id}}/?side={one}" for one in ("guide", "fp", "respond", "related", "activity")},
    "pivot_counts_part": "/alerts/{id}/pivots/counts/",
    "pivot_part": "/alerts/{id}/pivots/1/",
    "originals_part": "/alerts/{id}/originals/",
    "originals_of_several_part": "/alerts/originals/?alert={id}",
    "exception_page": "/exceptions/{item}/",
    "exception_edit": "/alerts/exceptions/{item}/",
    "exception_on_rule": f"/rules/{PERL}/exceptions/new/",
    "exception_which_rule": "/search/exception/?add=user.name&value=postgres",
    "why_not_which_rule": "/search/event/{uid}/why-not/",
    "why_not": f"/search/event/{{uid}}/why-not/?rule={PERL}",
    "why_not_which_event": f"/search/why-not/?rule={PERL}",
}
PREVIEWS = {
    "exception_preview": "/alerts/{id}/exceptions/preview/",
    "exception_edit_preview": "/alerts/exceptions/{item}/preview/",
    "exception_on_rule_preview": f"/rules/{PERL}/exceptions/preview/",
}
CONDITION = {"field": "host.name", "operator": "is", "value": "db-2", "case": "", "reason": "The vendor's menu."}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast it is does not belong here: a search that is cut short asks for less."""
    monkeypatch.setattr(counting, "EACH_SECONDS", 20.0)
    monkeypatch.setattr(counting, "ALL_SECONDS", 60.0)


@pytest.fixture
def item(world: World) -> ExceptionItem:
    """An exception that takes nothing out."""
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": "gone-1"}]
    rule = Rule.objects.get(pk=PERL)
    return create_item(rule=rule, entries=entries, reason="Gone.", name="Gone", actor=world.rosa, now=world.now)


def measured(client: Client, alerts: list[Alert], item: ExceptionItem) -> dict[str, int]:
    uid = bytes(AlertEvent.objects.filter(alert=alerts[0])[0].uid).hex()
    named = {"id": alerts[0].pk, "item": item.pk, "uid": uid}
    counts = {}
    for name, address in (PAGES | PREVIEWS).items():
        headers = HTMX if name.endswith("_part") or name == "pulse" or name in PREVIEWS else {}
        ask = partial(client.post, data=CONDITION) if name in PREVIEWS else client.get
        filter_choices.forget()
        with CaptureQueriesContext(connection) as queries:
            assert ask(address.format(**named), headers=headers).status_code == 200, name
        counts[name] = len(queries)
    return counts


def test_each_page_keeps_its_budget(ana: Client, world: World, item: ExceptionItem) -> None:
    alerts = world.send([world.perl(number) for number in range(1, 7)])
    counts = measured(ana, alerts, item)
    if os.environ.get("QUERY_BUDGETS") == "write":
        head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
        FILE.write_text(head + "".join(f"{name} = {count}\n" for name, count in counts.items()))
    budgets = tomllib.loads(FILE.read_text())
    assert counts.keys() == budgets.keys()
    assert {name: count for name, count in counts.items() if count > budgets[name]} == {}


def test_more_alerts_cost_no_more_queries(ana: Client, world: World, item: ExceptionItem) -> None:
    [_, *alerts] = world.send([world.perl(number) for number in range(1, 4)])  # the first has rows before and after it
    few = measured(ana, alerts, item)
    world.send([world.perl(number) for number in range(10, 30)])
    more = measured(ana, alerts, item)
    assert {name: (few[name], more[name]) for name in few if more[name] > few[name]} == {}
