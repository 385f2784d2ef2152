"""Pictures of the real pages with the demo company's alerts, to look at beside the mock-ups and for the README.

PICTURES=/tmp/pictures pytest tests/browser/pictures.py
"""

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from accounts.keys import create_key
from accounts.models import User
from accounts.roles import Role
from alerts import triage
from alerts.models import Alert, AlertEvent
from events.partitions import ensure_days
from rules.loading import load_rules
from soc.demo.backfill import backfill
from soc.demo.company import found
from soc.demo.team import demo_team
from tests.alerts.pages.world import PACK, PERL, World
from tests.browser.conftest import Visit

FOLDER = Path(os.environ.get("PICTURES", "/tmp/pictures"))
DAYS = int(os.environ.get("PICTURES_DAYS", "3"))


@pytest.fixture
def world(transactional_db: None) -> World:
    """A few days of the demo company."""
    now = datetime.now(UTC)
    team = demo_team()
    ana = User.objects.create(username="mika", first_name="Mika", last_name="Kaya", role=Role.ENGINEER)
    jana = User.objects.create(username="jana", first_name="Jana", last_name="Adler", role=Role.ANALYST)
    for user in (ana, jana):
        user.teams.add(team)
    key, _ = create_key(name="demo", team=team, actor=None, now=now, demo=True)
    ensure_days([(now + timedelta(days=shift)).date() for shift in range(-DAYS - 2, 2)])
    load_rules(paths=[PACK], source="pack", actor=None, now=now, enable=True)
    backfill(company=found(7), key=key, seed=7, days=DAYS, now=now, progress=lambda _: None)
    chosen = random.Random(7)
    waiting = list(Alert.objects.exclude(status="closed").order_by("-pk"))
    for alert in chosen.sample(waiting, len(waiting) // 3):
        triage.assign(
            alert_ids=[alert.pk],
            assignee=chosen.choice([ana, jana]),
            actor=ana,
            now=now,
            team_ids=[team.pk],
        )
    return World(now, team, team, {"mika": ana, "jana": jana}, {})


def test_pictures(chromium: Browser, live_server: LiveServer, visit: Visit, world: World) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    waiting = Alert.objects.exclude(status="closed").order_by("-severity", "-pk")
    alert = waiting.exclude(host_name=None).first() or Alert.objects.latest("pk")
    new = Alert.objects.exclude(new_terms=None).order_by("-pk").first() or alert
    beside = waiting.filter(rule_id=PERL).first() or alert
    hidden = waiting.filter(rule_id=beside.rule_id, host_name=beside.host_name).exclude(pk=beside.pk)
    world.close(hidden[:2], "true_positive", by="jana")
    shots = {
        "queue": "/alerts/",
        "alert": f"/alerts/{alert.pk}/",
        "exception": f"/alerts/{alert.pk}/?side=exception",
        "activity": f"/alerts/{alert.pk}/?side=activity",
        "related": f"/alerts/{alert.pk}/?side=related",
        "newterms": f"/alerts/{new.pk}/",
        "raw": f"/alerts/{alert.pk}/?facts=raw",
        "filters": "/alerts/?severity=high&host=x&q=host.name:%20(",
        "closed": "/alerts/?view=closed",
        "all": "/alerts/?view=all",
        "rule": f"/rules/{alert.rule_id}/",
        "guard": f"/alerts/{beside.pk}/?side=exception",
        "rules": "/rules/",
        "search": "/search/?q=process.name:*&range=24h",
        "event": f"/search/event/{bytes(AlertEvent.objects.filter(alert=alert)[0].uid).hex()}/",
        "login": "/accounts/login/",
    }
    for name, address in shots.items():
        for suffix, phone, dark in (("", False, False), ("_dark", False, True), ("_390", True, False)):
            if suffix and name not in {"queue", "alert", "exception", "newterms", "rule", "event"}:
                continue
            visitor = visit("mika", phone=phone, dark=dark)
            page = visitor.open(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}{suffix}.png")
            if visitor.complaints:
                print(name, suffix, visitor.complaints)
