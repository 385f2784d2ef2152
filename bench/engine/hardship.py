"""What hostile events cost, and how much memory values that never come again take."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

from bench.engine import hostile
from bench.engine.alone import resident_mib
from bench.engine.judging import Cost, judge, load
from bench.engine.rules import expressions_of
from bench.engine.sources import Row, Source, batches

_BATCH, _ATTACKING_BATCH = 1_000, 100
_LONGEST_SECONDS = 60.0


def under_attack(stored: Path, source: Source, kind: str, count: int) -> tuple[Cost, Cost, float]:
    """Costs of ordinary events, then of as many hostile ones, and the process's memory after them.

    The hostile ones are all counted, the first too: an attacker does not warm up. It ends after a minute of the
    processor, for an attack that succeeds.
    """
    made = load(stored, source)
    judge(made.matcher, batches(source.rows(0, count), _BATCH))
    ordinary = judge(made.matcher, batches(source.rows(count, count), _BATCH))
    rows = kinds_for(stored)[kind]()
    attacked = judge(made.matcher, _for_a_minute(batches(islice(rows, count), _ATTACKING_BATCH)))
    return ordinary, attacked, resident_mib()


def _for_a_minute(made: Iterator[list[Row]]) -> Iterator[list[Row]]:
    until = time.process_time() + _LONGEST_SECONDS
    return takewhile(lambda _: time.process_time() < until, made)


def kinds_for(stored: Path) -> dict[str, Callable[[], Iterator[Row]]]:
    """The hostile kinds against these rules."""
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
