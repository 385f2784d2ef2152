"""The embedded PostgreSQL: one private cluster in the home folder, reached through a private socket only.

C locale and UTF-8 (sorting and folding are ours), no TCP, every commit flushed. Authentication is the socket's folder:
only its owner can enter. Our settings are given on the command line, so a data folder never carries old ones along.
"""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from . import identity, orphans, wheels
from .errors import BrokenData, DidNotStart, FolderTrouble, LocalError, WrongVersion
from .folders import Home, make_folder, make_private_folder, need_room
from .service import Command, Service

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    "lc_messages": "C",
}
# Commits still reach the kernel, so they survive a kill -9, only not a power cut.
_FAST = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "1GB"}
_PATIENCE_SECONDS = 10.0
_PASSING = ("the database system is", "too many clients", "remaining connection slots")


class Postgres(Service):
    """One cluster. `durable=False` is for tests that may lose everything."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    stop_seconds = 30.0
    start_seconds = 300.0  # recovery after a kill may have two gigabytes of log to read

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self._programs = wheels.postgres_folder()
        self._identity: identity.Identity | None = None
        self._waiting_since: float | None = None

    @property
    def runs_as(self) -> identity.Identity:
        """Decided at the first look, when the home folder exists."""
        if self._identity is None:
            self._identity = identity.choose(self.home, self._programs)
        return self._identity

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.runs_as.data

    def prepare(self) -> None:
        """Make or check the cluster. A new one takes a second or two. Raises LocalError."""
        make_folder(self.home.path)
        make_folder(self.data.parent)
        need_room(self.data.parent)
        make_private_folder(self.home.postgres_socket, self.runs_as.owner)
        if self.data.exists():
            self._check()
        else:
            self._create()

    def command(self) -> Command:
        """postgres in the foreground, through the user namespace where there is one."""
        settings = _SETTINGS | ({} if self.durable else _FAST)
        settings |= {"unix_socket_directories": str(self.home.postgres_socket)}
        runs_as = self.runs_as
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return Command(
            (str(runs_as.programs / "bin" / "postgres"), "-D", str(self.data), *options),
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)},
            uid=runs_as.uid,
            gid=runs_as.gid,
            prefix=runs_as.prefix,
        )

    def clear_to_start(self) -> bool:
        """Wait for backends that outlived a killed postmaster: a second server beside them would ruin the data.

        They end by themselves within moments; what has not after ten seconds, or is a whole server that a killed
        supervisor left, is told to. Only then is a left-over lock file removed: the process number in it may be
        somebody else's by now.
        """
        left = orphans.servers_in(self.data, "postgres")
        if not left:
            self._waiting_since = None
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            return True
        self._waiting_since = self._waiting_since or time.monotonic()
        if time.monotonic() - self._waiting_since > _PATIENCE_SECONDS or self._postmaster() in left:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
        return False

    def is_ready(self) -> bool:
        """The server writes "ready" into its lock file once it takes connections; then our database is made.

        Raises BrokenData when it is up and refuses.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._has_database()

    def explain(self, code: int | None, last_lines: Sequence[str]) -> LocalError:
        """The server's own last FATAL or PANIC line, with what to do about it."""
        said = next(
            (line for line in reversed(last_lines) if line.startswith(("FATAL", "PANIC"))),
            last_lines[-1] if last_lines else "nothing",
        ).strip()
        if code is None:
            return DidNotStart(
                f"PostgreSQL did not get ready within {self.start_seconds:.0f} s; it last said: {said}",
                "If it is still recovering, start again and give it time.",
            )
        if "No space left" in said:
            return FolderTrouble(
                f"The disk of {self.data} is full.", "Make room there; nothing that was stored is lost."
            )
        return self._broken(f"PostgreSQL said: {said}")

    def _postmaster(self) -> int:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        return 0

    def _has_database(self) -> bool:
        """Make the database on the first start. False while the server does not answer yet."""
        socket = str(self.home.postgres_socket)
        try:
            with psycopg.connect(
                host=socket, user="watchbill", dbname="postgres", autocommit=True, connect_timeout=2
            ) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'watchbill'").fetchone():
                    connection.execute("CREATE DATABASE watchbill TEMPLATE template0")
        except psycopg.OperationalError as error:
            return self._not_yet(str(error))
        return True

    def _not_yet(self, said: str) -> bool:
        """False for a server that only needs time; one that is up and refuses has broken data."""
        refusal = next((line for line in said.splitlines() if "FATAL:" in line), "")
        if refusal and not any(words in refusal for words in _PASSING):
            raise self._broken(f"PostgreSQL said: {refusal[refusal.index('FATAL:') :].strip()}")
        return False

    def _check(self) -> None:
        version = self.data / "PG_VERSION"
        try:
            found = version.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise self._broken("PG_VERSION is missing or unreadable") from None
        ours = wheels.postgres_major(self._programs)
        if found != str(ours):
            raise WrongVersion(
                f"The data in {self.data} was written by PostgreSQL {found}, but Watchbill brings PostgreSQL {ours}.",
                "Move the folder away to start empty, or dump it with its own version and load the dump here.",
            )
        checked = self.runs_as.run(self.runs_as.programs / "bin" / "pg_controldata", "-D", self.data)
        if checked.returncode != 0 or "Calculated CRC checksum does not match" in checked.stdout + checked.stderr:
            raise self._broken("its control file is damaged")

    def _broken(self, why: str) -> BrokenData:
        return BrokenData(
            f"The database in {self.data} cannot be used: {why}.".replace("..", "."),
            f"Put a backup in its place, or move the folder away to start empty: mv {self.data} {self.data}.broken",
        )

    def _create(self) -> None:
        """Build the cluster beside its place and move it there whole: a cut-off start leaves nothing half made."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.runs_as.uid is not None:
            os.chown(fresh, self.runs_as.uid, self.runs_as.gid or -1)
        made = self.runs_as.run(
            self.runs_as.programs / "bin" / "initdb", "-D", fresh, "-U", "watchbill", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-instructions", *([] if self.durable else ["--no-sync"]),
        )  # fmt: skip
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            said = (made.stderr.strip().splitlines() or ["nothing"])[-1]
            raise FolderTrouble(
                f"A database could not be made in {self.data.parent}; initdb said: {said}",
                "Look at the disk's room and rights, or set WATCHBILL_HOME to another folder.",
            )
        fresh.rename(self.data)
