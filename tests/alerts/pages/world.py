"""A small SOC for tests of pages: people, two teams, two rules, and events that went in by the real doors."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.conf import settings

from accounts.keys import create_key
from accounts.models import ApiKey, Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import triage
from alerts.evaluation import evaluate_pending, judge_lookbacks
from alerts.models import Alert
from events.ingest import ingest
from events.partitions import ensure_days
from rules.loading import load_rules

PACK = settings.BASE_DIR / "rules" / "pack"
RULES = [PACK / "linux_interactive_terminal_perl.toml", PACK / "linux_system_user_interactive_shell.toml"]
PERL = "61d32f15-edd7-4853-a008-706c0b6603f1"


@dataclass
class World:
    """Ana triages, Rosa writes rules, Mona manages, Adam administers, Vera only looks, Otto is in the other team."""

    now: datetime
    team: Team
    other: Team
    people: dict[str, User] = field(default_factory=dict)
    keys: dict[int, ApiKey] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        people: dict[str, User] = self.__dict__.get("people", {})
        if name not in people:
            raise AttributeError(name)
        return people[name]

    def send(self, documents: Iterable[dict[str, Any]], team: Team | None = None) -> list[Alert]:
        """Post events with the team's key and judge them; returns the alerts they raised, newest event first."""
        last = Alert.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        body = b"\n".join(orjson.dumps(document) for document in documents)
        ingest(
            key=self.keys[(team or self.team).pk],
            body=body,
            content_type="application/x-ndjson",
            content_encoding="identity",
            idempotency_key=None,
            now=self.now,
        )
        while evaluate_pending(now=self.now, worker=uuid.uuid4()).batches:
            pass
        return list(Alert.objects.filter(pk__gt=last).order_by("-event_time", "pk"))

    def perl(self, number: int = 1, **fields: Any) -> dict[str, Any]:
        """An event that the Perl rule fires on; dotted names replace its fields."""
        minutes = timedelta(minutes=number)
        document: dict[str, Any] = {
            "@timestamp": (self.now - minutes).isoformat(),
            "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
            "event": {"category": ["process"], "type": ["start"], "action": "exec", "id": f"perl-{number}"},
            "host": {"name": f"db-{number % 3 + 1}", "os": {"type": "linux"}},
            "user": {"name": "postgres", "id": "113"},
            "process": {
                "name": "perl",
                "pid": 4200 + number,
                "executable": "/usr/bin/perl",
                "args": ["perl", "-e", 'exec "/bin/sh";'],
                "command_line": "perl -e 'exec \"/bin/sh\";'",
                "entity_id": f"perl-{number}",
                "parent": {
                    "name": "bash",
                    "pid": 4100,
                    "executable": "/bin/bash",
                    "entity_id": "shell-1",
                    "command_line": "bash /opt/menu/run.sh",
                },
            },
        }
        for name, value in fields.items():
            _put(document, name.split("__"), value)
        return document

    def close(self, alerts: Iterable[Alert], reason: str = "benign_positive", by: str = "ana", note: str = "") -> None:
        """Close alerts as a person would."""
        triage.set_status(
            alert_ids=[alert.pk for alert in alerts],
            status="closed",
            reason=reason,
            note=note,
            actor=self.people[by],
            now=self.now,
            team_ids=[self.team.pk, self.other.pk],
        )


def _put(document: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        document = document.setdefault(name, {})
    document[path[-1]] = value


def build(now: datetime | None = None) -> World:
    """The world without an alert yet: people, keys, and two rules of the pack switched on."""
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    team = default_team()
    other = Team.objects.create(name="Core", slug="core")
    world = World(now, team, other)
    for name, role, member in (
        ("vera", Role.VIEWER, team),
        ("ana", Role.ANALYST, team),
        ("rosa", Role.ENGINEER, team),
        ("mona", Role.MANAGER, team),
        ("adam", Role.ADMIN, team),
        ("otto", Role.ANALYST, other),
    ):
        user = User.objects.create(username=name, role=role, first_name=name.capitalize())
        user.teams.add(member)
        world.people[name] = user
    for one in (team, other):
        world.keys[one.pk], _ = create_key(name=f"agent of {one.slug}", team=one, actor=None, now=now)
    ensure_days([(now + timedelta(days=shift)).date() for shift in range(-8, 2)])
    load_rules(paths=RULES, source="pack", actor=None, now=now - timedelta(days=1), enable=True)
    judge_lookbacks(now=now, worker=uuid.uuid4())
    return world
