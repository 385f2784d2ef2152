"""Every URL says who may enter (tests/access.toml), and does what it says: tried as everybody, nobody included."""

import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from accounts import access_requests, saved
from accounts.api.view import ApiView
from accounts.models import Change, Notice, User
from accounts.roles import PERMISSIONS, Permission, Role
from accounts.services import create_sign_in_link
from alerts import trials
from alerts.exceptions import drafts
from alerts.models import Alert, AlertEvent, BulkAct, SavedView, Trial
from cases.opening import open_case
from cases.todo import add_task
from events.models import Batch, DeadLetter, SavedSearch
from rules import shared
from rules.exceptions import create_item
from rules.models import Rule
from rules.value_lists import create_list as create_value_list
from tests.alerts.pages import world as worlds

TABLE = tomllib.loads((Path(__file__).parent / "access.toml").read_text(encoding="utf-8"))
METHODS = {"GET", "POST"}
HTMX = {"HTTP_HX_REQUEST": "true"}


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    name: str
    may: str
    method: str = "GET"
    args: list[str] = field(default_factory=list)
    foreign: bool | str = False
    form: dict[str, str] = field(default_factory=dict)


LINES = [Line(name, **told) for name, told in TABLE.items()]


def _names(patterns: list[Any], prefix: str = "") -> list[str]:
    names = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if issubclass(getattr(pattern.callback, "cls", object), ApiView):
                continue  # tests/api/test_access.py tries each operation of the API
            names.append(f"{prefix}{pattern.name}")
        else:
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            names += _names(pattern.url_patterns, inner)
    return names


def test_every_url_has_a_line_and_every_line_a_url():
    assert sorted(_names(get_resolver().url_patterns)) == sorted(TABLE), "see tests/access.toml"


def test_every_line_names_a_permission():
    assert {line.may for line in LINES} <= {"public", "key", *(permission.value for permission in Permission)}
    assert {line.method for line in LINES} <= METHODS


@dataclass
class Site:
    """One of everything that an address can name, all of the default team, and the people."""

    people: dict[Role, User]
    outsider: User
    arguments: dict[str, Any]
    sessions: dict[User | None, str] = field(default_factory=dict)

    def client_of(self, person: User | None) -> Client:
        """A browser of the person: always the same session, and no cookie that an earlier page has set."""
        client = Client(raise_request_exception=False)
        if person is None:
            return client
        if person not in self.sessions:
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            self.sessions[person] = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[person]
        return client


@pytest.fixture
def site(db) -> Site:
    world = worlds.build()
    alert, other = world.send([world.perl(1), world.perl(2)])
    Rule.objects.filter(pk=alert.rule_id).update(team=world.team)  # the pack serves everybody; this one does not
    world.close([other])
    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": "nowhere"}]
    item = create_item(
        rule=alert.rule,
        entries=entries,
        reason="known good",
        name="nowhere",
        expires_at=None,
        review_at=None,
        owner=world.rosa,
        from_alert=alert.pk,
        actor=world.rosa,
        now=world.now,
    )
    draft = drafts.draft(
        alert=other, entries=[entries[0] | {"value": "elsewhere"}], reason="known good", actor=world.ana, now=world.now,
        team_ids=[world.team.pk],
    )  # fmt: skip
    return Site(
        people={Role(person.role): person for name, person in world.people.items() if name != "otto"},
        outsider=_as_engineer(world.otto),
        arguments={
            "pivot_number": 1,
            "alert_id": alert.pk,
            "act_id": _begun(world).pk,
            "view_id": _saved_view(world),
            "search_id": _saved_search(world),
            "trial_id": _asked(world, alert.rule, entries).pk,
            **_case_of(world),
            "pk": 1,  # a passkey of one's own, which nobody here has
            "session_id": 1,
            "rule_id": alert.rule_id,
            "item_id": item.pk,
            "list_id": _lists(world),
            "change_id": Change.objects.filter(object_type="value list").latest("pk").pk,
            "draft_id": draft.pk,
            "uid": bytes(AlertEvent.objects.get(alert=alert).uid).hex(),
            "key_id": world.keys[world.team.pk].pk,
            "group": _last_group(),
            "letter_id": _refused_event(world).pk,
            "batch_id": _batch_set_aside(world).pk,
            "user_id": world.vera.pk,
            "team_id": world.team.pk,
            "request_id": access_requests.ask(user=world.otto, team=world.team, path="/", now=world.now).pk,
            "notice_id": _told(world.vera).pk,
            "token": create_sign_in_link(user=world.vera, now=world.now + timedelta(hours=1)),
        },
    )


def _case_of(world: worlds.World) -> dict[str, int]:
    """A case of the default team with a task in it."""
    by: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    case = open_case(title="A case", severity=2, team=world.team, **by)
    return {"case_id": case.pk, "task_id": add_task(case_id=case.pk, text="Look", **by).pk}


