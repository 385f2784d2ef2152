"""Rules that join events, loaded from files, and a way to settle them as of a time of the test's own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from alerts.evaluation import judge_lookbacks
from alerts.models import Alert
from alerts.settling import settle_due
from rules.loading import Status, load_rules
from rules.models import Rule
from tests.alerts.world import NOW, event, post, work

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
SOON = 10 * SECOND  # after the quiet that settling waits for, and the spacing between two settlings
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
index = ["logs-endpoint.events.*"]
severity = "high"
risk_score = 73
interval = "{interval}"
from = "{since}"
max_signals = {most}
{more}
"""
PAIR = """
sequence by host.name with maxspan=1m
  [process where process.name == "a"]
  [process where process.name == "b"]
"""


def load(
    folder: Path,
    more: str,
    *,
    rule_id: str = "joined",
    interval: str = "5m",
    since: str = "now-9m",
    most: int = 10_000,
    now: datetime = NOW - timedelta(days=30),
    enable: bool = True,
    looked_back: bool = True,
) -> Rule:
    """Load a rule file of any type and switch it on."""
    path = folder / f"{rule_id}.toml"
    path.write_text(RULE.format(rule_id=rule_id, interval=interval, since=since, most=most, more=more))
    report = load_rules(paths=[path], source="test", actor=None, now=now, enable=enable)
    assert report.count(Status.ERROR) == 0, report.errors
    if enable and looked_back:
        judge_lookbacks(now=now, worker=uuid4())
    rule = Rule.objects.get(pk=rule_id)
    assert rule.evaluated, rule.not_evaluated_because
    return rule


def eql(query: str) -> str:
    return f"type = \"eql\"\nlanguage = \"eql\"\nquery = '''{query}'''"


def threshold(
    value: int, *fields: str, cardinality: tuple[str, int] | None = None, query: str = "process.name:*"
) -> str:
    named = ", ".join(f'"{field}"' for field in fields)
    more = (
        f'[[rule.threshold.cardinality]]\nfield = "{cardinality[0]}"\nvalue = {cardinality[1]}' if cardinality else ""
    )
    head = f'type = "threshold"\nlanguage = "kuery"\nquery = \'{query}\''
    return f"{head}\n[rule.threshold]\nfield = [{named}]\nvalue = {value}\n{more}"


def threat_match() -> str:
    return """
type = "threat_match"
language = "kuery"
query = 'source.ip:*'
threat_index = ["logs-ti_*"]
threat_query = '@timestamp >= "now-30d/d" and threat.indicator.ip:*'
threat_indicator_path = "threat.indicator"
threat_language = "kuery"
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "source.ip"
type = "mapping"
value = "threat.indicator.ip"
"""


def settle(now: datetime = NOW + SOON) -> int:
    """Judge what waits and settle what is due at `now`; returns the number of alerts that joining raised."""
    work(now)
    alerts = 0
    while (report := settle_due(now=now, worker=uuid4())).rules:
        alerts += report.alerts
    return alerts


def told(*events: dict[str, Any], now: datetime = NOW) -> None:
    """Post events in one request and judge them, without settling."""
    post(events, now=now)
    work(now)


def named(name: str, seconds: float = 0, **fields: Any) -> dict[str, Any]:
    """A process start some seconds after NOW, with an id that says what it is."""
    fields = {"host__name": "web-1", **fields}
    one = event(NOW + timedelta(seconds=seconds), process__name=name, **fields)
    return {"_id": f"{name}@{seconds}/{sorted(fields.items())}", **one}


def joined_alerts() -> list[Alert]:
    """The alerts that joining raised, without the building blocks, in order."""
    return list(Alert.objects.exclude(kind="block").order_by("event_time", "pk"))


def completed() -> set[tuple[str, bytes]]:
    """Rule and identity of every joined alert."""
    rows = Alert.objects.exclude(kind="block").values_list("rule_id", "identity")
    return {(rule_id, bytes(identity)) for rule_id, identity in rows}


def steps(alert: Alert) -> list[str | None]:
    """The times of a sequence's events, as seconds after NOW."""
    assert alert.facts is not None
    return [
        None if step["at"] is None else f"{(datetime.fromisoformat(step['at']) - NOW).total_seconds():g}"
        for step in alert.facts["steps"]
    ]


def on_user(name: str) -> list[dict[str, Any]]:
    return [{"field": "user.name", "type": "match", "operator": "included", "value": name}]


def batches(events: list[dict[str, Any]], sizes: Iterable[int]) -> list[list[dict[str, Any]]]:
    """The events cut into requests of these sizes, the rest in a last one."""
    cut: list[list[dict[str, Any]]] = []
    for size in sizes:
        cut.append(events[:size])
        events = events[size:]
    return [some for some in [*cut, events] if some]
