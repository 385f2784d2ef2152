"""An agent with a key, and the patience to wait until what it sent was judged."""

import logging
import random
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import psycopg

from soc.demo.company import found
from soc.demo.ecs import Document
from soc.demo.stories import STORIES, Scene
from tests.live_system import LiveSystem

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request would bury what a failure says

PATIENCE_SECONDS = 45  # far below the five minutes of the rules' interval


@dataclass
class Agent:
    """Sends stories to a running system."""

    system: LiveSystem
    presented_key: str

    @classmethod
    def of(cls, system: LiveSystem) -> "Agent":
        """An agent with a key made by the command that an administrator uses."""
        said = system.manage("create_api_key", "flow")
        found_key = re.search(r"[A-Za-z0-9+/]{40,}={0,2}", said)
        assert found_key
        return cls(system, found_key[0])

    def post(self, documents: list[Document]) -> list[dict[str, str]]:
        """Post the documents as NDJSON; returns the answer for each."""
        answer = httpx.post(
            f"{self.system.url}/api/v1/events",
            content=b"\n".join(map(orjson.dumps, documents)),
            headers={"Authorization": f"ApiKey {self.presented_key}", "Content-Type": "application/x-ndjson"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        items: list[dict[str, str]] = answer.json()["items"]
        return items

    def tell(self, name: str, seed: int = 1, ago: timedelta = timedelta(seconds=40)) -> list[Document]:
        """Post the story of this name, and wait until it was judged."""
        documents = self.tell_without_waiting(name, seed, ago)
        self.wait_until_judged()
        return documents

    def tell_without_waiting(self, name: str, seed: int = 1, ago: timedelta = timedelta(seconds=40)) -> list[Document]:
        """Post the story of this name."""
        documents = story(name, seed, ago)
        assert {item["status"] for item in self.post(documents)} == {"created"}
        return documents

    def wait_until_judged(self) -> None:
        """Until nothing that was stored waits any more."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if self.ask("SELECT count(*) FROM events_batch WHERE state = 'pending'") == [(0,)]:
                return
            time.sleep(0.1)
        raise AssertionError(f"not judged within {PATIENCE_SECONDS} s: {self.system.log_lines[-30:]}")

    def alerts_of(self, rule: str) -> list[int]:
        """Numbers of the alerts with this name, oldest first."""
        rows = self.ask("SELECT id FROM alerts_alert WHERE name = %s ORDER BY id", rule)
        return [row[0] for row in rows]

    def has_a_year_of_history(self) -> None:
        """Have its team's history begin long ago, so that new-terms rules do not learn but fire."""
        with psycopg.connect(self.system.database_url) as connection:
            connection.execute(
                "INSERT INTO rules_teamhistory (team_id, since, oldest_at) "
                "SELECT id, now() - interval '1 year', now() - interval '1 year' FROM accounts_team "
                "ON CONFLICT (team_id) DO UPDATE SET oldest_at = excluded.oldest_at"
            )

    def ask(self, question: str, *values: object) -> list[Any]:
        """One question to the system's database."""
        with psycopg.connect(self.system.database_url) as connection:
            return connection.execute(question.encode(), values).fetchall()


def story(name: str, seed: int = 1, ago: timedelta = timedelta(seconds=40)) -> list[Document]:
    """The documents of a story that began a moment ago; another seed brings other machines and people."""
    told = next(one for one in STORIES if one.name == name)
    begun = datetime.now(UTC) - ago
    return list(told.tell(Scene(found(7), random.Random(seed), begun)))
