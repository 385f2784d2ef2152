"""The triage desk over a million alerts and two million stored events: time of the server, and from a key to the paint.

    python -m bench desk [--alerts N] [--events N] [--folder FOLDER]

With FOLDER the database is kept there and used again. Server time is what Django's test client waits for, the whole way
through middleware, view, database and template, without a network; nothing is cached between requests but what the
product itself keeps. From key to paint is taken in Chromium, against the same server under granian on the same cores:
from the time stamp of the key until the frame after the one in which what it asks for was done, whatever it had to wait
for.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.desk_figures import REQUESTS, Asked, least_disturbed, tell
from bench.desk_painted import painted
from bench.results import conditions
from bench.system import free_port
from soc.local import services
from soc.local.application import Door, Web
from soc.web.garbage import look_rarely

ALERTS, EVENTS = 1_000_000, 2_000_000
OF_THE_RULE = 1_000  # alerts of the rule whose exception is previewed


def main(words: Sequence[str] = ()) -> None:
    """Fill a database of its own, or take the one that was kept, and measure."""
    given = _arguments(words)
    folder = Path(given.folder or tempfile.mkdtemp(prefix="wbb-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    try:
        with services.running(home=folder / "home", environ={}) as base:
            os.environ |= base.environment() | {"LOG_LEVEL": "ERROR"}
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
            _prepared(folder, given.alerts, given.events)
            _server(given)
            door = Door(port=free_port())
            base.supervisor.start(Web(base.environment() | {"LOG_LEVEL": "ERROR"}, door))
            painted(given, door.url)
            _close()
    finally:
        if not given.folder:
            shutil.rmtree(folder, ignore_errors=True)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench desk", description=__doc__)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--folder", default="")
    return parser.parse_args(words)


def _prepared(folder: Path, alerts: int, events: int) -> None:
    """A database with the desk in it; one that was kept is used as it is."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if (folder / "filled").exists():
        return
    call_command("load_rules", verbosity=0)
    _fill(alerts, events)
    (folder / "filled").touch()


def _fill(alerts: int, events: int) -> None:
    from accounts.selectors import default_team
    from bench import desk_events, desk_world

    now, begun = datetime.now(UTC), time.monotonic()
    desk_world.fill(now=now, alerts=alerts)
    print(f"desk: {alerts:,} alerts in {time.monotonic() - begun:.0f} s", flush=True)
    begun = time.monotonic()
    desk_events.fill(team=default_team(), number=events, now=now)
    desk_events.plant(team=default_team(), now=now)
    print(f"desk: {events:,} events in {time.monotonic() - begun:.0f} s", flush=True)
    _one_rule_with(OF_THE_RULE)


def _one_rule_with(number: int) -> None:
    """A rule of which there are that many alerts: what an exception is previewed over."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT rule_id FROM alerts_alert GROUP BY rule_id ORDER BY count(*) LIMIT 1")
        [rule] = cursor.fetchone() or [""]
        cursor.execute(
            "WITH kept AS (SELECT a.id FROM alerts_alert a JOIN alerts_alertevent e ON e.alert_id = a.id "
            "WHERE a.rule_id = %s ORDER BY a.status = 'closed', a.id DESC LIMIT %s), gone AS (SELECT id FROM "
            "alerts_alert WHERE rule_id = %s AND id NOT IN (SELECT id FROM kept)), evidence AS (DELETE FROM "
            "alerts_alertevent WHERE alert_id IN (SELECT id FROM gone)) DELETE FROM alerts_alert WHERE id IN "
            "(SELECT id FROM gone)",
            [rule, number, rule],
        )
        cursor.execute("VACUUM ANALYZE")


def _server(given: argparse.Namespace) -> None:
    from django.test import Client

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username="ana"), backend="django.contrib.auth.backends.ModelBackend")
    look_rarely()
    for asked in _everything(client):
        before = conditions()
        tell(asked, least_disturbed(partial(_times, asked.act)), given, before)


def _everything(client: Any) -> Iterator[Asked]:
    """What analysts ask all day."""
    from alerts.models import Alert, AlertEvent

    newest = list(Alert.objects.filter(status="open").order_by("-pk").values_list("pk", flat=True)[:REQUESTS])
    planted = AlertEvent.objects.filter(document__isnull=False, index__contains="process", alert__status="open")
    trees = list(planted.order_by("-alert_id").values_list("alert_id", flat=True)[:REQUESTS])

    def got(address: str, **headers: str) -> Callable[[int], Any]:
        return lambda n: _ok(
            client.get(address.format(id=newest[n % len(newest)], tree=trees[n % len(trees)]), **headers)
        )

    part = {"HTTP_HX_REQUEST": "true"}
    yield Asked("queue", 100, got("/alerts/"))
    yield Asked("queue, all", 100, got("/alerts/?view=all"))
    yield Asked("queue, one host", 100, got("/alerts/?host=host-007"))
    yield Asked("queue, KQL", 100, got("/alerts/?q=host.name%3A+host-01*"))
    yield Asked("queue, newest first, a day", 100, got("/alerts/?sort=newest&time=24h"))
    yield Asked("alert page", 150, got("/alerts/{id}/"))
    yield Asked("alert page, process tree", 150, got("/alerts/{tree}/"))
    yield Asked("preview of a row", 80, got("/alerts/{id}/peek/", **part))
    yield Asked("related alerts", 150, got("/alerts/{tree}/?side=related"))
    yield Asked("pivots, all counts at once", 1_500, got("/alerts/{tree}/pivots/counts/", **part))
    yield from _pivots(client, trees)
    yield _preview(client)


def _pivots(client: Any, trees: Sequence[int]) -> Iterator[Asked]:
    """Each of the first pivots of an alert, opened."""
    for number in range(1, 7):
        if client.get(f"/alerts/{trees[0]}/pivots/{number}/", HTTP_HX_REQUEST="true").status_code == 200:
            address = f"/alerts/{{id}}/pivots/{number}/"
            yield Asked(
                f"pivot {number}",
                200,
                lambda n, address=address: _ok(  # type: ignore[misc]
                    client.get(address.format(id=trees[n % len(trees)]), HTTP_HX_REQUEST="true"), (200, 404)
                ),
            )


def _preview(client: Any) -> Asked:
    """The preview of an exception over a rule of a thousand alerts, edited again and again."""
    from django.db.models import Count

    from alerts.models import Alert

    few = Alert.objects.order_by().values("rule_id").annotate(n=Count("pk")).order_by("n").first() or {"rule_id": ""}
    alert = Alert.objects.filter(rule_id=few["rule_id"], status="open").latest("pk")
    form = {"field": ["user.name", "host.name"], "operator": ["is", "matches"], "case": ["", ""], "reason": "x"}

    def act(number: int) -> Any:
        values = {"value": [f"user{number}", f"host-{number:03}*"]}
        answer = client.post(
            f"/alerts/{alert.pk}/exceptions/preview/", form | values, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="preview"
        )
        return _ok(answer)

    return Asked("exception preview, 1,000 alerts", 500, act)


def _ok(answer: Any, allowed: Sequence[int] = (200,)) -> Any:
    assert answer.status_code in allowed, (answer.request["PATH_INFO"], answer.status_code)
    return answer


def _times(act: Callable[[int], Any]) -> list[float]:
    """What each took in milliseconds, after two that warm what a process keeps."""
    act(0)
    act(1)
    found = []
    for number in range(REQUESTS):
        begun = time.perf_counter()
        act(number)
        found.append((time.perf_counter() - begun) * 1000)
    return found


def _close() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
