"""Live telemetry for the demo: events are posted over HTTP with a real key when their time comes."""

import heapq
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import orjson

from soc.demo.company import Company
from soc.demo.ecs import Document
from soc.demo.stories import STORIES
from soc.demo.timeline import happenings, tell

_STRETCH = timedelta(minutes=1)
_EVENTS_PER_WORK = 2.4
_STORIES_PER_HOUR = 80.0
_KEY_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_NEVER = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE, httpx.codes.UNSUPPORTED_MEDIA_TYPE)


@dataclass(slots=True)
class LiveTelemetry:
    """The company's agents: what they have to send, and the door they send it to."""

    company: Company
    seed: int
    url: str
    presented_key: str
    renew_key: Callable[[], str]
    events_per_second: float
    _due: list[tuple[str, int, Document]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _told_until: datetime | None = None

    def run(self, clock: Callable[[], datetime], wait: Callable[[float], object]) -> None:
        """Send for ever, once a second; when the door is shut, wait and send again.

        A key that is refused is replaced. What the server will never take is dropped, or it would be sent for ever.
        """
        self._open_with_a_story(clock())
        with httpx.Client(timeout=10.0) as client:
            while True:
                self._tell_ahead(clock())
                delay = self._send(client, self._take_due(clock()))
                wait(delay)

    def _open_with_a_story(self, now: datetime) -> None:
        """The first thing a newcomer sees arriving is the Perl terminal."""
        story = next(story for story in STORIES if story.name.startswith("perl terminal after"))
        self._add(tell(story, self.company, random.Random(f"{now}"), now).documents)

    def _tell_ahead(self, now: datetime) -> None:
        start = self._told_until or now
        if start > now + timedelta(seconds=5):
            return
        works = self.events_per_second * 3600 / _EVENTS_PER_WORK
        self._told_until = start + _STRETCH
        for one in happenings(
            self.company,
            self.seed,
            start,
            self._told_until,
            works_per_hour=works,
            stories_per_hour=_STORIES_PER_HOUR,
        ):
            self._add(one.documents)

    def _add(self, documents: tuple[Document, ...]) -> None:
        for document in documents:
            heapq.heappush(self._due, (str(document["@timestamp"]), next(self._numbers), document))

    def _take_due(self, now: datetime) -> list[Document]:
        """What has happened by now, oldest first, at most one request's worth."""
        taken: list[Document] = []
        stamp = now.isoformat().replace("+00:00", "Z")
        while self._due and self._due[0][0] <= stamp and len(taken) < 2_000:
            taken.append(heapq.heappop(self._due)[2])
        return taken

    def _send(self, client: httpx.Client, documents: list[Document]) -> float:
        """Post the documents; returns after how many seconds to go on."""
        if not documents:
            return 1.0
        body = b"\n".join(map(orjson.dumps, documents))
        headers = {"Authorization": f"ApiKey {self.presented_key}", "Content-Type": "application/x-ndjson"}
        try:
            answer = client.post(f"{self.url}/api/v1/events", content=body, headers=headers)
        except httpx.HTTPError:
            return self._keep(documents, "The web server does not answer.")
        return self._after(answer.status_code, documents)

    def _after(self, status: int, documents: list[Document]) -> float:
        if status == httpx.codes.OK:
            return 1.0
        if status in _KEY_REFUSED:
            self.presented_key = self.renew_key()
            return self._keep(documents, "The demo's key was refused; it is read, or made, anew.")
        if status in _NEVER:
            _say(f"The web server answered {status} and will not take these {len(documents)} events; they are dropped.")
            return 1.0
        return self._keep(documents, f"The web server answered {status}.")

    def _keep(self, documents: list[Document], why: str) -> float:
        _say(f"{why} {len(documents)} events are kept and sent again in 3 s.")
        self._add(tuple(documents))
        return 3.0


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
