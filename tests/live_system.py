"""The whole product as real processes on loopback, for flows and the fault test: servers, web, worker and beat.

It is set up by the code of `make run` in a folder of its own, so what a test kills and what it stores is nobody else's.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from soc.local import services
from soc.local.application import Door, Web, beat, worker
from soc.local.folders import CHECKOUT
from tests import private_cluster

_KEPT_LINES = 4000
_NOWHERE = "http://127.0.0.1:1"  # stands for the address of a system that is not there yet


def free_port() -> int:
    """A loopback port that nobody uses now; a moment later somebody might, so start soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(words: tuple[str, ...], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=CHECKOUT, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _set_up(home: Path) -> str:
    """Lay a home as the first start does, and leave it stopped; returns what was printed."""
    home.mkdir()
    with services.running(home=home, environ={}, durable=False) as running:
        return _run(("-m", "soc.local.prepare", "base"), {**running.environment(), "WATCHBILL_URL": _NOWHERE})


class LiveSystem:
    """`start()` it, post to `url`, `kill("web" | "worker" | "beat" | "valkey" | "postgres")`, `stop()` it.

    Killed processes come back by themselves; `wait_ready(name)` waits for that. `environment` is what a process needs
    to find database and broker; `setup_output` holds the administrator's password and link. `durable=False` saves
    fsyncs, and setting up: its home is a copy of one that was set up for all of the run. `before_setup` is called with
    the address of the new, empty database; `environ` names services to use instead of its own.
    """

    def __init__(
        self,
        *,
        durable: bool = True,
        before_setup: Callable[[str], None] | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.durable = durable
        self.given = environ or {}
        self.before_setup = before_setup
        self.folder = Path(tempfile.mkdtemp(prefix="wbl-", dir="/tmp"))
        self.door = Door("127.0.0.1", free_port())
        self.environment: dict[str, str] = {}
        self.setup_output = ""
        self._stack = ExitStack()
        self._running: services.Services | None = None
        self._lines: list[str] = []
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return self.door.url

    @property
    def running(self) -> services.Services:
        assert self._running is not None, "call start() first"
        return self._running

    @property
    def database_url(self) -> str:
        return self.running.database_url

    def start(self) -> "LiveSystem":
        """Set up and start everything (some ten seconds, three from a copy); a second call does nothing."""
        if self._running is None:
            said = "" if self.durable or self.before_setup else self._copy_what_was_set_up()
            self._running = self._stack.enter_context(
                services.running(home=self.folder, environ=self.given, durable=self.durable, log=self._log)
            )
            if self.before_setup is not None:
                self.before_setup(self.database_url)
            self.environment = {**self.running.environment(), "WATCHBILL_URL": self.url}
            self.setup_output = said or self.run("-m", "soc.local.prepare", "base")
            self.running.supervisor.start(
                Web(self.environment, self.door),
                worker(self.environment),
                beat(self.environment, self.folder),
            )
        return self

    def _copy_what_was_set_up(self) -> str:
        """Begin with the home that the first system of this run lays for all; returns what setting it up printed."""
        model = Path(os.environ[private_cluster.VARIABLE]) / "model"
        with private_cluster.only_one("model") as done:
            if not done.exists():
                done.write_text(_set_up(model))
        # PostgreSQL is particular about whose its files are, so these stay as they are.
        subprocess.run(["cp", "-a", f"{model}/.", str(self.folder)], check=True)
        return done.read_text().replace(_NOWHERE, self.url)

    def run(self, *words: str) -> str:
        """Run Python with these words beside the system, and return what it printed; a failure fails the test."""
        return _run(words, self.environment)

    def manage(self, *words: str) -> str:
        """Run a management command on this system's database."""
        return self.run("manage.py", *words)

    def kill(self, name: str) -> int:
        """kill -9 one process; returns its id, 0 when it was not running just then."""
        return self.running.supervisor.kill(name)

    def wait_ready(self, name: str, seconds: float = 60) -> None:
        self.running.supervisor.wait_ready(name, seconds)

    def stop(self) -> None:
        """Stop what was started and remove its folder. Prints the last log lines, which pytest shows on failure."""
        self._stack.close()
        self._running = None
        print("\n".join(self._lines[-80:]))
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log_lines(self) -> list[str]:
        return list(self._lines)

    def _log(self, name: str, line: str) -> None:
        with self._turn:
            self._lines.append(f"{name} | {line}")
            del self._lines[:-_KEPT_LINES]
