"""Rules whose query is a pipeline, as files, and a history that they fire on however it is told."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_HEAD = """[metadata]
creation_date = "2026/01/01"
maturity = "production"

[rule]
author = ["Watchbill"]
description = "For the flow of pipelines."
license = "Apache-2.0"
type = "esql"
language = "esql"
from = "now-30m"
interval = "1m"
severity = "medium"
risk_score = 47
rule_id = "{rule_id}"
name = "{name}"
query = '''
{query}
'''
"""
GROUPED, EXPANDED, SHARED, ABOVE = "Looks around", "Every address", "Busy host", "Two rules, one host"
_RULES = {
    GROUPED: """FROM logs-rows.*
| WHERE event.type == "start" AND process.parent.name LIKE "python*"
| EVAL Esql.minute = DATE_TRUNC(1 minute, @timestamp)
| STATS Esql.lines = COUNT_DISTINCT(process.command_line) BY host.id, Esql.minute
| WHERE Esql.lines >= 5""",
    EXPANDED: """FROM logs-rows.* METADATA _id
| WHERE KQL("event.category:network")
| MV_EXPAND destination.ip
| WHERE CIDR_MATCH(destination.ip, "198.51.100.0/24")
| KEEP _id, host.id, destination.ip""",
    SHARED: """FROM logs-rows.*
| INLINE STATS Esql.kinds = COUNT_DISTINCT(event.category) BY host.id
| WHERE Esql.kinds >= 2 AND event.category == "network"
| KEEP @timestamp, host.id, Esql.kinds""",
    ABOVE: """FROM .alerts-security.*
| WHERE host.id IS NOT NULL AND kibana.alert.rule.name IN ("Looks around", "Every address")
| STATS Esql.rules = COUNT_DISTINCT(kibana.alert.rule.name) BY host.id
| WHERE Esql.rules >= 2""",
}


def write_rules(folder: Path) -> None:
    """One TOML file a rule."""
    for number, (name, query) in enumerate(_RULES.items()):
        head = _HEAD.format(rule_id=f"f10ed000-0000-4000-8000-0000000000a{number}", name=name, query=query)
        (folder / f"pipeline_{number}.toml").write_text(head, encoding="utf-8")


def history(begun: datetime, hosts: int = 4) -> list[Event]:
    """What happened: on every host a look-around within a minute; on even ones a visit to two bad addresses too."""
    minute = begun.replace(second=0, microsecond=0)
    return [event for host in range(hosts) for event in _on_host(f"rows-{host}", host, minute)]


def _on_host(host: str, number: int, minute: datetime) -> list[Event]:
    def event(after: float, **fields: Any) -> Event:
        at = minute + timedelta(seconds=after)
        stamped = {"@timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "host": {"id": host}}
        return stamped | {"data_stream": {"type": "logs", "dataset": "rows.log", "namespace": "default"}} | fields

    def shell(after: float, line: str) -> Event:
        process = {"name": "sh", "command_line": line, "parent": {"name": "python3"}}
        return event(after, event={"category": "process", "type": "start"}, process=process)

    told = [shell(1 + line * 8, f"sh -c {line}") for line in range(6 if number % 4 != 3 else 4)]
    if number % 2 == 0:
        addresses = ["198.51.100.1", "198.51.100.2", "203.0.113.1"]
        told.append(event(20, event={"category": "network"}, destination={"ip": addresses}))
    return told


def expected(hosts: int = 4) -> dict[str, int]:
    """How many alerts each rule raises about the history."""
    even = len(range(0, hosts, 2))
    around = sum(1 for host in range(hosts) if host % 4 != 3)
    return {GROUPED: around, EXPANDED: 2 * even, SHARED: even, ABOVE: even}
