"""A SOC after ninety days at work: its alerts, cases and the whole record of what people did, laid down by COPY.

The rows have the shapes that the services write (the states come from alerts.workflow and cases.workflow); only the
events that alerts rest on are left out, since no page measured here reads them.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.models import Severity
from alerts.workflow import Workflow
from cases.workflow import CaseState
from rules.models import ExceptionItem, Rule

DAYS = 90
_REASONS = (("benign_positive", 52), ("false_positive", 25), ("true_positive", 9), ("duplicate", 8), ("other", 6))
_PHASES = ("contain", "investigate", "recover", "review")


@dataclass(slots=True)
class Entry:
    """One line of the record, before it is written."""

    at: datetime
    kind: str
    number: int
    verb: str
    before: dict[str, Any]
    after: dict[str, Any]
    team_id: int
    actor: User
    inverse: dict[str, Any] | None = None
    note: str = ""


@dataclass(slots=True)
class World:
    """Who and what there is to choose from, and the rows so far."""

    now: datetime
    dice: random.Random
    teams: list[Team]
    people: list[User]
    rules: list[Rule]
    items: list[int]
    record: list[Entry] = field(default_factory=list)

    def somebody(self) -> User:
        """Any analyst."""
        return self.dice.choice(self.people)


def fill(*, alerts: int, cases: int, now: datetime, seed: int = 7) -> User:
    """Fill an empty, migrated database whose rules are loaded. Returns the manager who looks. About a minute."""
    world = _world(now, random.Random(seed))
    _copy("alerts_alert", _ALERT, _alerts(world, alerts))
    _copy("cases_case", _CASE, _cases(world, cases, alerts))
    _copy("accounts_change", _CHANGE, _entries(world))
    with connection.cursor() as cursor:
        for table in ("alerts_alert", "cases_case", "accounts_change", "cases_casealert"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )
        cursor.execute("VACUUM ANALYZE")
    return User.objects.get(username="mona")


def _world(now: datetime, dice: random.Random) -> World:
    teams = [default_team(), *(Team.objects.create(name=name, slug=name.lower()) for name in ("Retail", "Plants"))]
    nobody_knows = make_password(None)
    people = [
        User.objects.create(username=f"analyst{number}", role=Role.ANALYST, password=nobody_knows)
        for number in range(12)
    ]
    mona = User.objects.create(username="mona", first_name="Mona", role=Role.MANAGER, password=nobody_knows)
    for person in (*people, mona):
        person.teams.set(teams)
    rules = list(Rule.objects.filter(evaluated=True).select_related("revision"))
    Rule.objects.update(created_at=now - timedelta(days=DAYS + 1))
    items = [
        ExceptionItem.objects.create(
            rule=dice.choice(rules),
            name=f"known good {number}",
            entries=[],
            reason="known",
            created_at=now,
            updated_at=now,
        ).pk
        for number in range(20)
    ]
    return World(now, dice, teams, people, rules, items)


# ---------- alerts ----------

_ALERT = (
    "id",
    "identity",
    "team_id",
    "rule_id",
    "revision_id",
    "name",
    "severity",
    "risk_score",
    "building_block",
    "techniques",
    "tags",
    "event_time",
    "created_at",
    "host_name",
    "user_name",
    "process_hash",
    "odd",
    "evidence",
    "new_terms",
    "status",
    "reason",
    "assignee_id",
    "acknowledged_at",
    "closed_at",
    "closed_by_exception_id",
    "version",
    "demo",
)


def _alerts(world: World, number: int) -> Iterator[tuple[Any, ...]]:
    """Oldest first, with what people did about each in the record."""
    dice, start = world.dice, world.now - timedelta(days=DAYS)
    moments = sorted(dice.random() for _ in range(number))
    weights = [1 / (rank + 1) for rank in range(len(world.rules))]
    for pk, moment in enumerate(moments, 1):
        created = start + timedelta(days=DAYS) * moment
        rule = dice.choices(world.rules, weights)[0]
        team = dice.choices(world.teams, (6, 3, 1))[0]
        severity = dice.choices(Severity.values, (50, 30, 16, 4))[0]
        life = _Life(world, pk, team.pk, created, severity)
        life.live()
        state = life.state
        yield (
            pk,
            pk.to_bytes(16, "big"),
            state.team_id,
            rule.pk,
            cast(Any, rule.revision_id),
            rule.name,
            severity,
            severity * 21,
            dice.random() < 0.02,
            rule.techniques,
            rule.tags,
            created - timedelta(seconds=dice.expovariate(1 / 20)),
            created,
            f"host-{dice.randrange(400):03}",
            f"user{dice.randrange(900)}",
            f"{dice.randrange(500):064x}",
            False,
            f"bash started \ue000perl -e job{dice.randrange(9_999)}\ue001 from /opt/menu/run.sh, parent sshd",
            None,
            *(getattr(state, name) for name in _WORKFLOW),
            life.version,
            False,
        )


_WORKFLOW = ("status", "reason", "assignee_id", "acknowledged_at", "closed_at", "closed_by_exception_id")


class _Life:
    """An alert from its creation on: most are taken, read and closed within hours; few come back, some stay."""

    def __init__(self, world: World, pk: int, team_id: int, created: datetime, severity: int) -> None:
        self.world, self.pk, self.at, self.version = world, pk, created, 1
        self.state = _workflow(team_id)
        self.pace = {4: 0.4, 3: 0.7, 2: 1.0, 1: 1.6}[severity]

    def live(self) -> None:
        """Acts until the alert is closed, or now comes first."""
        dice = self.world.dice
        with suppress(_NotYet):
            if dice.random() < 0.03:
                self._act(0.05, "closed", self._closed(item=dice.choice(self.world.items)))
                return
            if dice.random() < 0.02:
                self._escalate()
            if dice.random() < 0.7:
                self._act(0.4, "assigned", lambda at: self.state.with_assignee(self.world.somebody().pk, now=at))
            if dice.random() < 0.4:
                self._act(0.3, "acknowledged", lambda at: self.state.with_status("acknowledged", reason="", now=at))
            self._act(3.0, "closed", self._closed())
            if dice.random() < 0.02:
                self._act(8.0, "reopened", lambda at: self.state.with_status("open", reason="", now=at))
                self._act(4.0, "closed", self._closed())

    def _closed(self, item: int | None = None) -> Any:
        reason = self.world.dice.choices([word for word, _ in _REASONS], [weight for _, weight in _REASONS])[0]
        return lambda at: self.state.with_status("closed", reason=reason, now=at, exception_id=item)

    def _escalate(self) -> None:
        team_id = self.world.dice.choice(self.world.teams).pk
        if team_id != self.state.team_id:
            self._act(0.5, "escalated", lambda at: self.state.with_team(team_id, now=at))

    def _act(self, hours: float, verb: str, change: Any) -> None:
        """What happens after about so many hours, in the record."""
        self.at += timedelta(hours=self.world.dice.expovariate(1 / (hours * self.pace)))
        if self.at >= self.world.now:
            raise _NotYet
        old, new = self.state, change(self.at)
        if old == new:
            return
        self.state, self.version = new, self.version + 1
        self.world.record.append(
            Entry(
                self.at,
                "alert",
                self.pk,
                verb,
                old.to_json(),
                new.to_json() | {"version": self.version},
                old.team_id,
                self.world.somebody(),
                {"workflow": old.to_json(), "version": self.version},
            )
        )


class _NotYet(Exception):  # noqa: N818 - not an error
    """The act lies in the future."""


def _workflow(team_id: int) -> Workflow:
    """The state of a new alert."""
    return Workflow(
        status="open",
        reason="",
        assignee_id=None,
        acknowledged_at=None,
        closed_at=None,
        closed_by_exception_id=None,
        team_id=team_id,
    )


# ---------- cases ----------

_CASE = (
    "id",
    "team_id",
    "title",
    "summary",
    "severity",
    "status",
    "phase",
    "owner_id",
    "next_step",
    "due_at",
    "hold_reason",
    "wake_at",
    "tags",
    "outcome",
    "closing_note",
    "opened_at",
    "opened_by_id",
    "closed_at",
    "updated_at",
    "version",
    "demo",
)


def _cases(world: World, number: int, alerts: int) -> list[tuple[Any, ...]]:
    """Cases over the ninety days, each with a few alerts; one in twenty is in progress still."""
    dice, start = world.dice, world.now - timedelta(days=DAYS)
    free = dice.sample(range(1, alerts + 1), min(alerts, number * 3))
    found, joined = [], []
    for pk in range(1, number + 1):
        opened = start + timedelta(days=DAYS) * (pk / (number + 1))
        inside = [free.pop() for _ in range(min(dice.randint(1, 5), len(free)))]
        joined += [(alert, pk, opened) for alert in inside]
        state, version = _case_life(world, pk, opened, inside)
        values = asdict(state) | {"tags": list(state.tags)}
        fixed = {"id": pk, "opened_by_id": world.somebody().pk, "updated_at": opened, "version": version}
        found.append(tuple((values | fixed)[name] for name in _CASE))
    _joined.extend(joined)
    return found


_joined: list[tuple[int, int, datetime]] = []


def _case_life(world: World, pk: int, opened: datetime, inside: Sequence[int]) -> tuple[CaseState, int]:
    dice = world.dice
    team = dice.choices(world.teams, (6, 3, 1))[0]
    state = CaseState(
        team_id=team.pk,
        title=f"Suspicious logon chain on host-{dice.randrange(400):03}",
        summary="What is known.\n" * 8,
        severity=dice.choices(Severity.values, (2, 3, 3, 2))[0],
        status="open",
        phase="contain",
        owner_id=world.somebody().pk,
        next_step="Ask the owner of the host",
        due_at=opened + timedelta(hours=dice.randint(4, 96)),
        hold_reason="",
        wake_at=None,
        tags=("linux", "logon"),
        outcome="",
        closing_note="",
        opened_at=opened,
        closed_at=None,
        demo=False,
    )
    after = state.to_json() | {"version": 1, "added": list(inside)}
    world.record.append(Entry(opened, "case", pk, "open", {}, after, team.pk, world.somebody()))
    at, version = opened, 1
    steps = [
        *({"phase": phase, "status": "in_progress", "next_step": f"Then {phase}"} for phase in _PHASES[1:]),
        {"status": "closed", "outcome": "true_positive"},
    ]
    for step in steps:
        at += timedelta(hours=dice.expovariate(1 / 18))
        if at >= world.now or dice.random() < 0.01:
            break
        closing = {"closed_at": at, "closing_note": "Done."} if step["status"] == "closed" else {}
        new = replace(state, **step, **closing)  # type: ignore[arg-type]
        before = state.to_json() | {"version": version}
        version += 1
        verb = "close" if closing else "change"
        world.record.append(
            Entry(at, "case", pk, verb, before, new.to_json() | {"version": version}, team.pk, world.somebody())
        )
        state = new
    return state, version


# ---------- the record, and COPY ----------

_CHANGE = (
    "at",
    "actor_id",
    "actor_name",
    "door",
    "team_id",
    "verb",
    "object_type",
    "object_id",
    "before",
    "after",
    "inverse",
    "note",
    "group",
)


def _entries(world: World) -> Iterator[tuple[Any, ...]]:
    """In order of time, as they would have been written."""
    _copy("cases_casealert", ("alert_id", "case_id", "added_at"), _joined)
    world.record.sort(key=lambda entry: entry.at)
    for number, one in enumerate(world.record):
        yield (
            one.at,
            one.actor.pk,
            str(one.actor),
            "page",
            one.team_id,
            one.verb,
            one.kind,
            str(one.number),
            json.dumps(one.before),
            json.dumps(one.after),
            json.dumps(one.inverse) if one.inverse else None,
            one.note,
            UUID(int=number),
        )
    _joined.clear()


def _copy(table: str, columns: Sequence[str], found: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    rows = list(found)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
