"""Rules of every kind that looks at more than one event, as files, and a history of events that each of them fires on.

The history is the same whatever order it is told in: times are the events' own.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_HEAD = """[metadata]
creation_date = "2026/01/01"
maturity = "production"

[rule]
author = ["Watchbill"]
description = "For the flow of joined rules."
license = "Apache-2.0"
from = "now-30m"
interval = "1m"
severity = "medium"
risk_score = 47
index = ["logs-flow.*"]
rule_id = "{rule_id}"
name = "{name}"
"""

SEQUENCE, FAILED, COUNTED, NEW, MET = "Download then run", "Run and no exit", "Many failed", "New tool", "Known bad"

_RULES = {
    SEQUENCE: '''type = "eql"
language = "eql"
query = """
sequence by host.id with maxspan=1m
  [file where event.action == "creation" and file.name : "*.sh"] by file.path
  [process where event.type == "start"] by process.executable
"""
''',
    FAILED: '''type = "eql"
language = "eql"
query = """
sequence by host.id, process.entity_id with maxspan=2s
  [process where event.type == "start" and process.name == "backup"]
  ![process where event.type == "end"]
"""
''',
    COUNTED: """type = "threshold"
language = "kuery"
query = "event.category:authentication and event.outcome:failure"
[rule.threshold]
field = ["source.ip"]
value = 5
[[rule.threshold.cardinality]]
field = "user.name"
value = 3
""",
    NEW: """type = "new_terms"
language = "kuery"
query = "event.category:process and event.type:start"
[rule.new_terms]
field = "new_terms_fields"
value = ["host.id", "process.name"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-2h"
""",
    MET: """type = "threat_match"
language = "kuery"
query = "event.category:network"
threat_index = ["logs-ti_flow-*"]
threat_query = "event.kind:enrichment"
threat_indicator_path = "threat.indicator"
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "destination.ip"
type = "mapping"
value = "threat.indicator.ip"
""",
}


def write_rules(folder: Path) -> None:
    """One TOML file a rule."""
    for number, (name, text) in enumerate(_RULES.items()):
        head = _HEAD.format(rule_id=f"f10ed000-0000-4000-8000-00000000000{number}", name=name)
        (folder / f"rule_{number}.toml").write_text(head + text, encoding="utf-8")


def history(begun: datetime, hosts: int = 6, seed: int = 1) -> list[Event]:
    """Everything that happened, in order of time: on each host each rule's story, and what only looks like it."""
    chance = random.Random(seed)
    told = [event for host in range(hosts) for event in _on_host(f"host-{host}", host, begun, chance)]
    return sorted(told, key=lambda event: str(event["@timestamp"]))


def _on_host(host: str, number: int, begun: datetime, chance: random.Random) -> Iterator[Event]:
    def event(after: float, dataset: str = "flow.log", **fields: Any) -> Event:
        at = begun + timedelta(seconds=after + number / 100)
        stamped = {"@timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "host": {"id": host}}
        return stamped | {"data_stream": {"type": "logs", "dataset": dataset, "namespace": "default"}} | fields

    def process(after: float, kind: str, name: str, entity: str, **more: Any) -> Event:
        told = {"name": name, "entity_id": entity, "executable": f"/opt/{name}"} | more
        return event(after, event={"category": ["process"], "type": [kind]}, process=told)

    for at, name in ((1, "a.sh"), (2, "a.sh"), (10, "b.sh"), (100, "late.sh")):
        yield event(at, event={"category": ["file"], "action": "creation"}, file={"name": name, "path": f"/opt/{name}"})
    yield process(5, "start", "a.sh", f"{host}-a")
    yield process(9, "start", "b.sh", f"{host}-b")  # before its file: no sequence
    yield process(165, "start", "late.sh", f"{host}-l")  # more than a minute after its file
    yield process(20, "start", "backup", f"{host}-ends")
    yield process(21, "end", "backup", f"{host}-ends")
    yield process(30, "start", "backup", f"{host}-stays")
    for attempt in range(6):
        user = {"name": f"user-{attempt % (3 if number % 2 else 2)}"}
        outcome = {"category": ["authentication"], "outcome": "failure"}
        yield event(40 + chance.random(), event=outcome, user=user, source={"ip": f"203.0.113.{number}"})
    yield event(50, event={"category": ["network"]}, destination={"ip": f"198.51.100.{number}"})
    if number % 3 == 0:
        indicator = {"indicator": {"ip": f"198.51.100.{number}", "type": "ipv4-addr"}}
        yield event(51, "ti_flow", event={"kind": "enrichment"}, threat=indicator)


def expected(hosts: int = 6) -> dict[str, int]:
    """How many alerts each rule raises about the history; new terms are folded while there is no older history."""
    odd = sum(1 for host in range(hosts) if host % 2)
    return {SEQUENCE: hosts, FAILED: hosts, COUNTED: odd, MET: len(range(0, hosts, 3))}
