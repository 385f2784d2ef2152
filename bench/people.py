"""How long the server takes for the managers' overview and the list of cases, with 200,000 alerts and 5,000 cases.

Server time is what Django's test client waits for: the whole way through middleware, view, database and template, in
this process, without a network. Database and process are pinned to one core together, and no page is cached. Beside
it stands the processor time that the process and its database connection took, which is what the server needs of a core
that nobody else uses: on a busy machine only that is a figure.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.results import append, conditions, percentile
from soc.local import services

ALERTS, CASES, REQUESTS = 200_000, 5_000, 20


def main() -> None:
    """Fill a database of its own, measure each page, then the same figures the plain way."""
    home = Path(tempfile.mkdtemp(prefix="wbb-", dir="/tmp"))
    core = min(os.sched_getaffinity(0))
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        with services.running(home=home / "home", environ={}, broker=False) as base:
            os.environ |= base.environment() | {"LOG_LEVEL": "ERROR", "BROKER_URL": "", "CACHE_URL": ""}
            _measure_all(*_filled(home))
            _close()
    finally:
        os.sched_setaffinity(0, everywhere)
        shutil.rmtree(home, ignore_errors=True)


def _filled(home: Path) -> tuple[Any, datetime]:
    """Who looks, and since when nothing happens any more."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from bench.people_world import fill
    from soc.env import database_from_url

    settings.STATIC_ROOT = home / "static"
    connection.settings_dict.update(database_from_url(os.environ["DATABASE_URL"]))
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_rules", verbosity=0)
    now = datetime.now(UTC)
    begun = time.monotonic()
    mona = fill(alerts=ALERTS, cases=CASES, now=now)
    print(f"people: filled in {time.monotonic() - begun:.0f} s", flush=True)
    return mona, now


def _measure_all(mona: Any, now: datetime) -> None:
    from django.test import Client

    client = Client()
    client.force_login(mona, backend="django.contrib.auth.backends.ModelBackend")
    a_month_ago = (now - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    pages = {
        "overview, 7 days, now": "/overview/",
        "overview, 7 days, 30 days ago": f"/overview/?at={a_month_ago}",
        "overview, today": "/overview/?range=today",
        "overview, 30 days": "/overview/?range=30d",
        "overview, quarter": "/overview/?range=quarter",
        "overview, file": "/overview/figures.csv",
        "cases": "/cases/",
        "cases, closed": "/cases/?status=closed",
    }
    for name, address in pages.items():
        before = conditions()
        _append(name, _costs(lambda address=address: _get(client, address), REQUESTS), REQUESTS, before)  # type: ignore[misc]
    _plain_way(mona, now)


def _plain_way(mona: Any, now: datetime) -> None:
    """The same figures by querysets and loops; checked against ours, since a fast wrong number is worth nothing."""
    from accounts.selectors import teams_of
    from bench.people_plain import plain_figures
    from cases.overview.figures import figures
    from cases.overview.period import period_of

    teams, period = teams_of(mona), period_of("7d", now=now, zone=UTC)
    before = conditions()
    found: dict[str, Any] = {}
    costs = _costs(lambda: found.update(plain_figures(teams, period)), 3)
    ours = figures(team_ids=teams, period=period)
    assert found["open"] == ours.waiting.open, (found["open"], ours.waiting.open)
    assert found["past_target"] == ours.waiting.past_target
    assert found["opened"] == ours.opened
    assert found["closed"] == ours.closings.total
    assert abs((found["resolve"] or 0) - (ours.resolve.median or 0)) < 0.01
    _append("the same figures by querysets and loops, now only", costs, 3, before)
    before = conditions()
    _append("the figures alone", _costs(lambda: figures(team_ids=teams, period=period), REQUESTS), REQUESTS, before)


def _get(client: Any, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    if answer.streaming:
        assert b"".join(answer.streaming_content)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request took, in seconds: by the clock, and of the processor."""

    wall: float
    processor: float


def _costs(act: Callable[[], object], number: int) -> list[Cost]:
    """What each took, after one that warms what a process keeps."""
    act()
    found = []
    for _ in range(number):
        begun, busy = time.perf_counter(), _processor_seconds()
        act()
        found.append(Cost(time.perf_counter() - begun, _processor_seconds() - busy))
    return found


def _processor_seconds() -> float:
    """Of this process and of the database's process behind its connection."""
    from django.db import connection

    connection.ensure_connection()
    schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return time.process_time() + int(schedule.split()[0]) / 1e9


def _append(page: str, costs: list[Cost], requests: int, before: dict[str, Any]) -> None:
    wall = [cost.wall for cost in costs]
    figures = {
        "page": page,
        "alerts": ALERTS,
        "cases": CASES,
        "median_ms": round(statistics.median(wall) * 1000),
        "p95_ms": round(percentile(wall, 0.95) * 1000),
        "processor_ms": round(statistics.median(cost.processor for cost in costs) * 1000),
    }
    how = f"{requests} requests by Django's test client, database and process on one core, nothing cached"
    append("people", figures, how, before)


def _close() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    main()
