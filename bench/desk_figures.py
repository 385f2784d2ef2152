"""How a figure of the desk is taken, and told.

On a virtual machine the host may withhold the processor, and everything takes longer for reasons that are not ours. A
figure is therefore taken in up to BLOCKS blocks until one of them was disturbed by less than STOLEN_PERCENT; else the
block that was disturbed least counts. Chosen by what was withheld, never by how long it took; both are written down.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.results import Stolen, append, percentile

REQUESTS, KEYS = 100, 60
BLOCKS, STOLEN_PERCENT, PAUSE_SECONDS = 5, 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that the desk is asked again and again, and the most that it may take, in milliseconds."""

    name: str
    target_ms: int
    act: Callable[[int], Any]
    how: str = "by Django's test client"


@dataclass(frozen=True, slots=True)
class Block:
    """What each of some requests took, in milliseconds, and how much of the processor the host withheld meanwhile."""

    times: list[float]
    stolen: float


def least_disturbed(take: Callable[[], list[float]]) -> Block:
    """What was asked for, taken as often as the host makes necessary."""
    blocks: list[Block] = []
    while not blocks or (len(blocks) < BLOCKS and blocks[-1].stolen >= STOLEN_PERCENT):
        time.sleep(PAUSE_SECONDS if blocks else 0)
        stolen = Stolen()
        times = take()
        blocks.append(Block(times, stolen.percent()))
    return min(blocks, key=lambda block: block.stolen)


def tell(asked: Asked, block: Block, given: argparse.Namespace, before: dict[str, Any]) -> None:
    """Write the figure down, with `before`, the conditions at its start."""
    figures = {
        "asked": asked.name,
        "alerts": given.alerts,
        "events": given.events,
        "median_ms": round(statistics.median(block.times)),
        "p95_ms": round(percentile(block.times, 0.95)),
        "target_ms": asked.target_ms,
        "stolen_percent": block.stolen,
    }
    append("desk", figures, f"{len(block.times)} requests, {asked.how}", before)
