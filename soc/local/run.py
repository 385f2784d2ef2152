"""`make run`: set everything up, start it, say where it is, and stop all of it on Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from . import services
from .application import Door, Web, beat, telemetry, worker
from .errors import DidNotStart, LocalError
from .folders import CHECKOUT, Home
from .terminal import Terminal

_NOISE = ("Memory overcommit must be enabled", "LOG:  starting PostgreSQL", "LOG:  listening on Unix socket")


def run() -> int:
    """Run until Ctrl-C or SIGTERM. Raises LocalError with a sentence for the reader."""
    terminal = Terminal(_NOISE)
    door, demo = door_from_environment(), os.environ.get("DEMO", "1") not in ("0", "no", "false", "off", "")
    with ended_by_signal() as ended:
        terminal.say(f"Watchbill: data in {Home.default().path}")
        with services.running(say=lambda what: terminal.say(f"  {what} …"), log=terminal.log) as running:
            door.check_free()
            environment = {**running.environment(), **names_for(door), "DEMO": "1" if demo else "0"}
            prepare(environment, ended)
            terminal.say("  web, worker and beat …")
            running.supervisor.start(Web(environment, door), worker(environment), beat(environment, running.home.path))
            if demo:
                running.supervisor.start(telemetry(environment, door))
            terminal.say(welcome(door, running.home, demo))
            ended.wait()
            terminal.say("\nStopping …")
        terminal.say("Stopped; the data stays. `make run` starts again.")
    return 0


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


def prepare(environment: dict[str, str], ended: threading.Event) -> None:
    """Run the setting-up process; Ctrl-C meanwhile stops it and us. Raises LocalError, KeyboardInterrupt."""
    process = subprocess.Popen(
        [sys.executable, "-m", "soc.local.prepare"],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    while (code := process.poll()) is None:
        if ended.wait(0.1):
            process.terminate()
            process.wait()
            raise KeyboardInterrupt
    if code:
        raise DidNotStart(
            f"Setting up did not work (code {code}).",
            "The lines above say why. Packages missing: rm -r .venv. Data you do not need: make reset. Then try again.",
        )


def welcome(door: Door, home: Home, demo: bool) -> str:
    """The last words of a start: where to go, and for an empty one how to send the first event."""
    lines = [f"\nWatchbill is ready:  {door.url}/", f"Ctrl-C stops it. The data stays in {home.path}."]
    if demo:
        return "\n".join([*lines, "Demo telemetry arrives; `make run DEMO=0` starts without.", ""])
    return "\n".join([*lines, "", "It is empty. Connect an agent with a key of its own:", *_first_event(door), ""])


_EVENT = (
    '{"@timestamp":"\'$(date -u +%FT%TZ)\'","event":{"category":["process"],"type":["start"]},'
    '"host":{"name":"my-host"},"process":{"name":"perl","args":["perl","-e","exec \\"/bin/sh\\";"]}}'
)


def _first_event(door: Door) -> list[str]:
    return [
        "  .venv/bin/python manage.py create_api_key my-agent",
        f"  curl {door.url}/api/v1/events -H 'Authorization: ApiKey THE_KEY' \\",
        "    -H 'Content-Type: application/x-ndjson' --data-binary \\",
        f"    '{_EVENT}'",
    ]
