"""ECS documents as the agents of the demo company would send them: processes, files, network, sign-ins.

A document carries its own `_id` and `_index`, so that sending it again is a duplicate, never a second event.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.demo.company import DOMAIN, Machine, Os, Person, stable_id

Document = dict[str, object]

_SYSTEMS: dict[Os, dict[str, str]] = {
    Os.LINUX: {"name": "Debian GNU/Linux", "family": "debian", "platform": "debian", "version": "12", "type": "linux"},
    Os.WINDOWS: {"name": "Windows", "family": "windows", "platform": "windows", "version": "11", "type": "windows"},
    Os.MACOS: {"name": "macOS", "family": "darwin", "platform": "darwin", "version": "15.1", "type": "macos"},
}


@dataclass(frozen=True, slots=True)
class Account:
    """The user a process runs as: a person of the company or a service account."""

    name: str
    id: str
    domain: str = ""


ROOT = Account("root", "0")


def account_of(person: Person, os: Os = Os.LINUX) -> Account:
    """The account a person has on machines of this operating system."""
    if os is Os.WINDOWS:
        return Account(person.login, f"S-1-5-21-4021-7781-{person.uid}", "TIDEWATER")
    return Account(person.login, str(person.uid))


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a machine, and the process that started it as far as we follow it."""

    machine: Machine
    executable: str
    args: tuple[str, ...]
    user: Account
    started: datetime
    parent: "Process | None" = None
    directory: str = "/"
    interactive: bool = False

    @property
    def entity_id(self) -> str:
        """Unique over time and machines, unlike the pid."""
        return stable_id("process", self.machine.name, self.executable, *self.args, self.started.isoformat())

    @property
    def pid(self) -> int:
        """A pid that looks like one."""
        return 1 if self.parent is None else 300 + int(self.entity_id[:6], 16) % 60_000

    @property
    def name(self) -> str:
        """The file name of the executable."""
        return self.executable.replace("\\", "/").rsplit("/", 1)[-1]

    def child(
        self,
        executable: str,
        *args: str,
        after: float = 0.4,
        user: Account | None = None,
        directory: str | None = None,
        interactive: bool = False,
    ) -> "Process":
        """The process that this one starts `after` seconds after it started; args[0] is the program as called."""
        return Process(
            machine=self.machine,
            executable=executable,
            args=args or (executable.replace("\\", "/").rsplit("/", 1)[-1],),
            user=user or self.user,
            started=self.started + timedelta(seconds=after),
            parent=self,
            directory=directory or self.directory,
            interactive=interactive,
        )


def init_of(machine: Machine, booted: datetime) -> Process:
    """The first process of a machine, from which all others descend."""
    if machine.os is Os.WINDOWS:
        system = Account("SYSTEM", "S-1-5-18", "NT AUTHORITY")
        return Process(machine, "C:\\Windows\\System32\\services.exe", ("services.exe",), system, booted)
    executable = "/sbin/launchd" if machine.os is Os.MACOS else "/usr/lib/systemd/systemd"
    return Process(machine, executable, (executable,), ROOT, booted)


def process_event(process: Process, action: str = "exec", kind: str = "start") -> Document:
    """A process started (or ended), as Elastic Defend reports it."""
    at = process.started
    action = "start" if action == "exec" and process.machine.os is Os.WINDOWS else action
    document = _base(process.machine, at, "endpoint.events.process", "process", kind, action, process.entity_id)
    described = _process_fields(process)
    if process.parent:
        described["parent"] = _process_fields(process.parent)
    return document | {"process": described, "user": _user_fields(process.user)}


def file_event(process: Process, path: str, action: str = "creation", after: float = 1.0) -> Document:
    """A process created, changed, renamed or deleted a file."""
    at = process.started + timedelta(seconds=after)
    kinds = {"creation": "creation", "deletion": "deletion"}
    document = _base(
        process.machine,
        at,
        "endpoint.events.file",
        "file",
        kinds.get(action, "change"),
        action,
        process.entity_id,
        path,
    )
    separator = "\\" if process.machine.os is Os.WINDOWS else "/"
    directory, _, name = path.rpartition(separator)
    file: dict[str, object] = {"path": path, "name": name, "directory": directory}
    if "." in name.strip("."):
        file["extension"] = name.rsplit(".", 1)[-1]
    return document | {"file": file, "process": _process_fields(process), "user": _user_fields(process.user)}


