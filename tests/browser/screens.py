"""Every page of the product with the demo company's alerts, at both widths and in both themes, as pictures.

`make screens` writes them into docs/screens/; the README shows some of them. SCREENS names another folder, ONLY some of
the pages by the beginning of their names.
"""

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from pytest_django.live_server_helper import LiveServer

from accounts.keys import create_key
from accounts.models import RolePolicy, User
from accounts.roles import Role
from alerts import exceptions, triage
from alerts.models import Alert, AlertEvent, Kind
from alerts.reviewing.checks import check_due
from cases.models import Case
from events import prevalence_notes
from events.partitions import ensure_days
from rules.loading import load_rules
from rules.models import ExceptionItem, Rule
from rules.pages import TABS
from soc.demo.backfill import backfill
from soc.demo.company import found
from soc.demo.team import demo_team
from tests.alerts.pages import joined
from tests.alerts.pages.world import PACK, PERL, World
from tests.browser.conftest import Visit
from tests.browser.test_every_page import EXPECTED

FOLDER = Path(os.environ.get("SCREENS", django_settings.BASE_DIR / "docs" / "screens"))
ONLY = tuple(os.environ.get("ONLY", "").split())
DAYS = int(os.environ.get("SCREENS_DAYS", "8"))
LOOKS = (("", False, False), ("_dark", False, True), ("_390", True, False), ("_390_dark", True, True))
SEQUENCE = "sequence by host.name with maxspan=1m [process where true] [network where true]"
ROWS = "FROM logs-* | STATS events = COUNT(*), users = COUNT_DISTINCT(user.name) BY host.name | SORT events DESC"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Some days of the demo company, with an exception in force and a draft that waits; and an alert of each kind that
    the demo's rules do not make."""
    now = datetime.now(UTC)
    team = demo_team()
    people = {name: _person(name, first, role) for name, first, role in (
        ("rosa", "Rosa", Role.ENGINEER), ("ana", "Ana", Role.ANALYST), ("mona", "Mona", Role.MANAGER),
        ("adam", "Adam", Role.ADMIN),
    )}  # fmt: skip
    for user in people.values():
        user.teams.add(team)
    key, _ = create_key(name="demo", team=team, actor=None, now=now, demo=True)
    ensure_days([(now + timedelta(days=shift)).date() for shift in range(-DAYS - 2, 2)])
    load_rules(paths=[PACK], source="pack", actor=None, now=now, enable=True)
    backfill(company=found(7), key=key, seed=7, days=DAYS, now=now, progress=lambda _: None)
    while prevalence_notes.note(now=now + timedelta(minutes=10)):
        pass
    made = World(now, team, team, people, {team.pk: key})
    _at_work(made)
    joined.load()
    for raised in (joined.sequence, joined.sample, joined.count, joined.met):
        raised(made)
    return made


def _person(name: str, first: str, role: Role) -> User:
    return User.objects.create(username=name, first_name=first, role=role)


