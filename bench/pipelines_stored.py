"""ES|QL over stored events: a million in a real database, and DuckDB with the equivalent SQL over the same events.

    python -m bench pipelines stored        or        python -m bench.pipelines_stored [EVENTS] [FOLDER]

With FOLDER the database is kept there and used again. Every query runs in a process of its own; that process and the
database's process behind its connection share one core. Processor time is that of both; on a busy machine only that is
a figure. DuckDB has one thread; it reads the documents as lines of JSON, as ours are stored, and from a table of
columns made beforehand.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bench.engine.alone import alone
from bench.engine.telemetry import telemetry
from bench.results import append, conditions
from soc.local import services

EVENTS = 1_000_000
_AT_ONCE = 1_000
_SEED = 7
_BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)  # of the telemetry, one event a millisecond
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Case:
    """A query, and the SQL that means the same of the same events."""

    name: str
    esql: str
    sql: str


CASES = (
    Case(
        "WHERE narrows, one host of 400",
        'FROM logs-* | WHERE host.name == "ws-7" AND event.category == "process" '
        "| STATS n = COUNT(*), commands = COUNT_DISTINCT(process.command_line), last = MAX(@timestamp) BY process.name "
        "| SORT n DESC, process.name",
        'SELECT count(*) AS n, count(DISTINCT process.command_line) AS commands, max("@timestamp") AS last, '
        "process.name AS name FROM events WHERE host.name = 'ws-7' AND list_contains(event.category, 'process') "
        "GROUP BY process.name ORDER BY n DESC, name",
    ),
    Case(
        "WHERE narrows, one dataset of 15, rows of events",
        'FROM logs-* | WHERE event.dataset == "okta.system" AND event.action == "policy.rule.update" '
        "| KEEP @timestamp, host.name, user.name, source.ip | SORT @timestamp DESC | LIMIT 1000",
        'SELECT "@timestamp", host.name, "user".name, source.ip FROM events WHERE event.dataset = \'okta.system\' '
        "AND event.action = 'policy.rule.update' ORDER BY \"@timestamp\" DESC LIMIT 1000",
    ),
    Case(
        "STATS into 100,000 groups",
        "FROM logs-* | STATS n = COUNT(*), last = MAX(@timestamp) BY host.name, user.name | SORT n DESC | LIMIT 1000",
        'SELECT count(*) AS n, max("@timestamp") AS last, host.name AS h, "user".name AS u FROM events '
        "GROUP BY h, u ORDER BY n DESC LIMIT 1000",
    ),
)
_SCHEMA = {
    "@timestamp": "TIMESTAMP",
    "host": "STRUCT(name VARCHAR)",
    "user": "STRUCT(name VARCHAR)",
    "source": "STRUCT(ip VARCHAR)",
    "event": "STRUCT(category VARCHAR[], dataset VARCHAR, action VARCHAR)",
    "process": "STRUCT(name VARCHAR, command_line VARCHAR)",
}


def main(events: int = EVENTS, kept: Path | None = None) -> None:
    """Store the events, then measure every query both ways."""
    folder = kept or Path(tempfile.mkdtemp(prefix="wbb-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    try:
        with services.running(home=folder / "home", environ={}, broker=False) as base:
            os.environ |= base.environment() | {"LOG_LEVEL": "ERROR", "BROKER_URL": "", "CACHE_URL": ""}
            alone(_fill, events, folder)
            before = conditions()
            for case in CASES:
                _compare(case, events, folder, before)
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _compare(case: Case, events: int, folder: Path, before: dict[str, Any]) -> None:
    ours = alone(_ours, case.esql)
    lines = alone(_duck, case.sql, str(folder / "events.ndjson"), False)
    table = alone(_duck, case.sql, str(folder / "events.ndjson"), True)
    if not ours.pop("first") == lines.pop("first") == table.pop("first"):
        raise AssertionError(f"{case.name}: the answers differ")
    figures = {
        "query": case.name,
        "events": events,
        "rows": ours["rows"],
        "seconds": ours["wall"],
        "processor_s": ours["processor"],
        "peak_mib": ours["peak_mib"],
        "before_mib": ours["before_mib"],
        "duckdb_lines_s": lines["processor"],
        "duckdb_lines_mib": lines["peak_mib"],
        "duckdb_table_s": table["processor"],
        "duckdb_load_s": table["load"],
        "duckdb": lines["version"],
    }
    append("pipelines_stored", figures, "one core for the process and its database process; DuckDB one thread", before)


def _fill(events: int, folder: Path) -> None:
    """The events of the seed, by the ordinary way of a request, and beside them as lines. A database that was kept
    is full already."""
    connection = _django()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    file = folder / "events.ndjson"
    if file.exists():
        return
    begun = time.monotonic()
    with file.open("wb") as out:
        for start in range(0, events, _AT_ONCE):
            for line in _put(range(start, min(start + _AT_ONCE, events))):
                out.write(line + b"\n")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"pipelines_stored: {events:,} events stored in {time.monotonic() - begun:.0f} s", flush=True)


def _put(numbers: range) -> Iterator[bytes]:
    """Store one request of events; gives them as they are kept."""
    from django.db import transaction

    from accounts.selectors import default_team
    from events import partitions, store
    from events.normalise import Reception, normalise

    team = default_team()
    now = _BEGIN + timedelta(milliseconds=numbers.stop)
    reception = Reception(team.pk, now, (now - timedelta(days=30)).date(), 1 << 20)
    events = [normalise(orjson.dumps(telemetry(_SEED, number)), reception) for number in numbers]
    partitions.ensure_days({event.day for event in events})
    with transaction.atomic():
        store.put_batch(team_id=team.pk, events=events, ingested_at=now)
    return (event.raw for event in events)


def _ours(text: str) -> dict[str, Any]:
    """What our search costs, everything read from the database."""
    connection = _django()
    from accounts.selectors import default_team
    from events.pipelines import prepare, run
    from events.searching import Window

    team_ids = [default_team().pk]
    backend = _pinned(connection)
    before = _peak_mib()

    def act() -> list[tuple[Any, ...]]:
        prepared = prepare(text, limit=1_000)
        window = Window(_BEGIN - timedelta(hours=1), _BEGIN + timedelta(days=1))
        found = run(prepared, window=window, team_ids=team_ids, now=window.end, budget_seconds=_SECONDS)
        return found.rows

    return _cost(act, backend) | {"before_mib": before}


def _duck(sql: str, file: str, beforehand: bool) -> dict[str, Any]:
    """What DuckDB costs over the lines, or over a table of the columns."""
    import duckdb  # type: ignore[import-not-found,unused-ignore]

    connection = duckdb.connect(config={"threads": 1})
    lines = "read_json(?, format='newline_delimited', columns=?)"
    begun = time.process_time()
    if beforehand:
        connection.execute(f"CREATE TABLE events AS SELECT * FROM {lines}", [file, _SCHEMA])  # noqa: S608 - our own
        asked, values = sql, []
    else:
        asked, values = f"WITH events AS (SELECT * FROM {lines}) {sql}", [file, _SCHEMA]  # noqa: S608
    load = round(time.process_time() - begun, 2)
    cost = _cost(lambda: connection.execute(asked, values).fetchall(), None)
    return cost | {"load": load, "version": duckdb.__version__}


def _cost(act: Callable[[], list[tuple[Any, ...]]], backend: int | None) -> dict[str, Any]:
    """What it took, and the first column of the answer, by which answers are compared."""
    begun, busy = time.perf_counter(), _busy(backend)
    rows = act()
    wall, processor = time.perf_counter() - begun, _busy(backend) - busy
    first = [value.replace(tzinfo=None) if isinstance(value := row[0], datetime) else value for row in rows]
    cost = {"rows": len(rows), "wall": round(wall, 2), "processor": round(processor, 2), "peak_mib": _peak_mib()}
    return cost | {"first": first}


def _busy(backend: int | None) -> float:
    """Processor time of this process, and of the database's behind its connection."""
    database = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9 if backend else 0.0
    return time.process_time() + database


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _pinned(connection: Any) -> int:
    """The database's process behind our connection, put onto our core."""
    connection.ensure_connection()
    backend = int(connection.connection.info.backend_pid)
    os.sched_setaffinity(backend, os.sched_getaffinity(0))
    return backend


def _django() -> Any:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    import django

    django.setup()
    from django.db import connection

    return connection


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else EVENTS, Path(words[1]) if len(words) > 1 else None)
