"""Pipelines in a running system: told in any order, a worker killed on the way, alerts read by another pipeline."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.flows.pipelines import ABOVE, GROUPED, expected, history, write_rules

PATIENCE_SECONDS = 150  # what a killed worker had claimed is free after a minute

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def told(system, agent, tmp_path_factory):
    """The history, told by three senders in no order, in requests of one to four events; a worker is killed."""
    folder = tmp_path_factory.mktemp("rules")
    write_rules(folder)
    system.manage("import_rules", str(folder), "--enable")
    events = history(datetime.now(UTC) - timedelta(minutes=5))
    chance = random.Random(3)
    chance.shuffle(events)
    requests = []
    while events:
        size = chance.randint(1, 4)
        requests.append(events[:size])
        events = events[size:]
    with ThreadPoolExecutor(3) as senders:
        for number, items in enumerate(senders.map(agent.post, requests)):
            assert {item["status"] for item in items} == {"created"}
            if number == len(requests) // 2:
                system.kill("worker")
    system.wait_ready("worker")


def raised(agent) -> dict[str, int]:
    """How many alerts each of these rules has raised."""
    found = Counter(dict(agent.ask("SELECT name, count(*) FROM alerts_alert GROUP BY name")))
    return {name: found[name] for name in expected()}


def test_every_pipeline_raises_what_the_history_holds_and_nothing_else(agent, told):
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := raised(agent)) != expected():
        assert time.monotonic() < until, found
        time.sleep(0.5)
    time.sleep(8)  # another round of settling changes nothing
    assert raised(agent) == expected()


def test_a_group_is_shown_with_its_events(agent, visitor, told):
    [(number, facts), *_] = agent.ask("SELECT id, facts FROM alerts_alert WHERE name = %s ORDER BY id", GROUPED)
    assert facts["count"] == 6
    assert agent.ask("SELECT count(*) FROM alerts_alertevent WHERE alert_id = %s", number) == [(6,)]
    assert GROUPED in visitor.open(f"/alerts/{number}/")


def test_what_rests_on_alerts_says_so(agent, told):
    assert {depth for (depth,) in agent.ask("SELECT depth FROM alerts_alert WHERE name = %s", ABOVE)} == {2}
