#!/usr/bin/env python3
# ruff: noqa: N818, UP006, UP021, UP035, UP045
"""Makes the Python environment .venv from the lock, with nothing but Python itself.

    python3 bootstrap/environment.py runtime|dev [--this-python]

Of several builds of this Python's version it takes the fastest, unless told `--this-python` (make PYTHON=...).
Uses uv where there is one, else venv and pip. Does nothing (some 50 ms) when the environment is that of the lock.
An installation that was cut off is noticed by the mark it left, and made anew. Keep the syntax of this file old (3.6):
it is what tells people with an old Python what to do.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
STAMP = VENV / "watchbill-lock"
MARK = VENV / "watchbill-installing"
OLDEST = (3, 11)
WORTH = 1.1  # so many times faster must another build be; less is noise
# A little of what a server does all day, and what an environment cannot do without; prints whose it is and seconds.
MEASURE = """
import ctypes, ssl, sys, time, venv, zlib
class Counted(dict):
    def add(self, name, number):
        try:
            self[name] += number
        except KeyError:
            self[name] = number
def took():
    began, counted = time.process_time(), Counted()
    for number in range(20000):
        counted.add("%d:%s" % (number % 4001, number % 7), number)
    sorted(counted.items(), key=lambda pair: pair[1])
    return time.process_time() - began
print("%d.%d" % sys.version_info[:2], sys.executable, min(took() for _ in range(9)), sep="\\n")
"""


class Trouble(Exception):
    """One sentence on what is wrong, one on what to do."""


def say(sentence: str) -> None:
    """Progress for the person who waits."""
    print("  environment: " + sentence, flush=True)


def lock_file(kind: str) -> Path:
    """The hashed requirements of this kind."""
    return ROOT / "requirements" / (kind + ".txt")


def digest(kind: str) -> str:
    """Changes whenever the lock does."""
    return kind + ":" + hashlib.sha256(lock_file(kind).read_bytes()).hexdigest()


def is_current(kind: str) -> bool:
    """Whether .venv was installed whole from today's lock; development contains all of runtime."""
    if MARK.exists() or not works(PYTHON):
        return False
    return STAMP.exists() and digest(kind) in STAMP.read_text().split()


def works(python: str) -> bool:
    """Whether this interpreter is there; one that moved or was removed leaves a dead link behind."""
    return os.access(python, os.X_OK)


