"""`python -m bench engine`: every figure of the engine alone, each taken in a process of its own on one core."""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engine import curves, hardship
from bench.engine.alone import alone
from bench.engine.copies import with_copies
from bench.engine.judging import Cost, speed
from bench.engine.others.beside import beside
from bench.engine.rules import LANGUAGES, StoredRule, expressions_of, read_folder, write_stored
from bench.engine.sources import FileSource, MadeSource, Source
from bench.results import append, conditions

MEASURES = ("speed", "hostile", "memory", "curves", "beside")
COPIES = 1_700
LITERALS = (100_000, 170_000, 500_000)
LONG_LIST = 2_700


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and where its lines go."""

    stored: Path
    rules: list[StoredRule]
    source: Source
    options: argparse.Namespace
    before: dict[str, Any]

    @property
    def folder(self) -> Path:
        """For further files."""
        return self.stored.parent

    def note(self, what: str, figures: dict[str, Any], how: str = "") -> None:
        """Append a row; the rows of one run share their `run`."""
        append("engine", {"run": self.before["run"], "what": what, **figures}, how or self.source.name, self.before)


def main(words: Sequence[str]) -> None:
    """Read the words, load the rules, and take the measures asked for."""
    options = _options(words)
    folder = read_folder(options.rules, options.languages)
    print(folder.summary, flush=True)
    made = with_copies(folder, options.copies or len(folder.rules))
    rules = [rule for rule, _ in made]
    source: Source = FileSource(options.events) if options.events else MadeSource()
    with tempfile.TemporaryDirectory(prefix="wbb-") as name:
        stored = write_stored(rules, Path(name) / "rules.json")
        before = {"run": datetime.now(UTC).isoformat(timespec="seconds"), **conditions()}
        bench = Bench(stored, rules, source, options, before)
        copies = sum(rule.number > 0 for rule in rules)
        counts = {"rules": len(rules), "copies": copies, "filters": len(expressions_of(stored.read_bytes()))}
        bench.note("rules", counts, folder.summary)
        for measure in options.only or MEASURES:
            _TAKEN[measure](bench)


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="a folder of rule files")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--events", type=Path, help="NDJSON, gzipped or not; without it events are made from a seed")
    parser.add_argument("--batch", type=int, nargs="+", default=[200, 1_000, 10_000])
    parser.add_argument(
        "--copies", type=int, nargs="?", const=COPIES, default=0, help="copy rules until there are so many"
    )
    parser.add_argument("--warm-up", type=int, default=10_000, help="events judged before the clock runs")
    parser.add_argument("--number", type=int, default=20_000, help="events judged with the clock running")
    parser.add_argument("--values", type=int, default=1_000_000, help="distinct values of the measure of memory")
    parser.add_argument("--sample", type=int, default=2_000, help="events that the other engines are given")
    parser.add_argument("--only", nargs="+", choices=MEASURES)
    return parser.parse_args(words)


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "events_per_second": cost.per_second, "events_per_cpu_second": cost.per_cpu_second,
        "cpu_microseconds": cost.microseconds, "hits": cost.hits,
    }  # fmt: skip


def _speed(bench: Bench) -> None:
    for batch in bench.options.batch:
        found = alone(speed, bench.stored, bench.source, batch, bench.options.warm_up, bench.options.number)
        figures = {
            "batch": batch, "events": found.fresh.events, "load_seconds": found.load_seconds,
            "load_cpu_seconds": found.load_cpu_seconds,
            "first_batch_cpu_seconds": found.first_batch_cpu_seconds, "change_seconds": found.change_seconds,
            "change_cpu_seconds": found.change_cpu_seconds,
            "loaded_mib": found.loaded_mib, "judged_mib": found.judged_mib, **_cost(found.fresh),
            "warm_events_per_second": found.warm.per_second, "warm_cpu_microseconds": found.warm.microseconds,
        }  # fmt: skip
        bench.note("speed", figures)


def _hostile(bench: Bench) -> None:
    count = max(1_000, bench.options.number // 4)
    for kind in hardship.kinds_for(bench.stored):
        ordinary, attacked, mib = alone(hardship.under_attack, bench.stored, bench.source, kind, count)
        times = round(attacked.microseconds / max(ordinary.microseconds, 0.1), 1)
        figures = {"kind": kind, "events": attacked.events, "times_ordinary": times, "mib": mib, **_cost(attacked)}
        bench.note("hostile", figures | {"ordinary_cpu_microseconds": ordinary.microseconds})


def _memory(bench: Bench) -> None:
    for step in alone(hardship.growth, bench.stored, bench.source, bench.options.values):
        bench.note("memory", {"values": step.values, "mib": step.mib, "cpu_microseconds": step.microseconds})


def _curves(bench: Bench) -> None:
    for count, rules in curves.first_rules(bench.rules, (100, 200, 400, 800, 1_200, len(bench.rules))):
        _point(bench, f"{count} rules", write_stored(rules, bench.folder / "some.json"))
    before = expressions_of(bench.stored.read_bytes())
    for wanted in LITERALS:
        grown = curves.write_trees(curves.grown(before, wanted), bench.folder / "grown.json")
        _point(bench, f"about {wanted:,} literals", grown)
    for name, path in curves.with_a_long_list(bench.stored, bench.folder, LONG_LIST):
        _point(bench, f"one more rule of {LONG_LIST:,} {name}", path)
    ends = [end for end in (1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000) if end <= 2 * bench.options.number]
    for end, microseconds in alone(curves.stretches, bench.stored, bench.source, ends):
        bench.note("by events", {"up_to": end, "cpu_microseconds": microseconds})


def _point(bench: Bench, label: str, stored: Path) -> None:
    count = max(1_000, bench.options.number // 2)
    found = alone(curves.point, stored, bench.source, bench.options.warm_up, count)
    figures = {
        "label": label, "filters": found.expressions, "literals": found.literals,
        "cpu_microseconds": found.fresh_microseconds, "warm_cpu_microseconds": found.warm_microseconds,
        "load_cpu_seconds": found.load_cpu_seconds, "mib": found.mib,
    }  # fmt: skip
    bench.note("curve", figures)


def _beside(bench: Bench) -> None:
    for one in beside(bench.rules, bench.source, bench.options.warm_up, bench.options.sample):
        figures = {
            "engine": one.engine, "rules": one.rules, "events": one.events, "events_per_second": one.per_second,
            "microseconds_per_event_and_rule": one.microseconds_a_rule,
        }  # fmt: skip
        bench.note("beside", figures, one.note)


_TAKEN = {"speed": _speed, "hostile": _hostile, "memory": _memory, "curves": _curves, "beside": _beside}
