"""Windowed pipelines that join tables and value lists: events come, a window is settled, and the table has its say."""

from pathlib import Path

import pytest

from rules import value_lists as lists
from rules.models import Rule
from tests.alerts.pipelines.world import MINUTE, NOW, alerts, curl, facts, load, row
from tests.alerts.settling.world import SOON, settle, told

pytestmark = pytest.mark.django_db
OWNED = """
FROM logs-endpoint.events.*
| WHERE process.name == "curl"
| LOOKUP JOIN owners ON host.name
| STATS Esql.count = COUNT(*), Esql.hosts = VALUES(host.name) BY owner
| WHERE owner IS NOT NULL AND Esql.count >= 3
"""
GUARDED = """
FROM logs-endpoint.events.*
| WHERE process.name == "curl"
| LOOKUP JOIN guarded ON source.ip
| WHERE in_list
| STATS Esql.count = COUNT(*) BY host.name
| WHERE Esql.count >= 3
"""
HEADER = "host.name:keyword,owner:keyword"


@pytest.fixture
def owners(db: None) -> None:
    lines = [HEADER, "web-1,ana", "web-2,ana", "db-1,rosa"]
    lists.create_list(list_id="owners", name="Owners", type="table", lines=lines, actor=None, now=NOW)


@pytest.fixture
def guarded(db: None) -> None:
    lists.create_list(list_id="guarded", name="G", type="ip_range", lines=["10.0.0.0/24"], actor=None, now=NOW)


def of_owners(folder: Path) -> Rule:
    return load(folder, OWNED)


def test_a_window_is_counted_by_what_a_table_says_of_its_events(owners: None, tmp_path: Path) -> None:
    of_owners(tmp_path)
    told(curl(0, host="web-1"), curl(1, host="web-2"), curl(2, host="db-1"), curl(3, host="web-2"))
    assert settle() == 1
    (alert,) = alerts()
    assert (row(alert)["owner"], row(alert)["Esql.count"]) == ("ana", 3)
    assert sorted(row(alert)["Esql.hosts"]) == ["web-1", "web-2"]
    assert (facts(alert).by, facts(alert).count) == (["owner"], 3)


def test_hosts_of_several_owners_or_of_none_are_not_counted_together(owners: None, tmp_path: Path) -> None:
    of_owners(tmp_path)
    told(curl(0, host="web-1"), curl(1, host="web-2"), curl(2, host="db-1"), *[curl(n, host="lab-1") for n in range(3)])
    assert settle() == 0


def test_the_next_run_sees_a_table_that_changed(owners: None, tmp_path: Path) -> None:
    of_owners(tmp_path)
    told(curl(0, host="web-1"), curl(1, host="web-2"), curl(2, host="lab-1"))
    assert settle() == 0
    lists.append_values(list_id="owners", lines=[HEADER, "lab-1,rosa"], actor=None, now=NOW)
    told(curl(60, host="lab-1"), curl(61, host="db-1"), now=NOW + MINUTE)
    assert settle(NOW + MINUTE + 2 * SOON) == 1
    (alert,) = alerts()
    assert (row(alert)["owner"], sorted(row(alert)["Esql.hosts"])) == ("rosa", ["db-1", "lab-1"])


def test_a_host_that_changed_its_owner_is_no_longer_counted_for_the_first(owners: None, tmp_path: Path) -> None:
    of_owners(tmp_path)
    told(curl(0, host="web-1"), curl(1, host="web-2"))
    assert settle() == 0
    lines = [HEADER, "web-1,ana", "web-2,rosa", "db-1,rosa"]
    lists.replace_values(list_id="owners", version=None, lines=lines, actor=None, now=NOW)
    told(curl(60, host="web-1"), now=NOW + MINUTE)
    assert settle(NOW + MINUTE + 2 * SOON) == 0


def test_a_window_counts_only_what_is_in_a_value_list_as_it_is_then(guarded: None, tmp_path: Path) -> None:
    load(tmp_path, GUARDED)
    told(*[curl(number, source__ip="10.0.0.7") for number in range(2)], curl(2, source__ip="192.0.2.9"))
    assert settle() == 0
    lists.append_values(list_id="guarded", lines=["192.0.2.0/24"], actor=None, now=NOW)
    told(curl(60, source__ip="203.0.113.1"), now=NOW + MINUTE)
    assert settle(NOW + MINUTE + 2 * SOON) == 1
    (alert,) = alerts()
    assert (row(alert)["host.name"], row(alert)["Esql.count"]) == ("web-1", 3)


def test_what_left_a_value_list_is_no_longer_counted(guarded: None, tmp_path: Path) -> None:
    load(tmp_path, GUARDED)
    told(*[curl(number, source__ip="10.0.0.7") for number in range(2)])
    assert settle() == 0
    lists.replace_values(list_id="guarded", version=None, lines=["192.0.2.0/24"], actor=None, now=NOW)
    told(curl(60, source__ip="10.0.0.7"), now=NOW + MINUTE)
    assert settle(NOW + MINUTE + 2 * SOON) == 0
