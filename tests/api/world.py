"""One of everything that the API can name, all of one team, and everybody with a key of every scope."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.keys import create_key
from accounts.models import ApiKey, Notice, Team, User
from accounts.roles import Role
from accounts.scopes import Scope
from alerts import notes, triage
from alerts.models import AlertEvent, ExceptionDraft
from cases.joining import add_alerts
from cases.opening import open_case
from cases.todo import add_task
from cases.writing import write
from events.folding import fold
from events.models import Batch, DeadLetter
from rules.exceptions import create_item
from rules.models import ExceptionItem, Rule
from rules.value_lists import create_list
from tests.alerts.pages import world as worlds

ENTRIES = [
    {"field": "host.name", "type": "match", "operator": "included", "value": "nowhere"},
    {"field": "process.parent.name", "type": "match", "operator": "included", "value": "cron"},
]
OTHERS = [{"field": "host.name", "type": "match", "operator": "included", "value": "elsewhere"}]


@dataclass
class Site:
    """The people by name, what the API can name, and what each person presents."""

    world: worlds.World
    team: Team
    other: Team
    people: dict[str, User]
    named: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def header_for(self, person: User, scopes: list[str], team: Team | None = None) -> str:
        """A new key for the person."""
        return f"ApiKey {make_key(person, team or self.team, scopes, self.world.now)[1]}"

    def call(self, who: str | None, method: str, path: str, body: Any = None, header: str | None = None) -> Any:
        """The answer to a request of a person with a key of all scopes, or with the header given."""
        presented = header or (self.headers[who] if who else None)
        more: dict[str, Any] = {"HTTP_AUTHORIZATION": presented} if presented else {}
        client = Client(raise_request_exception=False)
        content: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return client.generic(method, f"/api/v1/{path}", **content, **more)


def make_key(person: User, team: Team, scopes: list[str], now: Any) -> tuple[ApiKey, str]:
    """A key that acts for the person, whatever his role: what a key opens is what is tried, not who may make one."""
    return create_key(name=f"of {person}", team=team, actor=None, acts_for=person, scopes=scopes, now=now)


def _list(world: worlds.World) -> str:
    """A value list that nothing asks for."""
    told: dict[str, Any] = {"list_id": "scanners", "name": "Scanners", "type": "ip", "lines": ["192.0.2.7"]}
    return create_list(**told, actor=world.rosa, now=world.now).value_list.pk


def build() -> Site:
    """The site: alerts open and closed, an exception, a draft, a case with a task, notices, keys."""
    world = worlds.build()
    first, second, third, fourth = world.send([world.perl(number) for number in range(1, 5)])
    fold()
    Rule.objects.filter(pk=first.rule_id).update(team=world.team)  # the pack serves everybody; this one does not
    world.close([fourth])
    item = _exception(world, first.rule_id, first.pk)
    draft = _draft(world, second)
    acting: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    case = open_case(title="Perl on db-1", team=world.team, alert_ids=[third.pk], **acting)
    add_alerts(case_id=case.pk, alert_ids=[second.pk], **acting)
    write(case_id=case.pk, text="Looked at it with @mona.", **acting)
    task = add_task(case_id=case.pk, text="Isolate db-1", **acting)
    notes.comment(alert_id=first.pk, text="Seen before.", **acting)
    outcome = triage.set_status(alert_ids=[first.pk], status="acknowledged", **acting)
    people = dict(world.people)
    people["otto"].role = Role.ENGINEER  # every permission of an engineer: only the team can stop him
    people["otto"].save(update_fields=["role"])
    site = Site(world, world.team, world.other, people, {})
    site.named = {
        "alert_id": first.pk,
        "rule_id": first.rule_id,
        "item_id": item.pk,
        "draft_id": draft.pk,
        "case_id": case.pk,
        "task_id": task.pk,
        "uid": bytes(AlertEvent.objects.get(alert=first).uid).hex(),
        "key_id": world.keys[world.team.pk].pk,
        "notice_id": notice_for(people["ana"], world.now).pk,
        "group": str(outcome.group),
        "in_case": third.pk,
        "severity": "high",
        "list_id": _list(world),
        "letter_id": _letter(world).pk,
        "batch_id": _batch(world).pk,
    }
    for name, person in people.items():
        team = world.other if name == "otto" else world.team
        site.headers[name] = site.header_for(person, list(Scope.values), team)
    return site


def notice_for(person: User, now: Any) -> Notice:
    """Something that the person should know."""
    return Notice.objects.create(
        user=person, at=now, kind=Notice.Kind.ASSIGNED, text="Ana gave you AL-1.", path="/alerts/1/", key=uuid4().hex
    )


def _exception(world: worlds.World, rule_id: str, alert_id: int) -> ExceptionItem:
    return create_item(
        rule=Rule.objects.get(pk=rule_id),
        entries=ENTRIES,
        reason="known good",
        name="nowhere",
        expires_at=world.now + timedelta(days=30),
        owner=world.rosa,
        from_alert=alert_id,
        actor=world.rosa,
        now=world.now,
    )


def _draft(world: worlds.World, alert: Any) -> ExceptionDraft:
    return ExceptionDraft.objects.create(
        alert=alert,
        rule=alert.rule,
        team=world.team,
        name="draft",
        entries=OTHERS,
        reason="backups",
        author=world.ana,
        created_at=world.now,
        updated_at=world.now,
        expires_at=world.now + timedelta(days=30),
    )


def _letter(world: worlds.World) -> DeadLetter:
    line = json.dumps(world.perl(90)).encode()
    return DeadLetter.objects.create(
        team=world.team,
        api_key=world.keys[world.team.pk],
        at=world.now,
        reason="wrong_type",
        detail="The field source.ip must hold an IP address.",
        host="db-1",
        body=line,
        body_bytes=len(line),
        kept_bytes=len(line),
    )


def _batch(world: worlds.World) -> Batch:
    return Batch.objects.create(
        team=world.team,
        ingested_at=world.now,
        days=[world.now.date()],
        events=1,
        state=Batch.State.QUARANTINED,
        error="known bad",
    )
