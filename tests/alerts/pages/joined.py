"""Alerts of every kind that looks at several events: real rules and stored events, joined as settling joins them."""

import tempfile
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction

from alerts.hits import Hit, Joined, Judged, Member
from alerts.models import Alert, Kind
from alerts.raising import raise_alerts
from engine.rule_types.new_terms import terms_hash
from events.ingest import ingest
from events.models import Batch
from events.store import read_batches
from rules.loading import Status, load_rules
from rules.ruleset import ActiveRule, current
from soc.web import clock
from tests.alerts.pages.world import World

HEAD = '''[metadata]
creation_date = "2026/11/20"
maturity = "production"

[rule]
rule_id = "{rule_id}"
name = "{name}"
description = "{description}"
author = ["Watchbill"]
license = "Apache-2.0"
severity = "{severity}"
risk_score = 73
interval = "5m"
from = "now-9m"
tags = ["OS: Linux", "Test"]
note = """## Triage and analysis

### Possible investigation steps

- See what the shell did next.
- Ask the owner of the host.
"""
'''
SEQUENCE, SAMPLE, COUNT, MET, NEW, ALIKE = (f"a11ce000-0000-4000-8000-00000000000{n}" for n in range(1, 7))
RULES = {
    SEQUENCE: HEAD.format(
        rule_id=SEQUENCE, name="Shell from a web server that phones home", severity="high",
        description="A web server starts a shell that soon connects out and never ends.",
    ) + '''type = "eql"
language = "eql"
index = ["logs-*"]
query = """
sequence by host.name with maxspan=30s
  [process where event.type == "start" and process.parent.name in ("nginx", "apache2") and
   process.name : ("sh", "bash", "dash") and not process.args : "*health*"] by process.entity_id
  [network where event.type == "start" and destination.port != 443 and
   length(process.name) < 5] by process.entity_id
  ![process where event.type == "end"] by process.entity_id
"""
''',
    SAMPLE: HEAD.format(
        rule_id=SAMPLE, name="Discovery by several tools", severity="medium", description="Two tools, one host.",
    ) + '''type = "eql"
language = "eql"
index = ["logs-*"]
query = """
sample by host.name
  [process where process.name == "whoami"]
  [process where process.name == "uname"]
"""
''',
    COUNT: HEAD.format(
        rule_id=COUNT, name="Many failed sign-ins from one address", severity="medium", description="Somebody guesses.",
    ) + '''type = "threshold"
language = "kuery"
index = ["logs-*"]
query = "event.category:authentication and event.outcome:failure"
[rule.threshold]
field = ["source.ip"]
value = 20
[[rule.threshold.cardinality]]
field = "user.name"
value = 5
''',
    MET: HEAD.format(
        rule_id=MET, name="Connection to a known command server", severity="critical", description="An address meets.",
    ) + '''type = "threat_match"
language = "kuery"
index = ["logs-*"]
query = "event.category:network"
threat_index = ["logs-ti_*"]
threat_query = "event.kind:enrichment"
threat_indicator_path = "threat.indicator"
[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "destination.ip"
type = "mapping"
value = "threat.indicator.ip"
''',
    NEW: HEAD.format(
        rule_id=NEW, name="First program of an account on a host", severity="low", description="Something is new.",
    ) + '''type = "new_terms"
language = "kuery"
index = ["logs-*"]
query = "event.category:process and event.type:start"
[rule.new_terms]
field = "new_terms_fields"
value = ["host.name", "process.name"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-7d"
''',
    ALIKE: HEAD.format(
        rule_id=ALIKE, name="Shell without a terminal", severity="medium", description="Alike hits are counted.",
    ) + '''type = "query"
language = "kuery"
index = ["logs-*"]
query = "event.category:process and process.name:sh"
[rule.alert_suppression]
group_by = ["host.name", "user.name"]
missing_fields_strategy = "suppress"
[rule.alert_suppression.duration]
value = 5
unit = "h"
''',
}  # fmt: skip


