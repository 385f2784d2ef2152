"""Judging events by all rules, with the clock on the matcher alone."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.engine.alone import resident_mib
from bench.engine.rules import expressions_of
from bench.engine.sources import Row, Source, batches
from engine import Expression, Matcher


@dataclass(slots=True)
class Cost:
    """What judging took: by the clock, and of the processor."""

    events: int = 0
    hits: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> int:
        """Events a second by the clock."""
        return round(self.events / self.seconds) if self.seconds else 0

    @property
    def per_cpu_second(self) -> int:
        """Events a second of processor time: what a core to oneself would give."""
        return round(self.events / self.cpu_seconds) if self.cpu_seconds else 0

    @property
    def microseconds(self) -> float:
        """Processor time an event."""
        return round(self.cpu_seconds / self.events * 1e6, 1) if self.events else 0.0


def judge(matcher: Matcher, made: Iterable[list[Row]]) -> Cost:
    """Judge the batches one after the other, as lines that were normalised when they were taken in.

    Making them is not counted, reading their JSON is.
    """
    cost = Cost()
    for batch in made:
        began, busy = time.perf_counter(), time.process_time()
        cost.hits += sum(1 for _ in matcher.match(batch, normalised=True))
        cost.cpu_seconds += time.process_time() - busy
        cost.seconds += time.perf_counter() - began
        cost.events += len(batch)
    return cost


@dataclass(frozen=True, slots=True)
class Load:
    """A matcher from stored trees and what making it took, with its first judged batch beside it."""

    matcher: Matcher
    expressions: list[Expression]
    seconds: float
    cpu_seconds: float
    first_batch_cpu_seconds: float


def load(stored: Path, source: Source) -> Load:
    """Read the trees, make the matcher, and judge a first small batch."""
    data = stored.read_bytes()
    began, busy = time.perf_counter(), time.process_time()
    expressions = expressions_of(data)
    matcher = Matcher(expressions)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - busy
    first = judge(matcher, [list(source.rows(0, 200))])
    return Load(matcher, expressions, seconds, cpu_seconds, first.cpu_seconds)


@dataclass(frozen=True, slots=True)
class Speed:
    """A process's figures at one size of batch."""

    batch: int
    expressions: int
    load_seconds: float
    load_cpu_seconds: float
    first_batch_cpu_seconds: float
    change_seconds: float
    change_cpu_seconds: float
    fresh: Cost
    warm: Cost
    loaded_mib: float
    judged_mib: float


def speed(stored: Path, source: Source, batch: int, warm_up: int, count: int) -> Speed:
    """Load, judge `warm_up` events, then `count` that nobody saw before, and those once more."""
    made = load(stored, source)
    loaded_mib = resident_mib()
    judge(made.matcher, batches(source.rows(0, warm_up), batch))
    fresh = judge(made.matcher, batches(source.rows(warm_up, count), batch))
    warm = judge(made.matcher, batches(source.rows(warm_up, count), batch))
    judged_mib = resident_mib()
    changed, busy = change(made, source, warm_up)
    return Speed(
        batch=batch,
        expressions=len(made.expressions),
        load_seconds=round(made.seconds, 2),
        load_cpu_seconds=round(made.cpu_seconds, 2),
        first_batch_cpu_seconds=round(made.first_batch_cpu_seconds, 2),
        change_seconds=round(changed, 2),
        change_cpu_seconds=round(busy, 2),
        fresh=fresh,
        warm=warm,
        loaded_mib=loaded_mib,
        judged_mib=judged_mib,
    )


def change(made: Load, source: Source, at: int) -> tuple[float, float]:
    """Seconds, by the clock and of the processor, from a changed rule until 200 events are judged by the new set."""
    rows = list(source.rows(at, 200))
    first, *others = made.expressions
    began, busy = time.perf_counter(), time.process_time()
    matcher = Matcher([*others, Expression(first.key + "'", first.tree, first.indices)])
    matcher.rows(rows, normalised=True)
    return time.perf_counter() - began, time.process_time() - busy
