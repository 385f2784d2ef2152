"""Where the embedded services keep their data and their sockets.

Data lies in the home folder (`.local/` of the checkout, or WATCHBILL_HOME). Sockets cannot: a socket's path may have
107 bytes at most and checkouts lie deep, so each home has its own short private folder under /tmp, named by a hash.
"""

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import AlreadyRunning, FolderTrouble

CHECKOUT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds everything one Watchbill keeps on this machine."""

    path: Path

    @classmethod
    def default(cls) -> "Home":
        """WATCHBILL_HOME, else `.local/` beside the code."""
        return cls(Path(os.environ.get("WATCHBILL_HOME") or CHECKOUT / ".local").absolute())

    @property
    def key(self) -> str:
        """Tells homes apart in names that must be short."""
        return hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:10]

    @property
    def sockets(self) -> Path:
        """Short enough for every socket: /tmp and not TMPDIR, which may be long and differ between terminals."""
        return Path("/tmp") / f"wb-{os.geteuid()}-{self.key}"  # noqa: S108 - made 0700, owner checked

    @property
    def postgres_socket(self) -> Path:
        """PostgreSQL's own folder, because it may run as another user than we do."""
        return self.sockets.with_name(self.sockets.name + "p")

    @property
    def valkey_socket(self) -> Path:
        """Valkey's socket file."""
        return self.sockets / "valkey"

    @property
    def database_url(self) -> str:
        """The embedded database, whether it runs or not."""
        return f"postgresql://watchbill@/watchbill?host={self.postgres_socket}"

    @property
    def broker_url(self) -> str:
        """The embedded broker, as Celery wants it."""
        return f"redis+socket://{self.valkey_socket}?virtual_host=0"

    @property
    def cache_url(self) -> str:
        """The shared cache (rate limits) beside the broker, as Django wants it."""
        return f"unix://{self.valkey_socket}?db=1"


def make_folder(path: Path) -> None:
    """Make a folder for our data, or say why that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise FolderTrouble(
            f"The folder {path} cannot be written ({error.strerror}).",
            "Give this user the right to write there, or set WATCHBILL_HOME to a folder of its own.",
        ) from error


def need_room(path: Path, needed: int = NEEDED_BYTES) -> None:
    """Refuse to start on a disk so full that the database would stop at once."""
    free = shutil.disk_usage(path).free
    if free < needed:
        raise FolderTrouble(
            f"Only {free // 2**20} MB are free on the disk of {path}; at least {needed // 2**20} MB are needed.",
            "Make room, or set WATCHBILL_HOME to a folder on another disk.",
        )


def make_private_folder(path: Path, owner: int) -> None:
    """A folder that only `owner` can enter; one that somebody else laid there first is refused, not used."""
    try:
        path.mkdir(mode=0o700)
        if owner != os.geteuid():
            os.chown(path, owner, -1)
    except FileExistsError:
        found = path.lstat()
        trusted = {os.geteuid(), owner}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted or found.st_mode & 0o077:
            raise FolderTrouble(
                f"{path} should be a private folder of ours, but belongs to somebody else or is open to others.",
                f"Look who made it, then remove it: rm -r {path}",
            ) from None
        if found.st_uid != owner:
            os.chown(path, owner, -1)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home for this process. The kernel lets go of it however the process ends."""
    make_folder(home.path)
    descriptor = os.open(home.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, home)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: Home) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        raise AlreadyRunning(
            f"Watchbill already runs on the data in {home.path} (process {holder}).",
            "Stop it with Ctrl-C in its terminal, or set WATCHBILL_HOME and PORT to run a second one beside it.",
        ) from None


def point_here(environ: MutableMapping[str, str]) -> None:
    """Let a management command in another terminal find the services of `make run`, running or not."""
    place = Home.default()
    if not environ.get("DATABASE_URL"):
        environ["DATABASE_URL"] = place.database_url
    if not environ.get("BROKER_URL"):
        environ["BROKER_URL"] = place.broker_url
        environ.setdefault("CACHE_URL", place.cache_url)
