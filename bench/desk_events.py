"""The stored events around a triage desk: two days of telemetry, and process trees in which alerts of the desk stand.

`fill` stores them by the way of a request, a thousand at a time; two million take about six minutes. `plant` gives the
newest open alerts an event that is stored, with ancestors, children, siblings and what they did beside.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from accounts.models import Team
from alerts.kept import pack
from bench.engine.telemetry import telemetry
from events import partitions, store
from events.normalise import Reception, normalise

SPAN = timedelta(days=2)
TREES = 200
_AT_ONCE = 1_000
_SEED = 7
_DATASET = "endpoint.events.{}"


def fill(*, team: Team, number: int, now: datetime) -> None:
    """Telemetry over the two days up to now, by hosts of the desk."""
    for first in range(0, number, _AT_ONCE):
        _put(team, (_ordinary(n, number, now) for n in range(first, min(first + _AT_ONCE, number))), now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _ordinary(n: int, number: int, now: datetime) -> dict[str, Any]:
    event = telemetry(_SEED, n)
    event["@timestamp"] = (now - SPAN * (1 - n / number)).isoformat()
    host = event.get("host") or {}
    event["host"] = {**host, "name": f"host-{n * 7 % 400:03}"}
    return event


def _put(team: Team, documents: Iterable[dict[str, Any]], now: datetime) -> list[Any]:
    reception = Reception(team.pk, now, (now - timedelta(days=30)).date(), 1 << 20)
    events = [normalise(orjson.dumps(document), reception) for document in documents]
    partitions.ensure_days({event.day for event in events})
    with transaction.atomic():
        store.put_batch(team_id=team.pk, events=events, ingested_at=now)
    return events


def plant(*, team: Team, now: datetime, trees: int = TREES) -> list[int]:
    """Give that many of the newest open alerts of a process an event in a tree; returns their numbers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, host_name, user_name, event_time FROM alerts_alert WHERE status = 'open' AND team_id = %s "
            "AND event_time > %s ORDER BY id DESC LIMIT %s",
            [team.pk, now - SPAN, trees],
        )
        rows = cursor.fetchall()
    for alert_id, host, user, at in rows:
        events = _put(team, _tree(alert_id, host, user, at), now)
        chosen = events[3]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE alerts_alertevent SET uid = %s, day = %s, index = %s, document = %s WHERE alert_id = %s",
                [chosen.uid, chosen.day, chosen.index, pack(chosen.raw), alert_id],
            )
    return [row[0] for row in rows]


def _tree(number: int, host: str, user: str, at: datetime) -> Iterator[dict[str, Any]]:
    """init, sshd, bash, the alert's perl; its children, its siblings, and the files and connections of some."""
    dice = random.Random(number)
    chain = ("systemd", "sshd", "bash", "perl")
    for depth, name in enumerate(chain):
        yield _started(number, host, user, at - timedelta(seconds=60 * (3 - depth)), f"{depth}", name, f"{depth - 1}")
    for child in range(dice.randrange(5, 40)):
        yield _started(number, host, user, at + timedelta(seconds=child), f"3-{child}", "sh", "3")
    for sibling in range(dice.randrange(5, 30)):
        yield _started(number, host, user, at - timedelta(seconds=sibling), f"2-{sibling}", "ls", "2")
    for deed in range(dice.randrange(10, 60)):
        yield _did(number, host, user, at + timedelta(seconds=deed), deed, f"3-{deed % 5}" if deed % 3 else "3")


def _common(kind: str, number: int, host: str, user: str, at: datetime, name: str) -> dict[str, Any]:
    return {
        "@timestamp": at.isoformat(),
        "data_stream": {"type": "logs", "dataset": _DATASET.format(kind), "namespace": "default"},
        "event": {"category": [kind], "type": ["start"], "action": "exec", "id": f"tree-{number}-{name}-{at:%H%M%S}"},
        "host": {"name": host, "os": {"type": "linux"}},
        "user": {"name": user},
    }


def _started(number: int, host: str, user: str, at: datetime, own: str, name: str, parent: str) -> dict[str, Any]:
    event = _common("process", number, host, user, at, own)
    event["process"] = {
        "name": name, "pid": 1_000 + len(own), "executable": f"/usr/bin/{name}", "args": [name, "-e", own],
        "command_line": f"{name} -e {own}", "entity_id": f"{number}/{own}",
        "hash": {"sha256": f"{number % 977:064x}"},
        "parent": {"name": "bash", "entity_id": f"{number}/{parent}", "executable": "/bin/bash"},
    }  # fmt: skip
    return event


def _did(number: int, host: str, user: str, at: datetime, deed: int, own: str) -> dict[str, Any]:
    event = _common("file" if deed % 2 else "network", number, host, user, at, f"did{deed}")
    event["process"] = {"name": "perl", "entity_id": f"{number}/{own}", "pid": 1}
    if deed % 2:
        event["file"] = {"path": f"/tmp/{deed}.out", "name": f"{deed}.out"}
    else:
        event["destination"] = {"ip": f"198.51.100.{deed}", "port": 443}
    return event
