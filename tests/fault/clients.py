"""Agents that never give up: each request is sent, with one idempotency key, until it is acknowledged."""

import logging
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import orjson

from soc.demo.background import ordinary
from soc.demo.company import found
from soc.demo.stories import STORIES, Scene

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request would bury what a failure says

# Each of these fires a `query` rule, so that what must be raised does not depend on what came before.
FIRING = tuple(story for story in STORIES if story.name in {
    "perl terminal after a web shell", "perl terminal of the backup console", "web shell", "image converter",
    "audit daemon stopped", "shadow copies deleted", "document starts powershell", "partner's mirror",
})  # fmt: skip


@dataclass
class Client(threading.Thread):
    """One agent: small requests of ordinary work and stories, each event with an id of its own."""

    url: str
    presented_key: str
    number: int
    stop: threading.Event
    give_up_after: float = 90.0
    acknowledged: list[tuple[str, str]] = field(default_factory=list)  # (index, _id)
    refused: list[str] = field(default_factory=list)
    requests: int = 0
    failed: int = 0  # tries that had to be repeated

    def __post_init__(self) -> None:
        super().__init__(name=f"client {self.number}", daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Send until told to stop; then finish the request at hand."""
        rng, company = random.Random(self.number), found(7)
        with httpx.Client(timeout=5.0) as http:
            while not self.stop.is_set():
                now = datetime.now(UTC)
                told = rng.choice(FIRING).tell(Scene(company, rng, now)) if rng.random() < 0.3 else []
                documents = [*told, *ordinary(company, rng, now), *ordinary(company, rng, now)]
                self._send(http, [document | {"_id": uuid.uuid4().hex} for document in documents])

    def _send(self, http: httpx.Client, documents: list[dict[str, object]]) -> None:
        body = b"\n".join(map(orjson.dumps, documents))
        headers = {
            "Authorization": f"ApiKey {self.presented_key}",
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        until = time.monotonic() + self.give_up_after
        while time.monotonic() < until:
            if self._sent(http, body, headers):
                self.requests += 1
                self.acknowledged += [(str(one["_index"]), str(one["_id"])) for one in documents]
                return
            self.failed += 1
            time.sleep(0.2)
        self.refused.append("gave up")

    def _sent(self, http: httpx.Client, body: bytes, headers: dict[str, str]) -> bool:
        try:
            answer = http.post(f"{self.url}/api/v1/events", content=body, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code == httpx.codes.OK:
            wrong = [item for item in answer.json()["items"] if item["status"] == "rejected"]
            self.refused += [str(item) for item in wrong]
            return True
        if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            self.refused.append(f"{answer.status_code} {answer.text[:200]}")  # never a 4xx for our own trouble
            return True
        return False
