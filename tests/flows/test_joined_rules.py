"""Rules over several events, pipelines among them, in a running system: two workers, requests in any order, one killed.

Joined rules and pipelines read data sets of their own, so one system, one kill and one wait serve both.
"""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.fault.test_random_kills import _let_leases_run_out
from tests.flows import joined_rules, pipelines
from tests.flows.joined_rules import NEW, SEQUENCE
from tests.flows.pipelines import ABOVE, GROUPED

PATIENCE_SECONDS = 150  # a round of settling that a killed worker had claimed is free after a minute

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module", autouse=True)
def rules(system, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    joined_rules.write_rules(folder)
    pipelines.write_rules(folder)
    system.manage("import_rules", str(folder), "--enable")


@pytest.fixture(scope="module")
def told(system, agent, rules):
    """The histories, told by four senders in no order but that exits come first, in requests of one to nine events."""
    begun = datetime.now(UTC) - timedelta(minutes=10)
    events = joined_rules.history(begun) + pipelines.history(begun + timedelta(minutes=5))
    chance = random.Random(2)
    chance.shuffle(events)
    # An alert that was raised stands: what would have prevented one must come before it is certain.
    events.sort(key=lambda event: "end" not in event["event"].get("type", ()))
    requests = []
    while events:
        size = chance.randint(1, 9)
        requests.append(events[:size])
        events = events[size:]
    with ThreadPoolExecutor(4) as senders:
        for number, items in enumerate(senders.map(agent.post, requests)):
            assert {item["status"] for item in items} == {"created"}
            if number == len(requests) // 2:
                system.kill("worker")
    system.wait_ready("worker")
    _let_leases_run_out(system.database_url)
    until = time.monotonic() + PATIENCE_SECONDS
    while agent.ask("SELECT count(*) FROM events_batch WHERE state = 'pending'") != [(0,)]:
        assert time.monotonic() < until, agent.system.log_lines[-30:]
        time.sleep(0.5)


def expected() -> dict[str, int]:
    """How many alerts each rule raises."""
    return joined_rules.expected() | pipelines.expected()


def raised(agent) -> Counter[str]:
    """How many alerts each rule has raised, events of sequences not counted one by one."""
    rows = agent.ask("SELECT name, count(*) FROM alerts_alert WHERE kind <> 'block' GROUP BY name")
    return Counter(dict(rows))


def test_every_rule_raises_what_the_history_holds_and_nothing_else(agent, told):
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := {name: raised(agent)[name] for name in expected()}) != expected():
        assert time.monotonic() < until, found
        time.sleep(0.5)
    time.sleep(8)  # another round of settling changes nothing
    assert {name: raised(agent)[name] for name in expected()} == expected()


def test_what_is_new_while_history_is_short_is_one_alert(agent, told):
    assert raised(agent)[NEW] == 1
    assert agent.ask("SELECT learning FROM alerts_alert WHERE name = %s", NEW) == [(True,)]


def test_a_sequence_shows_its_steps_and_what_they_share(agent, visitor, told):
    shells = agent.ask("SELECT id FROM alerts_alert WHERE name = %s AND kind = 'sequence' ORDER BY id", SEQUENCE)
    page = visitor.open(f"/alerts/{shells[0][0]}/")
    assert "host.id" in page
    assert "/opt/a.sh" in page


def test_alerts_are_events_that_other_rules_can_read(agent, told):
    [(stored,)] = agent.ask("SELECT count(*) FROM event WHERE index = '.alerts-security.alerts-default'")
    [(alerts,)] = agent.ask("SELECT count(*) FROM alerts_alert")
    assert stored == alerts > 0


def test_a_group_is_shown_with_its_events(agent, visitor, told):
    [(number, facts), *_] = agent.ask("SELECT id, facts FROM alerts_alert WHERE name = %s ORDER BY id", GROUPED)
    assert facts["count"] == 6
    assert agent.ask("SELECT count(*) FROM alerts_alertevent WHERE alert_id = %s", number) == [(6,)]
    assert GROUPED in visitor.open(f"/alerts/{number}/")


def test_what_rests_on_alerts_says_so(agent, told):
    assert {depth for (depth,) in agent.ask("SELECT depth FROM alerts_alert WHERE name = %s", ABOVE)} == {2}
