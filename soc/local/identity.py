"""As whom PostgreSQL runs, because it refuses to run as root.

An ordinary user runs it as himself. Root runs it in a user namespace, where the kernel shows it as the user 65534 while
files stay root's own; where that is denied (or a parent folder is closed to a root without privileges) it runs as an
unprivileged user, with programs and data under /var/lib/watchbill, because that user cannot enter root's folders.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import FolderTrouble
from .folders import Home, make_folder

NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
SYSTEM_FOLDER = Path("/var/lib/watchbill")
_USERS = ("watchbill", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """How to start PostgreSQL's programs: the words before the command, the user, and where things lie."""

    prefix: tuple[str, ...]
    uid: int | None
    gid: int | None
    programs: Path
    data: Path

    @property
    def owner(self) -> int:
        """Who owns data and socket folder on disk."""
        return os.geteuid() if self.uid is None else self.uid

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one program to its end as this identity, its output kept for the error message."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.uid is not None else None,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )


def choose(home: Home, programs: Path) -> Identity:
    """Pick the identity for this user and place. Where data already lies decides over what would be picked anew."""
    plain = Identity((), None, None, programs, home.path / "postgres")
    if os.geteuid() != 0:
        return plain
    moved_data = SYSTEM_FOLDER / home.key / "postgres"
    if not moved_data.exists() and namespace_works(home, programs):
        return Identity(NAMESPACE, None, None, programs, plain.data)
    return _unprivileged(programs, moved_data)


def namespace_works(home: Home, programs: Path) -> bool:
    """Whether PostgreSQL in a user namespace can run its programs and write our home (some 10 ms)."""
    inside = Identity(NAMESPACE, None, None, programs, home.path)
    try:
        answer = inside.run(
            "sh", "-c", 'test -w "$2" && exec "$1" --version', "sh", programs / "bin" / "postgres", home.path
        )
    except OSError:
        return False
    return answer.returncode == 0


def _unprivileged(programs: Path, data: Path) -> Identity:
    user = _system_user()
    folder = SYSTEM_FOLDER
    make_folder(data.parent)
    for path in (folder, data.parent):
        path.chmod(0o755)
    return Identity((), user.pw_uid, user.pw_gid, _copy_programs(programs, folder), data)


def _system_user() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise FolderTrouble(
        f"Root may not run PostgreSQL, and this machine has none of the users {', '.join(_USERS)}.",
        "Run the command as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.",
    )


def _copy_programs(programs: Path, folder: Path) -> Path:
    """Programs and their libraries, once per version, in a place that every user can enter."""
    stamp = (programs / "bin" / "postgres").stat()
    target = folder / f"programs-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        package = programs.parent
        shutil.copytree(programs, fresh / package.name / programs.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for made in (fresh, fresh / package.name):
            made.chmod(0o755)  # whatever the umask says
        fresh.rename(target)
    return target / programs.parent.name / programs.name