def new_enough(python: str) -> bool:
    """Whether an interpreter runs and is at least the oldest that we support."""
    code = f"import sys; sys.exit(sys.version_info < {OLDEST!r})"
    try:
        return subprocess.call([python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def measured(python: str) -> Optional[Tuple[str, str, float]]:
    """Version, own path and seconds of a loop; None of what does not run or lacks what we need."""
    try:
        said = subprocess.check_output([python, "-c", MEASURE], stderr=subprocess.DEVNULL, universal_newlines=True)
        version, path, seconds = said.splitlines()
        return version, os.path.realpath(path), float(seconds)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def can_have_pip(python: str) -> bool:
    """Whether packages can be installed for it: by uv, by its own pip, or by one from outside."""
    return bool(shutil.which("uv")) or has(python, "ensurepip") or outside_pip(python, sys.executable) is not None


def fastest_build(python: str) -> str:
    """This interpreter, or another of its version in PATH that is clearly faster.

    One that was compiled without profile and link-time optimization, as pyenv does unless told, is 1.1 to 1.6 times
    slower than a distribution's. What a build says of itself does not tell, so both are measured: a fifth of a second.
    """
    own = measured(python)
    if own is None:
        return python
    builds: Dict[str, float] = {}
    for folder in os.get_exec_path():
        beside = str(Path(folder) / ("python" + own[0]))
        found = measured(beside) if os.access(beside, os.X_OK) else None
        if found and found[0] == own[0] and found[1] != own[1]:
            builds[found[1]] = min(found[2], builds.get(found[1], found[2]))
    best = min(builds, key=lambda path: builds[path], default="")
    if not best or own[2] < WORTH * builds[best] or not can_have_pip(best):
        return python
    say(f"taking {best}, {own[2] / builds[best]:.1f} times as fast as {own[1]}; make PYTHON=... takes another")
    return best


def find_python() -> str:
    """The running interpreter, or a newer one beside it."""
    names = [f"python3.{minor}" for minor in range(20, OLDEST[1] - 1, -1)]
    for python in [sys.executable] + [shutil.which(name) for name in names]:
        if python and new_enough(python):
            return python
    raise Trouble(
        "Watchbill needs Python 3.11 or newer, and this is {}.{}.\n"
        "Install a newer one, or name it: make PYTHON=/path/to/python3.12 run".format(*sys.version_info[:2])
    )


def run(words: List[str], quiet: bool = False) -> bool:
    """Run a command; its output is shown only when it fails."""
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, cwd=str(ROOT)
    )
    if done.returncode and not quiet:
        print("\n".join(done.stdout.splitlines()[-15:]), file=sys.stderr)
    return done.returncode == 0


def has(python: str, module: str) -> bool:
    """Whether a module can be imported there."""
    return run([python, "-c", "import " + module], quiet=True)


def make_venv(python: str) -> None:
    """An empty environment; without pip where Python's own ensurepip was split off, as Debian does."""
    pip = [] if has(python, "ensurepip") else ["--without-pip"]
    if not run([python, "-m", "venv", *pip, str(VENV)]):
        raise Trouble(
            f"Python's venv module could not make {VENV}.\n"
            "Look at the rights and the room of that folder; on Debian install python3-venv."
        )


def outside_pip(python: str, inside: str) -> Optional[List[str]]:
    """A pip that installs for the interpreter `inside` from outside of it (22.3 and newer do)."""
    commands = [[python, "-m", "pip"]] + [[found] for found in map(shutil.which, ("pip3", "pip")) if found]
    for command in commands:
        if run([*command, "--python", inside, "--version"], quiet=True):
            return command
    return None


def pip_command(python: str) -> List[str]:
    """How to call a pip that installs into .venv: its own, or any other by --python (pip 22.3 and newer)."""
    if has(PYTHON, "pip"):
        return [PYTHON, "-m", "pip"]
    outside = outside_pip(python, PYTHON)
    if outside:
        return [*outside, "--python", PYTHON]
    raise Trouble(f"There is no pip (22.3 or newer) for {python}.\nInstall pip or uv, then run the command again.")


def install_with_uv(uv: str, python: str, kind: str) -> bool:
    """Fast, and shares its cache between checkouts. False when uv does not manage here."""
    if not works(PYTHON) and not run([uv, "venv", "--quiet", "--python", python, str(VENV)]):
        return False
    MARK.touch()
    words = ["pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", str(lock_file(kind))]
    return run([uv, *words])


def install_with_pip(python: str, kind: str) -> None:
    """Slower, and everywhere."""
    if not works(PYTHON):
        make_venv(python)
    MARK.touch()
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    if not run(pip_command(python) + words + ["-r", str(lock_file(kind))]):
        raise Trouble(
            f"The packages of {lock_file(kind).name} could not be installed; the lines above say why.\n"
            "Mostly it is the network or the disk: mend it and run the command again."
        )


def start_over_if_broken() -> None:
    """Remove an environment that a cut-off installation or a vanished Python left unusable."""
    if VENV.exists() and (MARK.exists() or not new_enough(PYTHON)):
        say("the last installation was cut off, or its Python is gone; making it anew")
        shutil.rmtree(str(VENV))


def install(kind: str, named: bool) -> None:
    """Bring .venv to the lock, whatever state it is in."""
    python = find_python()
    start_over_if_broken()
    if not named and not works(PYTHON):
        python = fastest_build(python)
    uv = shutil.which("uv")
    say("installing packages with {}; the first time takes a minute".format("uv" if uv else "pip"))
    if not (uv and install_with_uv(uv, python, kind)):
        if uv:
            say("uv did not manage; trying pip")
        install_with_pip(python, kind)
    kinds = ["runtime", "dev"] if kind == "dev" else ["runtime"]
    STAMP.write_text("".join(digest(one) + "\n" for one in kinds))
    MARK.unlink()
    say("ready")


def ensure(kind: str, named: bool = False) -> None:
    """Install if needed; two commands at once take turns."""
    if is_current(kind):
        return
    with (ROOT / ".venv.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_current(kind):
            install(kind, named)


def main(arguments: List[str]) -> int:
    """Exit code 0 when .venv is that of the lock."""
    if arguments not in [[kind, *flag] for kind in ("runtime", "dev") for flag in ([], ["--this-python"])]:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        ensure(arguments[0], named="--this-python" in arguments)
    except KeyboardInterrupt:
        print("\nStopped. Run the command again to go on.", file=sys.stderr)
        return 130
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 78
    except OSError as error:
        print(f"{error}\nGive this user the right to write in {ROOT}, and room.", file=sys.stderr)
        return 73
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