def load() -> None:
    """Load the rules and switch them on; what waits of their look-backs is not judged."""
    with tempfile.TemporaryDirectory() as folder:
        for rule_id, text in RULES.items():
            (Path(folder) / f"{rule_id}.toml").write_text(text)
        report = load_rules(paths=[Path(folder)], source="pack", actor=None, now=clock.now(), enable=True)
    assert not report.count(Status.ERROR), report.errors


def stored(world: World, documents: Iterable[dict[str, Any]]) -> list[Judged]:
    """Events that came in by the door, as judging reads them; no rule judges them besides."""
    ingest(
        key=world.keys[world.team.pk],
        body=b"\n".join(map(orjson.dumps, documents)),
        content_type="application/x-ndjson",
        content_encoding="identity",
        idempotency_key=None,
        now=world.now,
    )
    batch = Batch.objects.latest("pk")
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)
    return [Judged(one, one.document(), demo=False) for one in read_batches([batch])[batch.pk]]


def document(world: World, before: float, category: str, **fields: Any) -> dict[str, Any]:
    """An event that happened so many seconds before now."""
    told: dict[str, Any] = {
        "@timestamp": (world.now - timedelta(seconds=before)).isoformat(timespec="milliseconds"),
        "data_stream": {"type": "logs", "dataset": "endpoint.events", "namespace": "default"},
        "event.category": [category],
        "event.id": uuid.uuid4().hex,
        "host.name": "web-3",
        "host.os.type": "linux",
        "user.name": "www-data",
    }
    return told | {name.replace("__", "."): value for name, value in fields.items()}


def rule(rule_id: str) -> ActiveRule:
    """The rule as it is in force."""
    return current().rules[rule_id]


def raised(*hits: Hit, world: World) -> Alert:
    """The newest alert that a pass makes of the hits."""
    with transaction.atomic():
        raise_alerts(hits=hits, now=world.now)
    Batch.objects.filter(state=Batch.State.PENDING).update(state=Batch.State.DONE)
    return Alert.objects.filter(shell=None).latest("pk")


def _steps(*events: Judged | None) -> list[dict[str, Any]]:
    return [
        {
            "step": number,
            "event": one.event.uid.hex() if one else None,
            "missing": one is None,
            "at": one.event.time.isoformat() if one else None,
        }
        for number, one in enumerate(events, 1)
    ]


def sequence(world: World) -> Alert:
    """A shell, its connection 3.2 s later, and no end within 30 s."""
    first, second = stored(world, story_of_shell(world))
    by = [{"field": "host.name", "value": "web-3"}, {"field": "process.entity_id", "value": "sh-1"}]
    facts = {"by": by, "maxspan_ms": 30_000, "steps": _steps(first, second, None)}
    members = (Member("step 1", first), Member("step 2", second))
    joined = Joined(Kind.SEQUENCE, b"sequence", facts, members)
    return raised(Hit(rule(SEQUENCE), second.event, second.document, joined=joined), world=world)


def story_of_shell(world: World) -> list[dict[str, Any]]:
    """The events of the sequence rule's story."""
    shell = document(
        world, 130, "process", event__type=["start"], process__name="sh", process__executable="/bin/sh",
        process__args=["sh", "-i"], process__command_line="sh -i", process__entity_id="sh-1",
        process__parent__name="nginx", process__parent__executable="/usr/sbin/nginx",
    )  # fmt: skip
    phone = document(
        world, 126.8, "network", event__type=["start"], process__name="sh", process__executable="/bin/sh",
        process__entity_id="sh-1", destination__ip="203.0.113.66", destination__port=4444, source__ip="10.1.2.3",
    )  # fmt: skip
    return [shell, phone]


