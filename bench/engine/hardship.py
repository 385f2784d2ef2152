"""What hostile events cost, and how much memory values that never come again take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.engine import hostile
from bench.engine.alone import resident_mib
from bench.engine.judging import Cost, judge, load
from bench.engine.sources import Row, Source, batches

_BATCH = 1_000


def under_attack(stored: Path, source: Source, kind: str, count: int) -> tuple[Cost, Cost, float]:
    """Costs of ordinary events, then of as many hostile ones, and the process's memory after them.

    The hostile ones are all counted, the first too: an attacker does not warm up.
    """
    made = load(stored, source)
    judge(made.matcher, batches(source.rows(0, count), _BATCH))
    ordinary = judge(made.matcher, batches(source.rows(count, count), _BATCH))
    rows = kinds_for(stored)[kind]()
    attacked = judge(made.matcher, batches(islice(rows, count), _BATCH))
    return ordinary, attacked, resident_mib()


def kinds_for(stored: Path) -> dict[str, Callable[[], Iterator[Row]]]:
    """The hostile kinds against these rules."""
    from bench.engine.rules import expressions_of

    return hostile.kinds([expression.tree for expression in expressions_of(stored.read_bytes())])


@dataclass(frozen=True, slots=True)
class Growth:
    """The memory of a process after so many values that it had never met."""

    values: int
    mib: float
    microseconds: float


def growth(stored: Path, source: Source, values: int, steps: int = 10) -> list[Growth]:
    """Judge events of new values only, and look at the memory now and then."""
    made = load(stored, source)
    found = [Growth(0, resident_mib(), 0.0)]
    rows = kinds_for(stored)["every value new"]()
    step = max(1, values // hostile.NEW_VALUES // steps)
    for number in range(1, steps + 1):
        cost = judge(made.matcher, batches(islice(rows, step), _BATCH))
        found.append(Growth(number * step * hostile.NEW_VALUES, resident_mib(), cost.microseconds))
    return found
