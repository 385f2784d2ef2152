"""`python -m bench http`: the whole product on this machine with a large rule set, its client included.

Two measures: how many events a second it takes, stores and judges, and for how long after the load it still judges;
and from post to alert under a steady load of a thousand events a second. Both say which process used the processor.
"""

import argparse
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg

from bench import latency
from bench.engine.copies import with_copies
from bench.engine.rules import read_folder
from bench.engine.telemetry import telemetry
from bench.processes import snapshot
from bench.results import append, conditions, percentile
from bench.system import System, running

COPIES = 1_700
_SIZE = 1_000
_TEMPLATES = 40
_TOKEN, _MOMENT = b"~~~~", b"2026-11-20T12:00:00.000Z"
_NEW = re.compile(rb"(?<![0-9a-f])([0-9a-f]{4,28})[0-9a-f]{4}(?![0-9a-f])")


def main(words: Sequence[str]) -> None:
    """Load the rules into a fresh product and measure."""
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="wbb-") as name:
        rules = lay_out(options.rules, Path(name), options.copies, options.languages)
        before = conditions()
        with running(rules=Path(name) if rules else None) as system:
            looking_back = wait_until_looked_back(system)
            load = sustained(system, options.seconds, options.clients, options.rate)
            append("http", {"rules": rules, **looking_back, **load}, _how(options), before)
            if options.latency:
                append(
                    "http_latency", {"rules": rules, **alert_latency(system, options.latency)}, _how(options), before
                )


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench http", description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="a folder of rule files")
    parser.add_argument("--copies", type=int, default=COPIES, help="copy rules until there are so many")
    parser.add_argument("--languages", nargs="+", default=["kuery", "eql"])
    parser.add_argument("--seconds", type=float, default=120, help="how long events are posted")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--rate", type=int, default=0, help="events a second at most; 0: as many as are taken")
    parser.add_argument("--latency", type=int, default=1_000, help="events a second of the second measure; 0: leave it")
    return parser.parse_args(words)


def _how(options: argparse.Namespace) -> str:
    told = f"{options.clients} clients in one process, requests of {_SIZE} events, {options.seconds:g} s"
    return f"{told}, everything on this machine"


def lay_out(folder: Path, into: Path, wanted: int, languages: Sequence[str]) -> int:
    """Write the folder's rules and copies of them as files, as many as are wanted; returns how many there are."""
    found = with_copies(read_folder(folder, languages), wanted)
    for number, (_, text) in enumerate(found):
        (into / f"{number:05}.toml").write_text(text, encoding="utf-8")
    return len(found)


def templates(count: int = _TEMPLATES, size: int = _SIZE) -> list[bytes]:
    """Bodies with tokens in them, so that a sender makes all that is new in them new again at the price of a copy."""
    return [b"\n".join(_template(number * size + row) for row in range(size)) for number in range(count)]


def _template(number: int) -> bytes:
    event = telemetry(5, number)
    event["@timestamp"] = event["event"]["created"] = event["event"]["ingested"] = _MOMENT.decode()
    event["_id"] = f"n{number}-{_TOKEN.decode()}"
    return _NEW.sub(rb"\1" + _TOKEN, orjson.dumps(event))