def sample(world: World) -> Alert:
    """Two tools on one host."""
    tools = [
        document(world, 60 - 10 * at, "process", event__type=["start"], process__name=name, process__args=[name])
        for at, name in enumerate(("uname", "whoami"))
    ]
    uname, whoami = stored(world, tools)
    facts = {"by": [{"field": "host.name", "value": "web-3"}], "maxspan_ms": None, "steps": _steps(whoami, uname)}
    members = (Member("step 1", whoami), Member("step 2", uname))
    joined = Joined(Kind.SAMPLE, b"sample", facts, members)
    return raised(Hit(rule(SAMPLE), whoami.event, whoami.document, joined=joined), world=world)


def count(world: World, number: int = 26, of: int | None = None) -> Alert:
    """Failed sign-ins of seven accounts from one address."""
    tries = [
        document(
            world, 300 - 10 * at, "authentication", event__outcome="failure", event__action="ssh_login",
            user__name=f"user-{at % 7}", source__ip="203.0.113.9",
        )
        for at in range(number)
    ]  # fmt: skip
    judged = stored(world, tries)
    facts = {
        "terms": [{"field": "source.ip", "value": "203.0.113.9"}],
        "count": of or number,
        "value": 20,
        "cardinality": {"field": "user.name", "value": 7, "needed": 5},
        "from": judged[0].event.time.isoformat(),
        "to": judged[-1].event.time.isoformat(),
    }
    members = tuple(Member("event", one) for one in judged[-100:])
    joined = Joined(Kind.THRESHOLD, b"count", facts, members)
    return raised(Hit(rule(COUNT), judged[-1].event, judged[-1].document, joined=joined), world=world)


def met(world: World) -> Alert:
    """A connection to an address that a feed names."""
    known = {"type": "ipv4-addr", "ip": "203.0.113.66", "provider": "Example feed", "confidence": "High"}
    known |= {"description": "Command server of a loader", "first_seen": "2026-11-01T00:00:00Z"}
    indicator = document(world, 86_000, "threat", event__kind="enrichment", threat__indicator=known)
    indicator["data_stream"] = {"type": "logs", "dataset": "ti_example", "namespace": "default"}
    phone = document(
        world, 40, "network", event__type=["start"], process__name="curl", destination__ip="203.0.113.66",
        destination__port=443,
    )  # fmt: skip
    source, event = sorted(stored(world, [indicator, phone]), key=lambda one: one.event.time)
    match = {"field": "destination.ip", "value": "203.0.113.66", "indicator_field": "threat.indicator.ip"}
    facts = {"matches": [match | {"indicator": known}]}
    joined = Joined(Kind.INDICATOR, event.event.uid, facts, (Member("indicator", source),))
    return raised(Hit(rule(MET), event.event, event.document, joined=joined), world=world)


def learning(world: World) -> Alert:
    """New programs that were met while the rule learns, folded into one alert."""
    names = ("curl", "jq", "tar")
    starts = [
        document(world, 200 - at, "process", event__type=["start"], process__name=name, process__args=[name, "-x"])
        for at, name in enumerate(names)
    ]
    hits = [
        Hit(
            rule(NEW), one.event, one.document, terms=(terms := ("web-3", name)), terms_hash=terms_hash(terms),
            history_start=one.event.time - timedelta(days=7), learning=True,
        )
        for one, name in zip(stored(world, starts), names, strict=True)
    ]  # fmt: skip
    return raised(*hits, world=world)


def alike(world: World, number: int = 4) -> Alert:
    """Shells of one account on one host: the first is an alert, the others are counted at it."""
    shells = [
        document(world, 100 - 10 * at, "process", event__type=["start"], process__name="sh", process__args=["sh"])
        for at in range(number)
    ]
    return raised(*(Hit(rule(ALIKE), one.event, one.document) for one in stored(world, shells)), world=world)


def everything(world: World) -> dict[str, Alert]:
    """One alert of each kind."""
    load()
    made = {
        "sequence": sequence(world),
        "sample": sample(world),
        "threshold": count(world),
        "indicator": met(world),
        "learning": learning(world),
        "suppressed": alike(world),
    }
    block = made["sequence"].blocks.order_by("pk").first()
    assert block is not None
    return made | {"block": block}
