"""`make run`: set everything up, start it, say where it is, and stop all of it on Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from soc.web.sample import SAMPLE_EVENT

from . import services, wheels
from .application import Door, Web, beat, telemetry, worker
from .errors import DidNotStart, EnvironmentIncomplete, LocalError, PortTaken
from .folders import CHECKOUT, Home, locked
from .terminal import Terminal

# Lines that come with every start and stop, on every machine, and ask nothing of the reader.
_NOISE = (
    "Memory overcommit must be enabled",
    "LOG:  starting PostgreSQL",
    "LOG:  listening on Unix socket",
    "LOG:  aborting any active transactions",
    'background worker "logical replication launcher"',
    "signal-handler (",
    "SecurityWarning: You're running the worker with superuser privileges",
    "absolutely not recommended!",
    "Please specify a different user using the --uid option.",
    "User information: uid=",
    "_warn_or_raise_security_error",
)
_NO = ("0", "no", "false", "off", "")


def run() -> int:
    """Run until Ctrl-C or SIGTERM. Raises LocalError with a sentence for the reader."""
    terminal = Terminal(_NOISE)
    with ended_by_signal() as ended:
        door, demo = door_from_environment(), os.environ.get("DEMO", "1").lower() not in _NO
        terminal.say(f"Watchbill: data in {Home.default().path}")
        wheels.check_environment(CHECKOUT / "requirements" / "runtime.txt")
        need_door(door)
        with services.running(say=lambda what: terminal.say(f"  {what} …"), log=terminal.log) as running:
            start(running, door, demo, terminal, ended)
            terminal.say(welcome(door, running.home, demo))
            ended.wait()
            terminal.say("\nStopping …")
        terminal.say("Stopped; the data stays. `make run` starts again.")
    return 0


def start(running: services.Services, door: Door, demo: bool, terminal: Terminal, ended: threading.Event) -> None:
    """The pages first, so that they can be read while the demo's past is laid; the worker when that is done."""
    environment = {**running.environment(), **names_for(door)}
    (running.home.path / "url").write_text(door.url + "\n", encoding="ascii")  # for commands in other terminals
    prepare("base", environment, ended)
    terminal.say("  web …")
    running.supervisor.start(Web(environment, door))
    laid = running.home.path / "demo_laid"  # each further time would add the days since
    if demo and not laid.exists():
        terminal.say(f"  the pages answer already: {door.url}/")
        prepare("demo", environment, ended)
        laid.touch()
    terminal.say("  worker and beat …")
    running.supervisor.start(worker(environment), beat(environment, running.home.path))
    if demo:
        running.supervisor.start(telemetry(environment, door))


def need_door(door: Door) -> None:
    """Raises PortTaken, unless it is ourselves who hold the port: then AlreadyRunning, which says more."""
    try:
        door.check_free()
    except PortTaken:
        with locked(Home.default()):
            raise


def door_from_environment() -> Door:
    """HOST (loopback unless told otherwise) and PORT."""
    raw = os.environ.get("PORT") or "8000"
    if not raw.isdecimal() or not 1 <= int(raw) <= 65_535:
        raise LocalError(f"PORT must be a number from 1 to 65535, not {raw!r}.", "For example: make run PORT=8001")
    return Door(os.environ.get("HOST") or "127.0.0.1", int(raw))


def names_for(door: Door) -> dict[str, str]:
    """The address for links that are printed, and, off loopback, the names under which browsers may call us."""
    names = {"WATCHBILL_URL": door.url}
    if door.near != door.host or door.host not in ("127.0.0.1", "localhost", "::1"):
        here = socket.gethostname()
        found = ["localhost", "127.0.0.1", "[::1]", here, socket.getfqdn(), door.near, *_addresses_of(here)]
        names["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS") or ",".join(dict.fromkeys(found))
    return names


def _addresses_of(host: str) -> list[str]:
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, socket.AF_INET)]
    except OSError:
        return []


@contextmanager
def ended_by_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets. Asked twice, it still stops in good order."""
    ended = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in signals}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def prepare(part: str, environment: dict[str, str], ended: threading.Event) -> None:
    """Run one part of the setting up as a process; Ctrl-C meanwhile stops it and us.

    Raises LocalError, KeyboardInterrupt.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "soc.local.prepare", part],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    while (code := process.poll()) is None:
        if ended.wait(0.1):
            process.terminate()
            process.wait()
            raise KeyboardInterrupt
    if code == EnvironmentIncomplete.exit_code:
        raise EnvironmentIncomplete(
            f"The Python environment {sys.prefix} is only half installed.",
            f"Remove it and run the command again, it is made anew: rm -r {sys.prefix}",
        )
    if code:
        raise DidNotStart(
            f"Setting up did not work (code {code}); the lines above say why.",
            "Mend it and run the command again; to give up the data and start over: make reset",
        )


def welcome(door: Door, home: Home, demo: bool) -> str:
    """The last words of a start: where to go, and for an empty one how to send the first event."""
    lines = [f"\nWatchbill is ready:  {door.url}/", f"Ctrl-C stops it. The data stays in {home.path}."]
    if demo:
        return "\n".join([*lines, "Demo telemetry arrives; `make run DEMO=0` starts without.", ""])
    return "\n".join([*lines, "", "It is empty. Connect an agent with a key of its own:", *_first_event(door), ""])


def _first_event(door: Door) -> list[str]:
    return [
        "  .venv/bin/python manage.py create_api_key my-agent",
        f"  curl {door.url}/api/v1/events -H 'Authorization: ApiKey THE_KEY' \\",
        "    -H 'Content-Type: application/x-ndjson' --data-binary \\",
        f"    '{SAMPLE_EVENT}'",
    ]
