"""How fast the store takes events and how small it keeps them, on one connection, without HTTP.

    DATABASE_URL=… .venv/bin/python bench/ingest_store.py [events] [events in a batch]

Appends a dated line to bench/results/ingest_store.txt. The database must be migrated; and is left as it was.
"""

# ruff: noqa: E402, E501 - Django is set up first; a document reads best as it is

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")

import django
import orjson

django.setup()

from django.db import connection, transaction

from accounts.selectors import default_team
from events import partitions, store
from events.models import Batch
from events.normalise import NormalisedEvent, Reception, normalise

RESULTS = Path(__file__).parent / "results" / "ingest_store.txt"


def lines(count: int, dice: random.Random, now: datetime) -> list[bytes]:
    """Process events of a small company, about 1.5 kB each."""
    found = []
    for number in range(count):
        host, user = f"host-{dice.randrange(200):03}", f"user{dice.randrange(60)}"
        name = dice.choice(["bash", "python3", "perl", "ls", "grep", "sshd", "cron", "java", "node", "curl"])
        moment = now - timedelta(seconds=dice.random() * 60)
        parent = dice.choice(["bash", "systemd", "sshd"])
        document = {
            "@timestamp": moment.isoformat(),
            "agent": {"id": f"agent-{host}", "type": "endpoint", "version": "9.2.0"},
            "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
            "ecs": {"version": "8.17.0"},
            "event": {
                "id": dice.randbytes(12).hex(), "kind": "event", "category": ["process"], "type": ["start"],
                "action": "exec", "module": "endpoint", "dataset": "endpoint.events.process", "sequence": number,
            },
            "host": {
                "name": host, "hostname": host, "id": f"id-{host}", "ip": [f"10.0.{dice.randrange(4)}.{dice.randrange(250)}"],
                "os": {"type": "linux", "family": "debian", "name": "Debian", "version": "12.8", "kernel": "6.1.0-28-amd64"},
            },
            "process": {
                "pid": dice.randrange(65_000), "entity_id": dice.randbytes(16).hex(), "name": name,
                "executable": f"/usr/bin/{name}", "args": [name, "-c", f"job {dice.randrange(10_000)}"], "args_count": 3,
                "command_line": f"{name} -c job {dice.randrange(10_000)}", "working_directory": f"/home/{user}",
                "hash": {"sha256": dice.choice(["a", "b", "c", "d"]) * 64}, "interactive": False,
                "parent": {
                    "pid": dice.randrange(65_000), "entity_id": f"parent-{host}-{dice.randrange(50)}", "name": parent,
                    "executable": f"/usr/bin/{parent}", "args": [parent], "command_line": parent,
                },
            },
            "user": {"name": user, "id": str(1000 + dice.randrange(60)), "domain": "corp"},
            "message": f"Endpoint process event of {name} started by {user} on {host}",
        }  # fmt: skip
        found.append(orjson.dumps(document))
    return found


def put(events: list[NormalisedEvent], team_id: int, now: datetime) -> int:
    """Store one batch; gives its number."""
    with transaction.atomic():
        report = store.put_batch(team_id=team_id, events=events, ingested_at=now)
    assert report.batch_id is not None
    return report.batch_id


def sizes() -> tuple[int, int, int]:
    """Bytes of rows, of their indexes, and of blocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_table_size(c.oid)) FILTER (WHERE relname ~ '^event_2'), "
            "sum(pg_indexes_size(c.oid)) FILTER (WHERE relname ~ '^event_2'), "
            "sum(pg_total_relation_size(c.oid)) FILTER (WHERE relname ~ '^event_block_2') FROM pg_class c WHERE relkind = 'r'"
        )
        rows, indexes, blocks = cursor.fetchone()
    return int(rows or 0), int(indexes or 0), int(blocks or 0)


def main(total: int, size: int) -> None:
    """Normalise, store, read back; print and append one line."""
    now = datetime.now(UTC)
    team_id = default_team().pk
    reception = Reception(team_id, now, partitions.oldest_day(now), 1 << 20)
    sent = lines(total, random.Random(7), now)
    average = sum(map(len, sent)) // total
    started, busy = perf_counter(), process_time()
    events = [normalise(line, reception) for line in sent]
    normalised, normalised_busy = perf_counter() - started, process_time() - busy
    partitions.ensure_days({event.day for event in events})
    before = sizes()
    started = perf_counter()
    ids = [put(events[at : at + size], team_id, now) for at in range(0, total, size)]
    stored = perf_counter() - started
    grown = [(after - earlier) / total for after, earlier in zip(sizes(), before, strict=True)]
    started = perf_counter()
    read = sum(len(store.read_batch(batch)) for batch in Batch.objects.filter(pk__in=ids))
    reading = perf_counter() - started
    assert read == total
    line = (
        f"{now:%Y-%m-%d %H:%M} events={total} batch={size} event_bytes={average} "
        f"normalise={total / normalised:,.0f}/s (cpu {normalised_busy / total * 1e6:.0f} us) "
        f"put_batch={total / stored:,.0f}/s read_batch={total / reading:,.0f}/s "
        f"bytes/event={sum(grown):.0f} (row {grown[0]:.0f}, indexes {grown[1]:.0f}, block {grown[2]:.0f}) "
        f"load={os.getloadavg()[0]:.1f} cores={os.cpu_count()}"
    )
    print(line)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    clean(ids)


def clean(ids: list[int]) -> None:
    """Take out what the bench stored."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM event e USING event_block b WHERE b.id = e.block_id AND b.batch_id = ANY(%s)", [ids]
        )
        cursor.execute("DELETE FROM event_block WHERE batch_id = ANY(%s)", [ids])
        cursor.execute("DELETE FROM events_batch WHERE id = ANY(%s)", [ids])


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    main(*(arguments + [50_000, 1_000][len(arguments) :]))
