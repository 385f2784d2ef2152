"""Made-up events of a mixed estate, each number of a seed always the same: agents of three systems, clouds, flows.

About 1.7 kB each. As in life, most values recur (programs, users, hosts) and some are new in nearly every event
(entity ids, addresses, temporary paths, arguments).
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Document = dict[str, Any]

_BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
_HOSTS, _USERS = 400, 250
_SYSTEMS = ("windows",) * 11 + ("linux",) * 7 + ("macos",) * 2
_WINDOWS = ("svchost.exe", "chrome.exe", "powershell.exe", "cmd.exe", "rundll32.exe", "msiexec.exe", "explorer.exe",
            "OUTLOOK.EXE", "WINWORD.EXE", "conhost.exe", "taskhostw.exe", "wmiprvse.exe", "reg.exe", "schtasks.exe",
            "teams.exe", "python.exe", "code.exe", "net.exe", "dllhost.exe", "regsvr32.exe")  # fmt: skip
_UNIX = ("bash", "sh", "python3", "perl", "curl", "ls", "grep", "sshd", "cron", "systemd", "java", "node", "git", "cat",
         "find", "sed", "awk", "tar", "docker", "kubectl", "sudo", "ps", "chmod", "rm", "ssh")  # fmt: skip
_FOLDERS = {
    "windows": ("C:\\Windows\\System32\\", "C:\\Program Files\\Tools\\", "C:\\Users\\{user}\\AppData\\Local\\Temp\\"),
    "linux": ("/usr/bin/", "/usr/sbin/", "/opt/tools/bin/", "/tmp/"),
    "macos": ("/usr/bin/", "/Applications/Tools.app/Contents/MacOS/", "/Users/{user}/Library/"),
}
_CLOUD = (
    ("aws.cloudtrail", "iam", ("CreateUser", "AssumeRole", "PutBucketPolicy", "DescribeInstances", "GetObject")),
    ("azure.signinlogs", "authentication", ("Sign-in activity",)),
    ("okta.system", "authentication", ("user.session.start", "user.mfa.factor.activate", "policy.rule.update")),
    ("kubernetes.audit_logs", "", ("create", "list", "patch")),
    ("o365.audit", "web", ("UserLoggedIn", "MailItemsAccessed", "New-InboxRule")),
)


def telemetry(seed: int, number: int) -> Document:
    """The event of this number. Costs about thirty microseconds."""
    rng = random.Random(seed * 1_000_003 + number)
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    return kind(rng, number)


def _common(rng: random.Random, number: int, dataset: str, action: str, category: str, what: str) -> Document:
    system, host, user = rng.choice(_SYSTEMS), rng.randrange(_HOSTS), f"user{rng.randrange(_USERS):03}"
    moment = (_BEGIN + timedelta(milliseconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "@timestamp": moment,
        "agent": {"id": f"agent-{host}", "type": "endpoint", "version": "9.2.0"},
        "data_stream": {"dataset": dataset, "namespace": "default", "type": "logs"},
        "ecs": {"version": "8.17.0"},
        "event": {
            "action": action, "category": [category], "type": [what], "kind": "event", "dataset": dataset,
            "module": dataset.split(".")[0], "outcome": "success", "created": moment, "ingested": moment,
            "id": f"{rng.getrandbits(96):024x}", "sequence": number,
        },
        "host": {
            "name": f"ws-{host}", "hostname": f"ws-{host}", "id": f"id-{host}", "architecture": "x86_64",
            "ip": [f"10.{host % 16}.{host % 200}.{host % 250}", f"fe80::{host:x}"],
            "os": {"type": system, "family": system, "platform": system, "name": system.title(), "version": "12.1"},
        },
        "user": {"name": user, "id": f"S-1-5-21-{user}", "domain": "CORP"},
        "message": "Endpoint event",
    }  # fmt: skip


def _program(rng: random.Random, event: Document, depth: int = 2) -> Document:
    system, user = event["host"]["os"]["type"], event["user"]["name"]
    name = rng.choice(_WINDOWS if system == "windows" else _UNIX)
    path = rng.choice(_FOLDERS[system]).format(user=user) + name
    word = f"{rng.getrandbits(40):010x}" if rng.random() < 0.3 else f"job{rng.randrange(500)}"
    args = [path, rng.choice(("-c", "/c", "-k", "--config", "/i")), f"{word}.dat"]
    made: Document = {
        "name": name, "executable": path, "args": args, "args_count": 3, "command_line": " ".join(args),
        "pid": rng.randrange(65_000), "entity_id": f"{rng.getrandbits(128):032x}", "working_directory": path[:9],
    }  # fmt: skip
    if depth == 2:
        digest = f"{rng.randrange(3_000):064x}"
        made["hash"] = {"md5": digest[:32], "sha1": digest[:40], "sha256": digest}
        made["parent"] = _program(rng, event, 1)
        if system == "windows":
            made["pe"] = {"original_file_name": name}
            made["code_signature"] = {"exists": True, "trusted": True, "status": "trusted", "subject_name": "Vendor"}
    return made


def _process(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "endpoint.events.process", "start", "process", "start")
    event["event"]["action"] = "exec" if event["host"]["os"]["type"] != "windows" else "start"
    event["process"] = _program(rng, event)
    return event


def _end(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "endpoint.events.process", "end", "process", "end")
    event["process"] = _program(rng, event, 1) | {"exit_code": 0}
    return event


def _network(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "endpoint.events.network", "connection_attempted", "network", "start")
    event["process"] = _program(rng, event, 1)
    address = (f"{rng.randrange(1, 223)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
               if rng.random() < 0.5 else f"10.0.{rng.randrange(20)}.{rng.randrange(250)}")  # fmt: skip
    event["destination"] = {"ip": address, "port": rng.choice((443, 443, 443, 80, 53, 22, 445, 8080, 3389))}
    event["source"] = {"ip": event["host"]["ip"][0], "port": rng.randrange(1024, 65_000)}
    event["network"] = {"transport": "tcp", "direction": "egress", "type": "ipv4", "protocol": "tls"}
    return event


def _lookup(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "endpoint.events.network", "lookup_requested", "network", "protocol")
    event["process"] = _program(rng, event, 1)
    name = f"h{rng.getrandbits(24):x}.cdn.example" if rng.random() < 0.4 else f"www{rng.randrange(300)}.example"
    event["dns"] = {"question": {"name": name, "type": "A", "registered_domain": name.partition(".")[2]}}
    event["network"] = {"protocol": "dns"}
    return event


def _file(rng: random.Random, number: int) -> Document:
    what = rng.choice(("creation", "creation", "change", "deletion"))
    event = _common(rng, number, "endpoint.events.file", what if what != "change" else "modification", "file", what)
    event["process"] = _program(rng, event, 1)
    name = f"{rng.getrandbits(32):08x}.tmp" if rng.random() < 0.5 else f"note{rng.randrange(400)}.docx"
    folder = rng.choice(_FOLDERS[event["host"]["os"]["type"]]).format(user=event["user"]["name"])
    event["file"] = {"name": name, "path": folder + name, "extension": name[-3:], "size": rng.randrange(90_000)}
    return event


def _registry(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "endpoint.events.registry", "modification", "registry", "change")
    event["process"] = _program(rng, event, 1)
    key = f"SOFTWARE\\Vendor\\Product{rng.randrange(200)}"
    event["registry"] = {
        "hive": "HKLM", "key": key, "path": f"HKLM\\{key}\\Value", "value": "Value",
        "data": {"type": "REG_SZ", "strings": [f"{rng.getrandbits(32):08x}"]},
    }  # fmt: skip
    return event


def _logon(rng: random.Random, number: int) -> Document:
    event = _common(rng, number, "system.security", "logged-in", "authentication", "start")
    event["event"] |= {"code": "4624", "provider": "Microsoft-Windows-Security-Auditing"}
    event["source"] = {"ip": f"10.0.{rng.randrange(20)}.{rng.randrange(250)}"}
    event["winlog"] = {
        "channel": "Security", "event_id": "4624", "computer_name": event["host"]["name"],
        "logon": {"type": "Network"}, "event_data": {"LogonType": "3", "SubjectUserSid": "S-1-5-18"},
    }  # fmt: skip
    return event


def _cloud(rng: random.Random, number: int) -> Document:
    dataset, category, actions = rng.choice(_CLOUD)
    event = _common(rng, number, dataset, rng.choice(actions), category or "configuration", "info")
    event["host"] = {"name": event["host"]["name"]}
    event["source"] = {"ip": f"{rng.randrange(1, 223)}.{rng.randrange(256)}.7.{rng.randrange(1, 255)}"}
    event["cloud"] = {"provider": dataset.split(".")[0], "region": "eu-central-1", "account": {"id": "123456789012"}}
    event["user_agent"] = {"original": "Mozilla/5.0"}
    return event


_TABLE: tuple[tuple[Callable[[random.Random, int], Document], int], ...] = (
    (_process, 30), (_end, 18), (_network, 18), (_lookup, 6), (_file, 14), (_registry, 6), (_logon, 4), (_cloud, 4),
)  # fmt: skip
_KINDS = [kind for kind, _ in _TABLE]
_WEIGHTS = [weight for _, weight in _TABLE]
