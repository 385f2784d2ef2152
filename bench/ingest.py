"""Events a second through HTTP until committed, and what an event costs on disk."""

import threading
import time

import httpx
import psycopg

from bench.results import append, conditions
from bench.system import System, running
from bench.traffic import bodies

_SIZE, _BODIES, _CLIENTS = 1_000, 40, 2


def main() -> None:
    """Once without a worker (storing alone), once with everything running."""
    for judged in (False, True):
        before = conditions()
        with running(judged=judged) as system:
            seconds, lag = _post_all(system, judged)
            figures = {
                "events_per_second": round(_SIZE * _BODIES / seconds),
                "bytes_per_event": _bytes_per_event(system),
                "body_bytes_per_event": _BODY_BYTES[0],
                "seconds_until_all_judged": round(lag, 1) if judged else None,
            }
        workers = "with" if judged else "without"
        how = f"{_CLIENTS} clients, {_BODIES} requests of {_SIZE} events, 2 web processes, {workers} workers"
        append("ingest", figures, how, before)


_BODY_BYTES = [0]


def _post_all(system: System, judged: bool) -> tuple[float, float]:
    """Seconds until the last request was acknowledged, and after that until nothing was pending."""
    waiting = bodies(_BODIES, _SIZE)
    _BODY_BYTES[0] = sum(map(len, waiting)) // (_SIZE * _BODIES)
    lock = threading.Lock()
    start = time.monotonic()
    clients = [threading.Thread(target=_client, args=(system, waiting, lock)) for _ in range(_CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    done = time.monotonic()
    if judged:
        _wait_until_judged(system)
    return done - start, time.monotonic() - done


def _client(system: System, waiting: list[bytes], lock: threading.Lock) -> None:
    headers = {"Authorization": f"ApiKey {system.presented_key}", "Content-Type": "application/x-ndjson"}
    with httpx.Client(timeout=60) as http:
        while True:
            with lock:
                if not waiting:
                    return
                body = waiting.pop()
            _post(http, f"{system.url}/api/v1/events", body, headers)


def _post(http: httpx.Client, url: str, body: bytes, headers: dict[str, str]) -> None:
    """Until acknowledged: a 429 or 503 says when to come again."""
    while True:
        answer = http.post(url, content=body, headers=headers)
        if answer.status_code == httpx.codes.OK:
            return
        assert answer.status_code in (429, 503), answer.text
        time.sleep(float(answer.headers.get("Retry-After", 1)))


def _wait_until_judged(system: System) -> None:
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM events_batch WHERE state = 'pending'").fetchone() != (0,):
            time.sleep(0.05)


def _bytes_per_event(system: System) -> int:
    """Rows, indexes and blocks on disk, by the number of events."""
    sizes = (
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
        "WHERE inhparent IN ('event'::regclass, 'event_block'::regclass)"
    )
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        connection.execute("VACUUM event")
        connection.execute("VACUUM event_block")
        total = connection.execute(sizes).fetchone()
        count = connection.execute("SELECT count(*) FROM event").fetchone()
    assert total
    assert count
    return round(float(total[0]) / int(count[0]))


if __name__ == "__main__":
    main()
