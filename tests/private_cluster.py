"""One private PostgreSQL (and, when asked for, Valkey) per test run, shared by all xdist workers.

The process that the person started owns the servers; workers ask it by laying a file into the run's folder. So nothing
is started for tests that need no database, nothing depends on which worker comes first, and all ends with the run.
Durability is off here: the fault test has servers of its own.
"""

import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from soc.local.errors import LocalError
from soc.local.folders import Home
from soc.local.postgres import Postgres
from soc.local.service import Service
from soc.local.supervisor import Supervisor
from soc.local.valkey import Valkey

VARIABLE = "WATCHBILL_TEST_FOLDER"
_TICK_SECONDS = 0.02
_PATIENCE_SECONDS = 90
# A day's partition is dozens of files, and tests make and drop hundreds of them, which a disk's file system takes long
# to do. A run's files are a few hundred megabytes, and a gigabyte of log at most.
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 << 30


class Landlord:
    """Owns the servers of one run and starts them when somebody asks."""

    def __init__(self) -> None:
        # Not pytest's own temporary folder: its path is long, and it is kept after the run.
        self.folder = Path(tempfile.mkdtemp(prefix="wbt-", dir=_place()))
        self.home = Home(self.folder / "home")
        os.environ[VARIABLE] = str(self.folder)
        self._ending = threading.Event()
        self._supervisor: Supervisor | None = None
        self._log = (self.folder / "servers.log").open("a", encoding="utf-8")
        self._thread = threading.Thread(target=self._serve, name="landlord", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the servers and remove everything they wrote."""
        self._ending.set()
        self._thread.join()
        if self._supervisor is not None:
            self._supervisor.close()
        self._log.close()
        os.environ.pop(VARIABLE, None)
        for folder in (self.folder, self.home.sockets, self.home.postgres_socket):
            shutil.rmtree(folder, ignore_errors=True)

    def _serve(self) -> None:
        services = {
            "postgres": lambda: Postgres(self.home, durable=False),
            "valkey": lambda: Valkey(self.home),
        }
        while services and not self._ending.wait(_TICK_SECONDS):
            for name in [name for name in services if (self.folder / f"want-{name}").exists()]:
                self._answer(name, services.pop(name))

    def _answer(self, name, make) -> None:
        try:
            self._start(make())
        except LocalError as error:
            (self.folder / f"failed-{name}").write_text(str(error))
        else:
            (self.folder / f"ready-{name}").touch()

    def _start(self, service: Service) -> None:
        if self._supervisor is None:
            self._supervisor = Supervisor(self._write)
        self._supervisor.start(service)

    def _write(self, name: str, line: str) -> None:
        with suppress(ValueError):  # a last line after the file was closed
            print(f"{name} | {line}", file=self._log, flush=True)


def _place() -> Path:
    """Where the servers' files are laid: in memory, where there is enough of it."""
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    return _MEMORY if roomy else Path("/tmp")


def home() -> Home:
    """The home of this run's servers, from any of its processes."""
    return Home(Path(os.environ[VARIABLE]) / "home")


def need(name: str) -> Home:
    """Have `postgres` or `valkey` running, whoever asked first."""
    folder = Path(os.environ[VARIABLE])
    (folder / f"want-{name}").touch()
    until = time.monotonic() + _PATIENCE_SECONDS
    while not (folder / f"ready-{name}").exists():
        failed = folder / f"failed-{name}"
        if failed.exists():
            raise RuntimeError(failed.read_text())
        if time.monotonic() > until:
            raise RuntimeError(f"{name} did not start; see {folder}/servers.log")
        time.sleep(_TICK_SECONDS)
    return home()


@contextmanager
def only_one(name: str) -> Iterator[Path]:
    """Let one process of the run in at a time; yields the file that says the work was done."""
    folder = Path(os.environ[VARIABLE])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / f"{name}.done"