def filled(template: bytes, number: int) -> bytes:
    """The body as it is sent the `number`-th time: happening now, and with values of its own."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
    return template.replace(_TOKEN, f"{number & 0xFFFF:04x}".encode()).replace(_MOMENT, now)


@dataclass(slots=True)
class Posted:
    """What clients have had acknowledged: when, how long it took, and how often they were told to wait."""

    until: float
    rate: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    taken: list[tuple[float, float]] = field(default_factory=list)
    started: int = 0
    refused: int = 0
    began: float = field(default_factory=time.monotonic)

    def next_number(self) -> int | None:
        """The number of the next request, None when time is up. Waits where a rate is set."""
        with self.lock:
            number = self.started
            self.started += 1
        if self.rate:
            time.sleep(max(0.0, self.began + number * _SIZE / self.rate - time.monotonic()))
        return number if time.monotonic() < self.until else None


def sustained(system: System, seconds: float, clients: int, rate: int) -> dict[str, Any]:
    """Post for so long, then wait until everything is judged, and then until rules have joined what they found."""
    bodies = templates()
    latency.warm(system)
    posted = Posted(time.monotonic() + seconds, rate)
    before, began = snapshot(), time.monotonic()
    with lag_of(system) as lags:
        threads = [threading.Thread(target=_client, args=(system, bodies, posted)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        loaded = time.monotonic()
        used = snapshot()
        lags_of_load = len(lags)
        _wait_until_judged(system)
    after = time.monotonic() - loaded
    drained = snapshot()
    _wait_until_joined(system)
    joined = time.monotonic() - loaded
    slices = _by_slice(posted, began, seconds)
    return {
        "acknowledged": len(posted.taken) * _SIZE,
        "acknowledged_per_second": round(len(posted.taken) * _SIZE / (loaded - began)),
        "slowest_ten_seconds": min(slices),
        "told_to_wait": posted.refused,
        "request_p95_ms": round(1000 * percentile([took for _, took in posted.taken], 0.95)),
        **_stored(system),
        "judged_per_second": round(_judged(system) / (time.monotonic() - began)),
        "most_lag_seconds": round(max(lags[:lags_of_load], default=0.0), 1),
        "seconds_until_all_judged": round(after, 1),
        "seconds_until_all_joined": round(joined, 1),
        "cores_used": used.since(before, loaded - began),
        "cores_used_after_the_load": drained.since(used, after) if after > 1 else {},
        "largest_process_mib": drained.largest_mib,
    }


def _client(system: System, bodies: list[bytes], posted: Posted) -> None:
    headers = {"Authorization": f"ApiKey {system.presented_key}", "Content-Type": "application/x-ndjson"}
    with httpx.Client(timeout=120) as http:
        while (number := posted.next_number()) is not None:
            body = filled(bodies[number % len(bodies)], number)
            began = time.monotonic()
            while (
                answer := http.post(f"{system.url}/api/v1/events", content=body, headers=headers)
            ).status_code != 200:
                assert answer.status_code in (429, 503), answer.text
                with posted.lock:
                    posted.refused += 1
                time.sleep(float(answer.headers.get("Retry-After", 1)))
            with posted.lock:
                posted.taken.append((time.monotonic(), time.monotonic() - began))


def _by_slice(posted: Posted, began: float, seconds: float) -> list[int]:
    """Acknowledged events a second in each whole stretch of ten seconds (in all, for a shorter run)."""
    length = min(10.0, seconds)
    counts = [0] * max(1, int(seconds // length))
    for at, _ in posted.taken:
        place = int((at - began) // length)
        if place < len(counts):
            counts[place] += _SIZE
    return [round(count / length) for count in counts]


@contextmanager
def lag_of(system: System) -> Iterator[list[float]]:
    """The age of the oldest batch that waits to be judged, once a second."""
    lags: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        with psycopg.connect(system.database_url, autocommit=True) as connection:
            while not stop.wait(1):
                lags.append(_oldest(connection))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lags
    finally:
        stop.set()
        watcher.join()


def _oldest(connection: psycopg.Connection[Any]) -> float:
    asked = "SELECT extract(epoch FROM clock_timestamp() - min(ingested_at)) FROM events_batch WHERE state = 'pending'"
    row = connection.execute(asked).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def _wait_until_judged(system: System) -> None:
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        until = time.monotonic() + 600
        while _oldest(connection) and time.monotonic() < until:
            time.sleep(0.1)


def _wait_until_joined(system: System) -> None:
    """Until no rule is due to be settled or being settled, and no candidates wait."""
    asked = """SELECT NOT EXISTS (SELECT FROM rules_settling WHERE waiting_since IS NOT NULL OR lease_by IS NOT NULL)
               AND NOT EXISTS (SELECT FROM rules_candidateblock WHERE NOT settled)"""
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        until = time.monotonic() + 600
        while connection.execute(asked).fetchone() != (True,) and time.monotonic() < until:
            time.sleep(0.1)


def wait_until_looked_back(system: System) -> dict[str, float]:
    """Switching on so many rules has them judge what is stored first; says how long that took from here on."""
    asked = """SELECT count(*) FROM rules_lookback lookback JOIN rules_rule rule ON rule.id = lookback.rule_id
               WHERE lookback.done_at IS NULL AND rule.enabled AND rule.evaluated AND rule.quarantined_at IS NULL"""
    began = time.monotonic()
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        while connection.execute(asked).fetchone() != (0,) and time.monotonic() < began + 600:
            time.sleep(0.2)
    return {"seconds_of_looking_back": round(time.monotonic() - began, 1)}


def _stored(system: System) -> dict[str, int]:
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        counted = connection.execute("SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM alerts_alert)")
        stored, alerts = counted.fetchone() or (0, 0)
        slow = connection.execute("SELECT count(*) FROM rules_rule WHERE quarantined_at IS NOT NULL").fetchone()
    return {"stored": int(stored), "alerts": int(alerts), "rules_in_quarantine": int(slow[0]) if slow else 0}


def _judged(system: System) -> int:
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        asked = "SELECT coalesce(sum(events), 0) FROM events_batch WHERE state = 'done'"
        row = connection.execute(asked).fetchone()
    return int(row[0]) if row else 0


def alert_latency(system: System, rate: int) -> dict[str, Any]:
    """From post to alert under a steady load, with the cores that each service used meanwhile."""
    before, began = snapshot(), time.monotonic()
    waits = latency.measure(system, rate)
    cores = snapshot().since(before, time.monotonic() - began)
    return {"events_per_second": rate, **latency.summary(waits), "cores_used": cores}
