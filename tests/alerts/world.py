"""A small world for the tests of alerts: people, rules, and agents that post through the real ingest and storage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from django.db import transaction

from accounts.keys import create_key
from accounts.models import ApiKey, Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.evaluation import EvaluationReport, evaluate_pending, judge_lookbacks
from alerts.models import Alert
from events import store
from events.normalise import NormalisedEvent, Reception, normalise
from events.partitions import ensure_days
from rules.loading import Status, load_rules
from rules.models import Rule, TeamHistory

NOW = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)
INDEX = "logs-endpoint.events.process-default"

RULE = """
[metadata]
creation_date = "2026/11/20"
maturity = "production"

[rule]
rule_id = "{rule_id}"
name = "{name}"
description = "A rule of the tests."
author = ["Watchbill"]
license = "Apache-2.0"
type = "query"
language = "kuery"
index = ["logs-endpoint.events.*"]
severity = "{severity}"
risk_score = {risk}
interval = "{interval}"
from = "now-9m"
max_signals = {most}
tags = ["OS: Linux", "Test"]
query = '''{query}'''
{more}
[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002/"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
[[rule.threat.technique.subtechnique]]
id = "T1059.006"
name = "Python"
reference = "https://attack.mitre.org/techniques/T1059/006/"
"""
NEW_TERMS = """
[rule.new_terms]
field = "new_terms_fields"
value = {fields}
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "{history}"
"""
PERL = 'event.category:process and event.type:start and process.name:perl and not process.args:"--version"'


@dataclass(frozen=True)
class People:
    """Ana (analyst), Rosa (engineer), Mona (manager), Vera (viewer), and Otto of the other team."""

    ana: User
    rosa: User
    mona: User
    vera: User
    otto: User


def people() -> People:
    """The usual cast: all but Otto are in the default team."""
    core, other = default_team(), other_team()
    roles = {"ana": Role.ANALYST, "rosa": Role.ENGINEER, "mona": Role.MANAGER, "vera": Role.VIEWER}
    cast = {name: _user(name, role, core) for name, role in roles.items()}
    return People(**cast, otto=_user("otto", Role.ANALYST, other))


def other_team() -> Team:
    """The team that Otto is in."""
    return Team.objects.get_or_create(slug="other", defaults={"name": "Other"})[0]


def _user(name: str, role: Role, team: Team) -> User:
    user = User.objects.create(username=name, first_name=name.title(), role=role)
    user.teams.add(team)
    return user


def load(
    folder: Path,
    *,
    rule_id: str = "perl",
    name: str = "Perl was started",
    query: str = PERL,
    severity: str = "high",
    risk: int = 73,
    interval: str = "5m",
    most: int = 100,
    new_terms: Sequence[str] = (),
    history: str = "now-7d",
    by_ingest: bool = False,
    team: Team | None = None,
    enable: bool = True,
    learnt: bool = True,
    history_known: bool = True,
) -> Rule:
    """Load a rule file and switch it on; `learnt`: its look-back is judged, over a store that is mostly empty.

    `history_known`: the default team has had events for a year, so that a new-terms rule need not learn.
    """
    if new_terms and history_known:
        year_ago = NOW - timedelta(days=365)
        TeamHistory.objects.get_or_create(pk=default_team().pk, defaults={"since": year_ago, "oldest_at": year_ago})
    more = 'timestamp_override = "event.ingested"\n' if by_ingest else ""
    if new_terms:
        more += NEW_TERMS.format(fields=orjson.dumps(list(new_terms)).decode(), history=history)
    text = RULE.format(
        rule_id=rule_id, name=name, query=query, severity=severity, risk=risk, interval=interval, most=most, more=more
    )
    if new_terms:
        text = text.replace('type = "query"', 'type = "new_terms"')
    path = folder / f"{rule_id}.toml"
    path.write_text(text)
    report = load_rules(paths=[path], source="test", actor=None, now=NOW - timedelta(days=30), enable=enable)
    assert report.count(Status.ERROR) == 0, report.errors
    if team is not None:
        Rule.objects.filter(pk=rule_id).update(team=team)
    if learnt and enable:
        judge_lookbacks(now=NOW - timedelta(days=30), worker=uuid4())
    return Rule.objects.get(pk=rule_id)


def event(at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """A process start; further fields with `__` for the dot."""
    document: dict[str, Any] = {
        "@timestamp": at.isoformat(),
        "_index": INDEX,
        "event.category": ["process"],
        "event.type": ["start"],
        "event.action": "exec",
        "host.name": "web-1",
        "host.os.type": "linux",
        "user.name": "svc-ci",
        "process.name": "perl",
        "process.executable": "/usr/bin/perl",
        "process.args": ["perl", "-e", "exec"],
        "process.command_line": "perl -e exec",
        "process.parent.name": "bash",
        "process.parent.executable": "/usr/bin/bash",
    }
    document |= {name.replace("__", "."): value for name, value in fields.items()}
    return {name: value for name, value in document.items() if value is not None}


def post(
    events: Iterable[dict[str, Any]], *, now: datetime = NOW, team: Team | None = None, key: ApiKey | None = None
) -> None:
    """Store events as one request, as the ingest door does: normalised, in rows and blocks, with a pending batch."""
    team = team or default_team()
    reception = Reception(team.pk, now, (now - timedelta(days=60)).date(), 1_000_000)
    ready = [_ready(one, reception) for one in events]
    ensure_days({one.day for one in ready})
    with transaction.atomic():
        store.put_batch(team_id=team.pk, events=ready, ingested_at=now, api_key_id=key.pk if key else None)


def _ready(one: dict[str, Any], reception: Reception) -> NormalisedEvent:
    return normalise(orjson.dumps(one), reception)


def demo_key() -> ApiKey:
    """A key whose events are demo telemetry."""
    key, _ = create_key(name="demo", team=default_team(), actor=None, now=NOW, demo=True)
    return key


def work(now: datetime = NOW) -> EvaluationReport:
    """Judge what waits, until nothing is left; returns the sums."""
    batches = events = hits = alerts = 0
    while (report := evaluate_pending(now=now, worker=uuid4())).batches:
        batches, events = batches + report.batches, events + report.events
        hits, alerts = hits + report.hits, alerts + report.alerts
        assert not report.failed
    return EvaluationReport(batches, events, hits, alerts)


def raised(events: Iterable[dict[str, Any]], *, now: datetime = NOW, **given: Any) -> list[Alert]:
    """Post events, judge them, and return the alerts that they raised, in order."""
    last = Alert.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    post(events, now=now, **given)
    work(now)
    return list(Alert.objects.filter(pk__gt=last).order_by("pk"))


def terms(alert: Alert) -> dict[str, Any]:
    """What was new, of an alert of a new-terms rule."""
    assert alert.new_terms is not None
    return dict(alert.new_terms)
