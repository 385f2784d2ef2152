"""Pictures of health, agents and refused events, of a house in which all is well and of one in trouble.

PICTURES=/tmp/pictures pytest tests/health/pictures.py
"""

# ruff: noqa: F811  (fixtures are named like what they give)

import math
import os
import random
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_django.fixtures import Settings

from accounts.models import ApiKey
from alerts.evaluation import evaluate_pending
from events import lag, pulse
from events.models import ArrivalHour, ArrivalMinute, Batch, DeadLetter, LagMinute, Sender
from events.partitions import ensure_days
from rules.models import Rule
from soc.web import clock
from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import World
from tests.browser.conftest import (  # noqa: F401  (fixtures)
    Visit,
    _plain_static_names,
    chromium,
    playwright,
    visit,
    world,
)

FOLDER = Path(os.environ.get("PICTURES", "/tmp/pictures"))
AGENTS = ("filebeat 8.17.0", "elastic-agent 8.17.0", "vector 0.41", "auditbeat 8.15.2")
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("broker")]


def a_day(world: World, troubled: bool) -> None:
    """Arrivals and lag of a day, 200 hosts, alerts."""
    now, chosen = clock.now(), random.Random(5)
    minute = now.replace(second=0, microsecond=0)
    key = world.keys[world.team.pk]
    minutes, lags = [], []
    for ago in range(1440):
        at = minute - timedelta(minutes=ago)
        rate = 27 + 10 * math.sin((1440 - ago) / 1440 * 6.28) + 4 * chosen.random()
        refused = chosen.randrange(60) if troubled and ago < 90 else 0
        told: dict[str, Any] = {"minute": at, "team_id": world.team.pk, "requests": 60}
        minutes.append(ArrivalMinute(events=int(rate * 60), refused=refused, **told))
        worst = 21_000 if troubled and 160 < ago < 163 else int(400 + 500 * chosen.random())
        within = [0] * (len(lag.BOUNDS_SECONDS) + 1)
        within[1] = int(rate * 60)
        lags.append(LagMinute(minute=at, events=int(rate * 60), worst_ms=worst, within=within))
    ArrivalMinute.objects.bulk_create(minutes)
    LagMinute.objects.bulk_create(lags)
    hosts = [f"{kind}-{number:02}" for kind in ("web-prod", "db-stage", "ci-runner", "dev-vm") for number in range(50)]
    for host in hosts:
        sender(key, host, now, chosen)
    world.send([world.perl(number) for number in range(1, 9)])


def sender(key: ApiKey, host: str, now: Any, chosen: random.Random, quiet: float = 2, **more: Any) -> None:
    at = now - timedelta(seconds=quiet + 5 * chosen.random())
    told: dict[str, Any] = {
        "agent": chosen.choice(AGENTS), "first_at": now - timedelta(days=6), "last_at": at, "gap_seconds": 0,
        "ahead_ms": chosen.randrange(300), "reason": "",
    }  # fmt: skip
    Sender.objects.create(key_id=key.pk, team_id=key.team_id, host=host, **told | more)
    hour = now.replace(minute=0, second=0, microsecond=0)
    events, refused = chosen.randrange(300, 4000), more.pop("refused", 0)
    if quiet < 600:
        ArrivalHour.objects.create(
            hour=hour, key_id=key.pk, team_id=key.team_id, host=host, requests=9, events=events,
            refused=70 if more.get("reason") else refused, ahead_ms=0, last_at=at,
        )  # fmt: skip


def trouble(world: World) -> None:
    now, chosen, key = clock.now(), random.Random(6), world.keys[world.team.pk]
    sender(key, "nas-01", now, chosen, 26 * 60)
    sender(key, "dev-vm-99", now, chosen, 3.2 * 3600)
    sender(key, "gpu-lab-03", now, chosen, ahead_ms=280_000)
    sender(key, "web-prod-93", now, chosen, reason="too_deep", refused_at=now)
    world.send([world.perl(90, host__name="nas-01", **{"@timestamp": (now - timedelta(minutes=26)).isoformat()})])
    Rule.objects.order_by("name").filter(enabled=True).update(enabled=True)
    Rule.objects.filter(pk=worlds.PERL).update(
        quarantined_at=now - timedelta(minutes=30),
        quarantine_reason="line 4, column 12: there is no column dns.question.len",
    )
    for reason, detail, number, host in (
        ("too_deep", "Objects and arrays are nested too deeply.", 1902, "web-prod-93"),
        ("too_old", "@timestamp lies before the days that are kept.", 611, "dev-vm-22"),
        ("invalid_utf8", "The bytes are not UTF-8.", 96, "db-stage-02"),
        ("event_too_large", "One event may have 1,048,576 bytes.", 8, "ci-runner-02"),
    ):
        body = orjson.dumps({"host": {"name": host}, "message": "GET /labels/request/" + "a/" * 40})
        kept = len(body) if reason != "event_too_large" else 40
        told: dict[str, Any] = {"team": world.team, "api_key": key, "reason": reason, "detail": detail, "host": host}
        for ago in range(4):
            DeadLetter.objects.create(
                **told,
                at=now - timedelta(minutes=7 * ago + len(reason)),
                body=body[:kept],
                body_bytes=len(body),
                kept_bytes=kept,
            )
        rest = {"body": b"", "body_bytes": 0, "events": number - 4}
        DeadLetter.objects.create(**told | rest, at=now - timedelta(minutes=50))
    Batch.objects.create(
        team=world.team, ingested_at=now - timedelta(minutes=80), days=[now.date()], events=1, state="quarantined",
        done_at=now, error="ValueError: invalid IPv6 address in source.ip", alone=True,
    )  # fmt: skip


def live(now: Any) -> None:
    for name in ("box-1:41", "box-2:17"):
        pulse.beat(name=name, kind=pulse.WORKER, now=now, processes=2)
    pulse.beat(name=pulse.CLOCK, kind=pulse.CLOCK, now=now)


@pytest.mark.parametrize("troubled", [False, True], ids=["well", "troubled"])
def test_pictures(visit: Visit, world: World, settings: Settings, troubled: bool) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    now = clock.now()
    ensure_days([(now - timedelta(days=ago)).date() for ago in range(12)])
    a_day(world, troubled)
    if troubled:
        trouble(world)
    while evaluate_pending(now=now, worker=uuid.uuid4()).batches:
        pass
    name = "troubled" if troubled else "well"
    shots = {"health": "/health/"}
    if troubled:
        letter = DeadLetter.objects.filter(reason="too_deep", events=1).latest("pk")
        shots |= {
            "agents": "/health/agents/", "letters": "/search/dead-letters/",
            "letter": f"/search/dead-letters/{letter.pk}/",
        }  # fmt: skip
    for shot, address in shots.items():
        for look, phone, dark in (("light", False, False), ("dark", False, True), ("390", True, False)):
            live(clock.now())
            page = visit("rosa", phone=phone, dark=dark).open(address)
            page.screenshot(path=FOLDER / f"{shot}_{name}_{look}.png", full_page=phone)