def _lists(world: worlds.World) -> str:
    """A value list and a shared list, of the same id."""
    told: dict[str, Any] = {"list_id": "scanners", "name": "Scanners", "actor": world.rosa, "now": world.now}
    create_value_list(type="ip", lines=["192.0.2.7"], **told)
    return shared.create_list(**told).pk


def _told(person: User) -> Notice:
    return Notice.objects.create(user=person, at="2026-11-20T12:00Z", kind="assigned", text="x", path="/", key="x")


def _begun(world: worlds.World) -> BulkAct:
    """An act of Ana's on all that match, which no worker has begun."""
    told = {"actor": world.ana, "verb": "acknowledge", "as_of": world.now, "created_at": world.now, "query": ""}
    return BulkAct.objects.create(id=uuid4(), up_to_id=0, total=0, arguments={"filters": {}, "folds": []}, **told)


def _saved_view(world: worlds.World) -> int:
    """A view of Ana's, shared with her team."""
    told: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    return saved.create(SavedView, name="Grave", query="severity=high", team=world.team, **told).pk


def _saved_search(world: worlds.World) -> int:
    """A search of Ana's, shared with her team."""
    told: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    return saved.create(SavedSearch, name="Shells", query="q=sh", team=world.team, **told).pk


def _asked(world: worlds.World, rule: Rule, entries: list[dict[str, str]]) -> Trial:
    """A trial that Ana asked for."""
    told: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    return trials.begin(rule=rule, groups=[entries], span="24h", **told)


def _as_engineer(person: User) -> User:
    """Of another team, but with every permission that an engineer has: only the team can stop such a person."""
    person.role = Role.ENGINEER
    person.save(update_fields=["role"])
    return person


def _refused_event(world: worlds.World) -> DeadLetter:
    told = {"team": world.team, "api_key": world.keys[world.team.pk], "at": world.now, "reason": "not_json"}
    return DeadLetter.objects.create(**told, detail="", body=b"x", body_bytes=1, kept_bytes=1)


def _batch_set_aside(world: worlds.World) -> Batch:
    told = {"team": world.team, "ingested_at": world.now, "days": [], "events": 1}
    return Batch.objects.create(**told, state=Batch.State.QUARANTINED, error="It failed.", done_at=world.now)


def _last_group() -> Any:
    return Change.objects.exclude(group=None).latest("id").group


def _try(site: Site, line: Line, person: User | None, **headers: str) -> Any:
    """What the person gets; whatever it changed is taken back."""
    client = site.client_of(person)
    client.defaults.update(headers)
    address = reverse(line.name, kwargs={name: site.arguments[name] for name in line.args})
    with transaction.atomic():
        answer = _send(client, line, address)
        transaction.set_rollback(True)
    return answer


def _send(client: Client, line: Line, address: str) -> Any:
    return client.post(address, line.form) if line.method == "POST" else client.get(address)


def _is_let_in(answer: Any) -> bool:
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/login/")
    return answer.status_code not in {401, 403} and answer.status_code < 500 and not to_sign_in


def _expected(line: Line, role: Role | None) -> bool:
    if line.may == "public":
        return True
    if line.may == "key" or role is None:
        return False
    return Permission(line.may) in PERMISSIONS[role]


def test_everybody_gets_in_where_the_table_says_and_nowhere_else(site):
    wrong = []
    for line in LINES:
        for role, person in [(None, None), *site.people.items()]:
            answer = _try(site, line, person)
            if _is_let_in(answer) != _expected(line, role):
                wrong.append(f"{line.name} as {role or 'nobody'}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_an_engineer_of_another_team_is_kept_out(site):
    wrong = []
    for line in LINES:
        if line.foreign:
            answer = _try(site, line, site.outsider)
            if answer.status_code != (403 if line.foreign == "told" else 404):
                wrong.append(f"{line.name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_an_engineer_of_another_team_finds_nothing_of_this_one_in_lists(site):
    alert = Alert.objects.get(pk=site.arguments["alert_id"])
    for address in (reverse("alerts:queue"), reverse("events:search"), reverse("accounts:keys")):
        client = Client()
        client.force_login(site.outsider, backend="django.contrib.auth.backends.ModelBackend")
        text = client.get(address).content.decode()
        assert alert.host_name
        assert alert.host_name not in text, address
        assert site.arguments["key_id"][:8] not in text, address


def test_pages_that_change_something_refuse_get(site):
    client = Client()
    client.force_login(site.people[Role.ADMIN], backend="django.contrib.auth.backends.ModelBackend")
    for line in LINES:
        if line.method == "POST" and line.may != "key":
            address = reverse(line.name, kwargs={name: site.arguments[name] for name in line.args})
            assert client.get(address).status_code == 405, line.name


def test_no_address_fails_where_htmx_asks_for_it(site):
    """It may be asked for a part that its page has not."""
    answers = {line.name: _try(site, line, site.people[Role.ADMIN], **HTMX).status_code for line in LINES}
    assert {name: status for name, status in answers.items() if status >= 500} == {}