def network_event(
    process: Process, address: str, port: int, *, after: float = 1.0, protocol: str = "", sent_bytes: int = 1_800
) -> Document:
    """A process opened a connection."""
    at = process.started + timedelta(seconds=after)
    document = _base(
        process.machine,
        at,
        "endpoint.events.network",
        "network",
        "start",
        "connection_attempted",
        process.entity_id,
        address,
        port,
    )
    network = {"transport": "tcp", "direction": "egress", "type": "ipv4"} | ({"protocol": protocol} if protocol else {})
    return document | {
        "process": _process_fields(process),
        "user": _user_fields(process.user),
        "source": {
            "ip": process.machine.ip,
            "address": process.machine.ip,
            "port": 32_768 + process.pid % 28_000,
            "bytes": sent_bytes,
        },
        "destination": {"ip": address, "address": address, "port": port},
        "network": network,
    }


def dns_event(process: Process, question: str, after: float = 0.8) -> Document:
    """A process looked a name up."""
    at = process.started + timedelta(seconds=after)
    document = _base(
        process.machine,
        at,
        "endpoint.events.network",
        "network",
        "protocol",
        "lookup_requested",
        process.entity_id,
        question,
    )
    return document | {
        "process": _process_fields(process),
        "user": _user_fields(process.user),
        "dns": {"question": {"name": question, "type": "A"}},
        "network": {"protocol": "dns", "transport": "udp", "direction": "egress"},
    }


def plain_event(
    dataset: str, at: datetime, *, category: str, kind: str, action: str, fields: Document, outcome: str = "success"
) -> Document:
    """An event of a service that has no agent on a host: a sign-in, a cloud call, a firewall line."""
    event_id = stable_id(dataset, at.isoformat(), action, *sorted(map(str, fields.items())))
    return _envelope(event_id, dataset, at, category, kind, action, "8.17.0", outcome) | fields


def stamp(at: datetime) -> str:
    """The time as agents write it: UTC, milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def host_fields(machine: Machine) -> dict[str, object]:
    """What an agent says of the machine it runs on."""
    fields: dict[str, object] = {
        "id": machine.id,
        "name": machine.name,
        "hostname": f"{machine.name}.{DOMAIN}",
        "architecture": "arm64" if machine.os is Os.MACOS else "x86_64",
        "ip": [machine.ip],
        "os": _SYSTEMS[machine.os],
    }
    return fields | ({"tags": list(machine.tags)} if machine.tags else {})


def _base(
    machine: Machine, at: datetime, dataset: str, category: str, kind: str, action: str, *identity: object
) -> Document:
    event_id = stable_id(machine.name, dataset, action, at.isoformat(), *identity)
    return _envelope(event_id, dataset, at, category, kind, action, "8.11.0") | {
        "agent": {"id": machine.agent_id, "type": "endpoint", "version": "8.17.3"},
        "host": host_fields(machine),
        "tags": list(machine.tags),
    }


def _envelope(
    event_id: str,
    dataset: str,
    at: datetime,
    category: str,
    kind: str,
    action: str,
    ecs_version: str,
    outcome: str = "success",
) -> Document:
    """What every document carries: identity, index, time, and what kind of event it is."""
    return {
        "_id": event_id,
        "_index": f"logs-{dataset}-default",
        "@timestamp": stamp(at),
        "ecs": {"version": ecs_version},
        "data_stream": {"type": "logs", "dataset": dataset, "namespace": "default"},
        "event": {
            "id": event_id,
            "kind": "event",
            "category": [category],
            "type": [kind],
            "action": action,
            "outcome": outcome,
            "module": dataset.split(".")[0],
            "dataset": dataset,
        },
    }


def _user_fields(user: Account) -> dict[str, object]:
    fields: dict[str, object] = {"name": user.name, "id": user.id}
    return fields | ({"domain": user.domain} if user.domain else {})


def _folder(process: Process) -> str:
    """Where the process works; nobody said so for most, and a Windows machine has no root folder."""
    return (
        "C:\\Windows\\System32" if process.machine.os is Os.WINDOWS and process.directory == "/" else process.directory
    )


def _process_fields(process: Process) -> dict[str, object]:
    return {
        "pid": process.pid,
        "entity_id": process.entity_id,
        "name": process.name,
        "executable": process.executable,
        "args": list(process.args),
        "args_count": len(process.args),
        "command_line": " ".join(process.args),
        "working_directory": _folder(process),
        "start": stamp(process.started),
        "interactive": process.interactive,
        "hash": {"sha256": stable_id("file", process.executable) + stable_id("sha", process.executable)},
    }
