"""Rules whose query is a pipeline, and the story of the shipped one: a Python process that looks around a host."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from alerts.evaluation import judge_lookbacks
from alerts.facts import EsqlFacts, facts_of
from alerts.models import Alert
from rules.loading import Status, load_rules
from rules.models import Rule
from tests.alerts.world import event

NOW = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PACK = Path("rules/pack/linux_python_shell_commands.toml")
RULE = """
[metadata]
creation_date = "2026/11/20"
maturity = "production"

[rule]
rule_id = "{rule_id}"
name = "{rule_id}"
description = "A rule of the tests."
author = ["Watchbill"]
license = "Apache-2.0"
type = "esql"
language = "esql"
severity = "high"
risk_score = 73
interval = "{interval}"
from = "{since}"
max_signals = {most}
{more}
query = '''
{query}
'''
{tables}
"""
SEED = "31ca3e19-b904-42e2-9e66-0e3d972ed6cd"
COUNTED = """
FROM logs-endpoint.events.*
| WHERE process.name == "curl"
| STATS Esql.count = COUNT(*), Esql.users = VALUES(user.name) BY host.name
| WHERE Esql.count >= 3
"""
COMMANDS = ["grep -r password /", "find / -name id_rsa", "curl -s x.test", "env | sort", "whoami", "hostname"]


def load(
    folder: Path,
    query: str,
    *,
    rule_id: str = "rows",
    interval: str = "5m",
    since: str = "now-9m",
    most: int = 1_000,
    more: str = "",
    tables: str = "",
    now: datetime = NOW - timedelta(days=30),
    enable: bool = True,
    looked_back: bool = True,
) -> Rule:
    """Load a rule file with this query and switch it on."""
    path = folder / f"{rule_id}.toml"
    text = RULE.format(
        rule_id=rule_id, interval=interval, since=since, most=most, more=more, query=query, tables=tables
    )
    path.write_text(text)
    return load_file(path, rule_id, now=now, enable=enable, looked_back=looked_back)


def load_file(
    path: Path,
    rule_id: str,
    *,
    now: datetime = NOW - timedelta(days=30),
    enable: bool = True,
    looked_back: bool = True,
) -> Rule:
    """Load one rule file and switch the rule on."""
    report = load_rules(paths=[path], source="test", actor=None, now=now, enable=enable)
    assert report.count(Status.ERROR) == 0, report.errors
    if enable and looked_back:
        judge_lookbacks(now=now, worker=uuid4())
    rule = Rule.objects.get(pk=rule_id)
    assert rule.evaluated, rule.not_evaluated_because
    return rule


def seed() -> Rule:
    """The shipped rule about Python's shells."""
    return load_file(PACK, SEED)


def shell(
    command: str, seconds: float, *, parent: str = "p-1", host: str = "web-1", of: str = "python3.11", **fields: Any
) -> dict[str, Any]:
    """A shell that a Python process starts some seconds after NOW, with an id that says what it is."""
    told = {
        "_index": "logs-endpoint.events.process-default",
        "event__category": ["process"],
        "event__type": "start",
        "event__action": "exec",
        "event__dataset": "endpoint.events.process",
        "agent__id": f"agent-{host}",
        "host__name": host,
        "host__os__type": "linux",
        "data_stream__namespace": "default",
        "process__name": "sh",
        "process__args": ["sh", "-c", command],
        "process__command_line": f"sh -c {command}",
        "process__parent__name": of,
        "process__parent__entity_id": parent,
        **fields,
    }
    one = event(NOW + timedelta(seconds=seconds), **told)
    return {"_id": f"{host}/{parent}/{command}@{seconds}", **one}


def looks_around(seconds: float = 1, *, commands: Iterable[str] = COMMANDS, **fields: Any) -> list[dict[str, Any]]:
    """The story: one shell a second."""
    return [shell(command, seconds + number, **fields) for number, command in enumerate(commands)]


def curl(seconds: float, *, host: str = "web-1", user: str = "ivan", **fields: Any) -> dict[str, Any]:
    """A download some seconds after NOW."""
    told = {"process__name": "curl", "host__name": host, "user__name": user, **fields}
    return {"_id": f"curl {host} {user} {seconds}", **event(NOW + timedelta(seconds=seconds), **told)}


def facts(alert: Alert) -> EsqlFacts:
    """What the alert keeps of its row."""
    found = facts_of(alert.kind, alert.facts)
    assert isinstance(found, EsqlFacts)
    return found


def row(alert: Alert) -> dict[str, Any]:
    """The alert's row by its columns."""
    return {column.name: column.value for column in facts(alert).columns}


def alerts(rule_id: str | None = None) -> list[Alert]:
    """The alerts, in order."""
    found = Alert.objects.all() if rule_id is None else Alert.objects.filter(rule_id=rule_id)
    return list(found.order_by("event_time", "pk"))


def on(field: str, *values: str) -> list[dict[str, Any]]:
    """An exception's entries: the field is one of these."""
    return [{"field": field, "type": "match_any", "operator": "included", "value": list(values)}]
