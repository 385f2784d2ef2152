"""Completing the queue's query: values out of the columns of alerts, all of them, and of nobody else's."""

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from alerts.selectors import offered
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import World


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def values(client: Client, query: str) -> list[str]:
    text = client.get("/search/complete/", {"q": query, "for": "alerts"}).content.decode()
    return [unescape(one).strip() for one in re.findall(r'data-insert="([^"]*)"', text)]


@pytest.fixture
def nine(world: World) -> World:
    """Alerts on nine hosts, most of them on the last, and one of the other team."""
    for number in range(9):
        world.send([world.perl(number * 10 + one, host__name=f"node-0{number}") for one in range(1 + number // 8)])
    world.send([world.perl(100, host__name="node-theirs")], team=world.other)
    return world


def test_every_host_with_alerts_is_offered_the_frequent_first(nine: World, sign_in: SignIn) -> None:
    found = values(sign_in("ana"), "host.name: node")
    assert found[0] == "node-08"
    assert sorted(found) == [f"node-0{number}" for number in range(9)]
    assert values(sign_in("ana"), "host.name: NODE-03") == ["node-03"]
    assert values(sign_in("ana"), "host.name: 05") == ["node-05"]


def test_other_teams_values_are_not_offered(nine: World, sign_in: SignIn) -> None:
    assert values(sign_in("otto"), "host.name: node") == ["node-theirs"]
    assert "node-theirs" not in values(sign_in("ana"), "host.name: ")


def test_names_of_rules_people_and_what_is_fixed_are_offered(nine: World, sign_in: SignIn) -> None:
    client = sign_in("ana")
    [name] = {alert.name for alert in Alert.objects.all()}
    assert values(client, f"kibana.alert.rule.name: {name[:4]}") == [f'"{name}"']
    assert str(nine.ana).split()[0] in " ".join(values(client, "kibana.alert.workflow_assignee_ids: "))
    assert "otto" not in " ".join(values(client, "kibana.alert.workflow_assignee_ids: ")).lower()
    assert values(client, "kibana.alert.workflow_status: cl") == ["closed"]
    assert values(client, "kibana.alert.workflow_reason: ben") == ["benign_positive"]


def test_values_are_read_once_in_half_a_minute_and_in_few_queries(nine: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert len(offered.offered("host.name", "", [nine.team.pk]) or []) == 9
        assert len(offered.offered("host.name", "node", [nine.team.pk]) or []) == 9
    assert len(asked) == 2


def test_of_very_many_those_that_begin_as_typed_are_found(nine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "MOST", 3)
    monkeypatch.setattr(offered, "_OFTEN", offered._OFTEN.replace("LIMIT {newest}", "LIMIT 1"))
    found = [value for value, _ in offered.offered("host.name", "node-07", [nine.team.pk]) or []]
    assert "node-07" in found


def test_however_many_values_others_have_a_read_ends(nine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "_STEPS", 4)
    monkeypatch.setattr(offered, "_STEPS_NEAR", 3)
    nine.send([nine.perl(200 + number, host__name=f"aaa-{number}") for number in range(9)], team=nine.other)
    monkeypatch.setattr(offered, "_OFTEN", offered._OFTEN.replace("LIMIT {newest}", "LIMIT 1"))
    teams = [nine.team.pk]
    assert [value for value, _ in offered.offered("host.name", "", teams) or []] == ["node-08"]
    assert [value for value, _ in offered.offered("host.name", "node-03", teams) or []] == [
        "node-08", "node-03", "node-04",
    ]  # fmt: skip
    theirs = offered.offered("host.name", "", [nine.other.pk]) or []
    assert {"aaa-0", "aaa-1", "aaa-2"} <= {value for value, _ in theirs}


def test_hostile_values_are_only_shown(world: World, sign_in: SignIn) -> None:
    world.send([world.perl(1, host__name='"><script>alert(1)</script>')])
    text = sign_in("ana").get("/search/complete/", {"q": "host.name: ", "for": "alerts"}).content.decode()
    assert "<script>" not in text
    assert "script" in text
