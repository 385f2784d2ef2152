"""`make reset`: start over. Removes what we keep in the home folder, by name, after asking."""

import shutil
import sys
from pathlib import Path

from .folders import Home, locked
from .identity import SYSTEM_FOLDER

_OURS = ("postgres", "postgres.new", "valkey", "static", "secret_key", "demo_key", "demo_laid", "url", "lock")
_OURS_LIKE = ("beat-schedule*",)


def reset(*, sure: bool) -> int:
    """Remove all data of this home. Anything but "yes" keeps it. Raises AlreadyRunning."""
    home = Home.default()
    with locked(home):
        found = things_of(home)
        print(f"This removes every event, alert, rule change and account in {home.path}, for good.")
        if not sure and not _confirmed():
            print("Nothing was removed.")
            return 1
        for path in found:
            _remove(path)
    print("Removed. `make run` starts over.")
    return 0


def things_of(home: Home) -> list[Path]:
    """What we made there; anything else in the folder is somebody's own and stays."""
    named = [home.path / name for name in _OURS]
    named += [path for pattern in _OURS_LIKE for path in home.path.glob(pattern)]
    return [path for path in [*named, SYSTEM_FOLDER / home.key] if path.exists()]


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        print("There is no terminal to ask on; `python -m soc.local reset --yes` does not ask.")
        return False
    return input('Type "yes" to go on: ').strip().lower() == "yes"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
