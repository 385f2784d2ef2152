"""Clients post while every process is killed at random; afterwards nothing is lost and nothing doubled."""

import json
import os
import random
import re
import threading
import time
from pathlib import Path

import psycopg
import pytest

from soc.local.folders import CHECKOUT
from tests.fault.clients import Client
from tests.live_system import LiveSystem

pytestmark = pytest.mark.fault

SECONDS = float(os.environ.get("FAULT_SECONDS") or 15)
ENOUGH = 40  # events
LONG = 60  # seconds; from here on the leases of killed workers are waited for
LEFT = """SELECT (SELECT count(*) FROM events_batch WHERE state = 'pending'),
                 (SELECT count(*) FROM rules_lookback WHERE done_at IS NULL)"""
VICTIMS = ("web", "worker", "beat", "valkey", "postgres")


def _acknowledged(clients: list[Client]) -> int:
    return sum(len(client.acknowledged) for client in clients)


def _rules_without_a_cap(folder: Path) -> Path:
    """The shipped rules with a maximum of alerts that is never reached."""
    folder.mkdir()
    for path in (CHECKOUT / "rules" / "pack").glob("*.toml"):
        text = re.sub(r"^max_signals *=.*\n", "", path.read_text(), flags=re.MULTILINE)
        (folder / path.name).write_text(text.replace("[rule]\n", "[rule]\nmax_signals = 10000\n", 1))
    return folder


def _storm(supervisor, clients: list[Client]) -> dict[str, int]:
    """Kill one process after another, each at a random moment after the last came back; how often each was hit.

    Everybody is hit once, in a shuffled order, then whoever chance picks. Waiting for the last victim lets work get
    half done between the blows, which is when they hurt.
    """
    rng, hits = random.Random(os.environ.get("FAULT_SEED") or 11), dict.fromkeys(VICTIMS, 0)
    first_round = rng.sample(VICTIMS, k=len(VICTIMS))
    until = time.monotonic() + SECONDS
    latest = until + 60  # a slow machine gets longer, so that all were hit and something was under way meanwhile
    while time.monotonic() < until or (
        (not all(hits.values()) or _acknowledged(clients) < ENOUGH) and time.monotonic() < latest
    ):
        name = next((victim for victim in first_round if not hits[victim]), None) or rng.choice(VICTIMS)
        hits[name] += bool(supervisor.kill(name))
        time.sleep(rng.uniform(0.1, 0.4))
        supervisor.wait_ready(name)
        time.sleep(rng.uniform(0.0, 1.0))
    return hits


def _let_leases_run_out(database_url: str) -> None:
    """Put an end to what the killed workers still hold, which by itself takes up to two and a half minutes.

    Living workers lose theirs as well, which must do no harm either. A long storm waits instead.
    """
    with psycopg.connect(database_url) as connection:
        for table in ("events_batch", "rules_lookback"):
            connection.execute(f"UPDATE {table} SET lease_until = now() WHERE lease_until > now()")


def _wait_until_judged(database_url: str, seconds: float = 300.0) -> None:
    """Until no batch waits, and no look-back: new-terms rules judge by these what comes before they are done."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with psycopg.connect(database_url) as connection:
            left = connection.execute(LEFT).fetchone()
        if left == (0, 0):
            return
        time.sleep(0.5)
    pytest.fail(f"{left} batches and look-backs are still waiting {seconds:.0f} s after the storm")


def _key(system: LiveSystem) -> str:
    found = re.search(r"[A-Za-z0-9+/]{40,}={0,2}", system.manage("create_api_key", "storm"))
    assert found
    return found[0]


@pytest.fixture
def system():
    durable = LiveSystem(durable=True)
    yield durable.start()
    durable.stop()


def _ride_out(system: LiveSystem, clients: list[Client]) -> dict[str, int]:
    """Let the clients post through the storm, then everything come back and every request be answered."""
    for client in clients:
        client.start()
    hits = _storm(system.running.supervisor, clients)
    clients[0].stop.set()
    for name in VICTIMS:
        system.wait_ready(name)
    for client in clients:
        client.join(timeout=100)
        assert not client.is_alive()
    if SECONDS < LONG:
        _let_leases_run_out(system.database_url)
    _wait_until_judged(system.database_url)
    return hits


def _figures(clients: list[Client], hits: dict[str, int], answer: dict[str, int]) -> str:
    """What the storm amounted to, in one line for whoever runs the tests."""
    blows = ", ".join(f"{name} {count}" for name, count in hits.items())
    requests, failed = sum(client.requests for client in clients), sum(client.failed for client in clients)
    return (
        f"{requests} requests, {failed} tries that failed; {answer['acknowledged']} events acknowledged, "
        f"{answer['stored']} stored, {answer['alerts']} alerts; killed: {blows}"
    )


def test_nothing_acknowledged_is_lost_or_doubled_under_random_kills(system, tmp_path, capsys):
    system.manage("load_rules", str(_rules_without_a_cap(tmp_path / "rules")))
    presented, stop = _key(system), threading.Event()
    clients = [Client(system.url, presented, number, stop) for number in range(3)]
    hits = _ride_out(system, clients)
    kept = tmp_path / "acknowledged.json"
    kept.write_text(json.dumps([one for client in clients for one in client.acknowledged]))
    said = system.run("-m", "tests.fault.verify", str(kept))
    print(said)
    answer = json.loads(said.splitlines()[-1])
    with capsys.disabled():
        print(f"\n  {_figures(clients, hits, answer)} ", end="")
    assert [refused for client in clients for refused in client.refused] == []
    assert answer["problems"] == {}
    assert min(hits.values()) >= 1, hits
    assert answer["acknowledged"] >= ENOUGH
    assert answer["alerts"] > 0
