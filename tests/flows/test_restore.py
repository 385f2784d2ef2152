"""The restore drill of docs/operate.md: dump a running system, restore the dump into a new cluster, go on.

The agents send again what they sent lately, since they cannot know what the dump still caught. Then every event is
stored once, and the alerts are what the evaluator says of the events: none raised again, none left out.
"""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import psycopg
import pytest

from soc.demo.background import ordinary
from soc.demo.company import found
from soc.demo.stories import Scene
from soc.local.wheels import postgres_folder
from tests.fault.clients import FIRING
from tests.fault.test_random_kills import _let_leases_run_out, _rules_without_a_cap, _wait_until_judged
from tests.live_system import LiveSystem

pytestmark = pytest.mark.flow

Documents = list[dict[str, object]]
HUMAN_STATE = "SELECT id, status, reason, version, assignee_id FROM alerts_alert ORDER BY id"
RECORD = "SELECT id, verb, object_type, object_id, after::text FROM accounts_change ORDER BY id"
RAISED = "SELECT alert_id, uid FROM alerts_alertevent ORDER BY alert_id"


def run_client(name: str, *words: str) -> None:
    """Run one of PostgreSQL's client programs; what it complains about fails the test."""
    done = subprocess.run([postgres_folder() / "bin" / name, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def ask(system: LiveSystem, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(system.database_url) as connection:
        return connection.execute(question.encode()).fetchall()


class Agents:
    """Send ordinary work and stories, keep what they sent, and can send it all again."""

    def __init__(self, presented_key: str) -> None:
        self.presented_key = presented_key
        self.sent: list[Documents] = []
        self._rng, self._company = random.Random(3), found(7)

    def work(self, system: LiveSystem, requests: int) -> None:
        """Post that many requests of something new."""
        for _ in range(requests):
            now = datetime.now(UTC) - timedelta(seconds=1)
            told = self._rng.choice(FIRING).tell(Scene(self._company, self._rng, now))
            documents = [*told, *ordinary(self._company, self._rng, now)]
            self.sent.append([document | {"_id": uuid.uuid4().hex} for document in documents])
            self._post(system, self.sent[-1])

    def send_again(self, system: LiveSystem) -> dict[str, int]:
        """Post everything once more; how many were stored already, and how many were not."""
        items = [item for documents in self.sent for item in self._post(system, documents)]
        words = [item["status"] for item in items]
        return {word: words.count(word) for word in set(words)}

    def names(self) -> list[tuple[object, object]]:
        return [(one["_index"], one["_id"]) for documents in self.sent for one in documents]

    def _post(self, system: LiveSystem, documents: Documents) -> list[dict[str, str]]:
        answer = httpx.post(
            f"{system.url}/api/v1/events",
            content=b"\n".join(map(orjson.dumps, documents)),
            headers={"Authorization": f"ApiKey {self.presented_key}", "Content-Type": "application/x-ndjson"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        items: list[dict[str, str]] = answer.json()["items"]
        return items


@contextlib.contextmanager
def workers_held_still(system: LiveSystem) -> Iterator[None]:
    """Stop the worker in the middle of what it does, so that the dump finds work that is not done."""
    group = os.getpgid(system.running.supervisor.pids()["worker"])
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


@pytest.fixture(scope="module")
def old():
    system = LiveSystem(durable=False)
    yield system.start()
    system.stop()


@pytest.fixture(scope="module")
def agents(old, tmp_path_factory):
    old.manage("load_rules", str(_rules_without_a_cap(tmp_path_factory.mktemp("r") / "rules")))
    found_key = re.search(r"[A-Za-z0-9+/]{40,}={0,2}", old.manage("create_api_key", "drill"))
    assert found_key
    return Agents(found_key[0])


@pytest.fixture(scope="module")
def dump(old, agents, tmp_path_factory):
    """A dump with alerts that people worked on, batches that wait, and nothing of what comes after it."""
    agents.work(old, 12)
    _wait_until_judged(old.database_url)
    old.run("-m", "tests.flows.work_on_alerts")
    path = tmp_path_factory.mktemp("dump") / "watchbill.dump"
    with workers_held_still(old):
        agents.work(old, 6)
        run_client("pg_dump", "--format=custom", f"--file={path}", old.database_url)
    agents.work(old, 6)  # lost with the old machine
    _wait_until_judged(old.database_url)
    return path


@pytest.fixture(scope="module")
def kept(dump, tmp_path_factory):
    """What the dump holds: restored beside, without anything that would go on with it."""
    found_then: dict[str, list[tuple[object, ...]]] = {}

    def restore(database_url: str) -> None:
        run_client("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={database_url}", str(dump))
        with psycopg.connect(database_url) as connection:
            for question in (HUMAN_STATE, RECORD, RAISED, "SELECT id FROM events_batch WHERE state = 'pending'"):
                found_then[question] = connection.execute(question.encode()).fetchall()

    system = LiveSystem(durable=False, before_setup=restore)
    yield system.start(), found_then
    system.stop()


def test_a_dump_restored_into_a_new_cluster_goes_on_where_it_stopped(agents, kept, tmp_path):
    new, then = kept
    assert then["SELECT id FROM events_batch WHERE state = 'pending'"], "the drill must leave work to resume"
    assert len(then[RAISED]) > 0

    _let_leases_run_out(new.database_url)
    _wait_until_judged(new.database_url)
    answers = agents.send_again(new)
    assert answers["duplicate"] > answers["created"] > 0
    _wait_until_judged(new.database_url)

    names = tmp_path / "names.json"
    names.write_text(json.dumps(agents.names()))
    said = json.loads(new.run("-m", "tests.fault.verify", str(names)).splitlines()[-1])
    assert said["problems"] == {}
    assert said["stored"] == len(agents.names())


def test_what_people_did_before_the_dump_is_as_they_left_it(kept):
    new, then = kept
    now = {row[0]: row for row in ask(new, HUMAN_STATE)}
    worked_on = [row for row in then[HUMAN_STATE] if row[3] != 1]
    assert worked_on
    assert [now[row[0]] for row in then[HUMAN_STATE]] == then[HUMAN_STATE]
    assert ask(new, RECORD)[: len(then[RECORD])] == then[RECORD]


def test_the_restored_record_is_still_append_only(kept):
    new, _ = kept
    with psycopg.connect(new.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM accounts_change")
