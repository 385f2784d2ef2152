"""From the moment an agent begins to post an event until its alert can be read, under a steady load."""

import threading
import time

import httpx
import orjson
import psycopg

from bench.results import append, conditions, percentile
from bench.system import System, running
from bench.traffic import events, firing

_SECONDS, _REQUESTS_PER_SECOND = 30, 10


def main() -> None:
    """At 100 and at 1,000 events a second."""
    for rate in (100, 1_000):
        before = conditions()
        with running() as system:
            warm(system)
            waits = measure(system, rate)
        figures = {"events_per_second": rate, **summary(waits)}
        how = f"{_SECONDS} s, {_REQUESTS_PER_SECOND} requests/s, every fifth fires; the alert's row polled every 5 ms"
        append("post_to_alert", figures, how, before)


def summary(waits: list[float]) -> dict[str, int]:
    """The waits as figures."""
    return {
        "alerts": len(waits),
        "p50_ms": round(percentile(waits, 0.5) * 1000),
        "p95_ms": round(percentile(waits, 0.95) * 1000),
        "max_ms": round(max(waits) * 1000),
    }


def warm(system: System) -> None:
    """One story first: a worker's first pass loads rules and patterns, which is a cost of starting, not of posting."""
    posted: dict[str, float] = {}
    with httpx.Client(timeout=30) as http:
        for _ in range(4):
            _post(system, http, posted, 0, fires=True)
            time.sleep(1)


def measure(system: System, rate: int) -> list[float]:
    """Seconds from the beginning of a post until its alert can be read, for every post that fires."""
    posted: dict[str, float] = {}
    seen: dict[str, float] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(system, seen, stop))
    watcher.start()
    start = time.monotonic()
    with httpx.Client(timeout=30) as http:
        for number in range(_SECONDS * _REQUESTS_PER_SECOND):
            _post(system, http, posted, rate // _REQUESTS_PER_SECOND, fires=number % 5 == 0)
            time.sleep(max(0.0, start + (number + 1) / _REQUESTS_PER_SECOND - time.monotonic()))
    until = time.monotonic() + 30
    while set(posted) - set(seen) and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    watcher.join()
    assert not set(posted) - set(seen), f"{len(set(posted) - set(seen))} alerts were not raised in time"
    return [seen[one] - posted[one] for one in posted]


_SOURCE = events(3)


def _post(system: System, http: httpx.Client, posted: dict[str, float], size: int, *, fires: bool) -> None:
    documents = [next(_SOURCE) for _ in range(size)]
    if fires:
        documents += firing()
    body = b"\n".join(map(orjson.dumps, documents))
    headers = {"Authorization": f"ApiKey {system.presented_key}", "Content-Type": "application/x-ndjson"}
    begun = time.monotonic()
    answer = http.post(f"{system.url}/api/v1/events", content=body, headers=headers)
    answer.raise_for_status()
    if fires:
        posted[answer.json()["items"][-1]["id"]] = begun


def _watch(system: System, seen: dict[str, float], stop: threading.Event) -> None:
    """Note when each alert's source event turns up among the alerts."""
    last = 0
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        while not stop.is_set():
            rows = connection.execute(
                "SELECT id, uid FROM alerts_alertevent WHERE id > %s ORDER BY id", [last]
            ).fetchall()
            for number, uid in rows:
                last = number
                seen.setdefault(bytes(uid).hex(), time.monotonic())
            time.sleep(0.005)


if __name__ == "__main__":
    main()
