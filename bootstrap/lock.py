"""Writes and checks the lock: requirements/*.in -> *.txt with exact versions and hashes, and without any address.

    python bootstrap/lock.py          writes it (needs uv)
    python bootstrap/lock.py --check  compares, needs nothing and asks nobody

Each .txt carries the hash of the .in files it came from, so a changed wish without a new lock is noticed offline.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
NAMES = ("runtime", "server", "dev")  # in this order: the later ones repeat the versions of runtime
_MADE_FROM = {"server": ("server",), "runtime": ("server", "runtime"), "dev": ("server", "runtime", "dev")}
_STAMP = "# made from "
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[a-z,]+\])?==[A-Za-z0-9.+!]+(?: ; [^\\]+)?"
_HASH = r"    --hash=sha256:[0-9a-f]{64}"
_LINE = re.compile(rf"^(?:{_VERSION}|{_HASH})(?: \\)?$")


def wishes(name: str) -> str:
    """The hash of everything that `name`.txt depends on."""
    inputs = [FOLDER / f"{needed}.in" for needed in _MADE_FROM[name]]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()


def write() -> None:
    """Resolve both locks for every platform; versions that are locked already stay where they can."""
    for name in NAMES:
        target = FOLDER / f"{name}.txt"
        subprocess.run(
            ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
             "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
             *sys.argv[1:], *_constraints(name), str(FOLDER / f"{name}.in"), "-o", str(target)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        target.write_text(f"{_STAMP}{wishes(name)}\n{target.read_text()}")


def _constraints(name: str) -> list[str]:
    return [] if name == "runtime" else ["--constraints", str(FOLDER / "runtime.txt")]


def complaints(name: str) -> list[str]:
    """What is wrong with one lock file, as sentences."""
    target = FOLDER / f"{name}.txt"
    lines = target.read_text().splitlines()
    found = []
    if lines[:1] != [f"{_STAMP}{wishes(name)}"]:
        found.append(f"{target.name} is older than the wishes: run `make lock`")
    found += [
        f"{target.name}:{number}: neither a version nor a hash: {line}"
        for number, line in enumerate(lines[1:], start=2)
        if not _LINE.match(line)
    ]
    return found


def pins(name: str) -> dict[str, str]:
    """Package -> version line."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    return dict(line.rstrip(" \\").split("==", 1) for line in lines if "==" in line and line[0] not in " #")


def differences(smaller: str, larger: str) -> list[str]:
    """What a lock has and the one that contains it has not, as sentences."""
    there = pins(larger)
    return [
        f"{larger}.txt does not repeat {package}=={version} of {smaller}.txt"
        for package, version in pins(smaller).items()
        if there.get(package) != version
    ]


def check() -> int:
    """0 when the locks are whole and agree."""
    found = [sentence for name in NAMES for sentence in complaints(name)]
    found += differences("server", "runtime") + differences("runtime", "dev")
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    write()
