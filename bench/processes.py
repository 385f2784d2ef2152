"""Where the processor's time goes: each service's processes, read from /proc (Linux)."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SERVICES = (
    ("granian", "web"),
    (" worker", "worker"),
    (" beat", "beat"),
    ("postgres", "postgres"),
    ("valkey", "valkey"),
)


@dataclass(frozen=True, slots=True)
class Process:
    """A process at a moment: its parent, its processor time so far, and its resident memory."""

    id: int
    parent: int
    seconds: float
    mib: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every service's processor time so far, and its largest process."""

    seconds: dict[str, float]
    largest_mib: dict[str, float]

    def since(self, earlier: "Snapshot", elapsed: float) -> dict[str, float]:
        """How many cores each service has used since."""
        return {
            name: round((total - earlier.seconds.get(name, 0.0)) / elapsed, 2)
            for name, total in sorted(self.seconds.items())
        }


def snapshot() -> Snapshot:
    """Now, for this process (the client) and all that it has started."""
    processes = {process.id: process for process in _processes()}
    seconds: dict[str, float] = defaultdict(float)
    largest: dict[str, float] = defaultdict(float)
    for process in processes.values():
        name = _service_of(process, processes)
        if name:
            seconds[name] += process.seconds
            largest[name] = max(largest[name], process.mib)
    return Snapshot(dict(seconds), dict(largest))


def _processes() -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            # Of children that ended the parent keeps the time; ours were commands of setting up, before the load.
            counted = told[11:13] if int(entry.name) == os.getpid() else told[11:15]
            used = sum(map(int, counted)) / _TICKS
            yield Process(int(entry.name), int(told[1]), used, round(int(told[21]) * _PAGE / 2**20, 1))


def _service_of(process: Process, processes: dict[int, Process]) -> str | None:
    """The service by the words of the process that we started; None for what is not ours."""
    ours = os.getpid()
    if process.id == ours:
        return "client"
    while process.parent != ours:
        parent = processes.get(process.parent)
        if parent is None:
            return None
        process = parent
    words = _words(process.id)
    return next((name for word, name in _SERVICES if word in words), "other")


def _words(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\x00", b" ").decode(errors="replace")
    except OSError:
        return ""