def _at_work(world: World) -> None:
    """Alerts that people took, an exception and a draft."""
    chosen, team_ids = random.Random(7), [world.team.pk]
    waiting = list(Alert.objects.exclude(status="closed").order_by("-pk"))
    for alert in chosen.sample(waiting, len(waiting) // 3):
        who = chosen.choice([world.ana, world.rosa])
        triage.assign(alert_ids=[alert.pk], assignee=who, actor=world.ana, now=world.now, team_ids=team_ids)
    noisy = Alert.objects.filter(rule_id=PERL).exclude(user_name=None).latest("pk")
    others = Alert.objects.exclude(rule_id=PERL).exclude(user_name=None).exclude(status="closed")
    menu = exceptions.add(
        alert=noisy, entries=[_is("process.parent.executable", "/opt/menu/run.sh"), _is("user.name", "postgres")],
        reason="The vendor's menu starts a shell for operators.", actor=world.rosa, now=world.now, team_ids=team_ids,
    ).item  # fmt: skip
    RolePolicy.objects.update_or_create(role=Role.ANALYST, defaults={"exceptions": "draft"})
    exceptions.draft(
        alert=others.latest("pk"), entries=[_is("user.name", str(others.latest("pk").user_name))],
        reason="A service account of the nightly report.", actor=world.ana, now=world.now, team_ids=team_ids,
    )  # fmt: skip
    exceptions.draft_change(
        item=menu, version=menu.version, entries=[*menu.entries[:1], _is("user.name", "oracle")], name=menu.name,
        reason="The menu runs as oracle since the move.", actor=world.ana, now=world.now, team_ids=team_ids,
    )  # fmt: skip
    check_due(world.now)


def _is(field: str, value: str) -> dict[str, str]:
    return {"field": field, "type": "match", "operator": "included", "value": value}


def shots() -> dict[str, tuple[str, str]]:
    """What to take: who looks, and where."""
    waiting = Alert.objects.exclude(status="closed").order_by("-severity", "-pk")
    alert = waiting.filter(kind=Kind.EVENT).exclude(host_name=None).first() or Alert.objects.latest("pk")
    beside = waiting.filter(rule_id=PERL).first() or alert
    case, item = Case.objects.latest("pk"), ExceptionItem.objects.latest("pk")
    uid = bytes(AlertEvent.objects.filter(alert=alert)[0].uid).hex()
    kinds = {kind: Alert.objects.filter(kind=kind).order_by("-pk").first() for kind in Kind.values}
    esql = Rule.objects.filter(type="esql").first()
    taken = {
        "queue": ("ana", "/alerts/"),
        "queue_closed": ("ana", "/alerts/?view=closed"),
        "queue_empty": ("ana", "/alerts/?host=nowhere"),
        "groups": ("ana", "/alerts/groups/"),
        "groups_host": ("ana", "/alerts/groups/?by=host&view=all"),
        "groups_user": ("ana", "/alerts/groups/?by=user&severity=high&q=host.name:*"),
        "alert": ("ana", f"/alerts/{alert.pk}/"),
        "alert_false_positives": ("ana", f"/alerts/{alert.pk}/?side=fp"),
        "alert_respond": ("ana", f"/alerts/{alert.pk}/?side=respond"),
        "alert_related": ("ana", f"/alerts/{alert.pk}/?side=related"),
        "alert_activity": ("ana", f"/alerts/{alert.pk}/?side=activity"),
        "exception": ("rosa", f"/alerts/{beside.pk}/?side=exception"),
        "exceptions": ("rosa", "/exceptions/"),
        "exception_over_time": ("rosa", f"/exceptions/{item.pk}/"),
        "value_lists": ("rosa", "/settings/lists/"),
        "search": ("ana", "/search/?q=process.name:*&from=now-24h"),
        "search_sequences": ("ana", f"/search/?lang=eql&q={quote(SEQUENCE)}"),
        "search_rows": ("ana", f"/search/?lang=esql&q={quote(ROWS)}"),
        "event": ("ana", f"/search/event/{uid}/"),
        "rules": ("rosa", "/rules/"),
        "rule": ("rosa", f"/rules/{alert.rule_id}/"),
        "cases": ("ana", "/cases/"),
        "case": ("ana", f"/cases/{case.pk}/"),
        "overview": ("mona", "/overview/"),
        "health": ("adam", "/health/"),
        "login": ("", "/login/"),
        "notices": ("ana", "/notices/"),
        "go": ("ana", "/go/"),
        **_around_an_alert(alert, uid),
        **_around_a_case(case, alert),
        **_around_rules(beside, item),
        **_behind_the_desk(adam=User.objects.get(username="adam")),
        **{f"alert_{kind}": ("ana", f"/alerts/{one.pk}/") for kind, one in kinds.items() if one and kind != "block"},
        **({"rule_pipeline": ("rosa", f"/rules/{esql.pk}/")} if esql else {}),
    }
    return {name: told for name, told in taken.items() if not ONLY or name.startswith(ONLY)}


def _around_an_alert(alert: Alert, uid: str) -> dict[str, tuple[str, str]]:
    return {
        "alert_all_fields": ("ana", f"/alerts/{alert.pk}/?facts=all"),
        "alert_raw": ("ana", f"/alerts/{alert.pk}/?facts=raw"),
        "escalate": ("ana", f"/alerts/{alert.pk}/escalate/"),
        "why": ("ana", f"/search/event/{uid}/why-not/?rule={alert.rule_id}"),
        "why_not": ("ana", f"/search/event/{uid}/why-not/?q=shell"),
        "alerts_of_event": ("ana", f"/alerts/of-event/{uid}/"),
        "search_alerts": ("ana", "/search/?in=alerts"),
        "search_mistaken": ("ana", "/search/?q=host.name:("),
        "search_fields": ("ana", "/search/fields/?field=process.name"),
        "search_rule": ("rosa", "/search/rule/?q=process.name:perl"),
        "not_found": ("ana", "/alerts/999999999/"),
    }


def _around_a_case(case: Case, alert: Alert) -> dict[str, tuple[str, str]]:
    return {
        "cases_board": ("ana", "/cases/?show=board"),
        "case_new": ("ana", f"/cases/new/?alert={alert.pk}"),
        "case_edit": ("ana", f"/cases/{case.pk}/edit/"),
        "case_close": ("ana", f"/cases/{case.pk}/close/"),
        "case_alerts": ("ana", f"/cases/{case.pk}/alerts/"),
        "case_report": ("ana", f"/cases/{case.pk}/report/?show=1"),
    }


def _around_rules(alert: Alert, item: ExceptionItem) -> dict[str, tuple[str, str]]:
    return {
        **{f"rule_{tab}": ("rosa", f"/rules/{alert.rule_id}/?tab={tab}") for tab in TABS if tab != "logic"},
        "exception_new": ("rosa", f"/rules/{alert.rule_id}/exceptions/new/?add=user.name&add=host.name"),
        "exceptions_import": ("rosa", "/exceptions/import/"),
    }


def _behind_the_desk(adam: User) -> dict[str, tuple[str, str]]:
    pages = ("keys", "users", "users/new", "teams", "roles", "targets", "audit", "security", "shared-lists/new")
    return {
        **{f"settings_{page.replace('/', '_')}": ("adam", f"/settings/{page}/") for page in pages},
        "settings_user": ("adam", f"/settings/users/{adam.pk}/"),
        "settings_you": ("ana", "/settings/you/"),
        "agents": ("adam", "/health/agents/"),
        "dead_letters": ("adam", "/search/dead-letters/"),
    }


def test_every_page_is_taken(live_server: LiveServer, visit: Visit, world: World) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    complaints: dict[str, Any] = {}
    for suffix, phone, dark in LOOKS:
        visitors: dict[str, Any] = {}
        for name, (who, address) in shots().items():
            if who not in visitors:
                visitors[who] = visit(who, phone=phone, dark=dark)
            visitor = visitors[who]
            visitor.complaints.clear()
            page = visitor.open(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}{suffix}.png")
            if said := [one for one in visitor.complaints if not any(known in one for known in EXPECTED)]:
                complaints[name + suffix] = said
    assert complaints == {}
