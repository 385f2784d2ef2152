"""Ours and the others over the same sample of events, one after the other on the same core."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bench.engine.alone import alone
from bench.engine.judging import Cost, judge
from bench.engine.rules import StoredRule, expressions_of, write_stored
from bench.engine.sources import Row, Source, batches
from bench.engine.sql import Translator, UnsayableError, columns_of
from engine import Document, Expression, Matcher, fields_of
from engine.tree import text_of
from soc.local.folders import CHECKOUT

ENVIRONMENT = CHECKOUT / ".local" / "bench-venv"
_PACKAGES = ("duckdb", "eql", "orjson")


@dataclass(frozen=True, slots=True)
class Beside:
    """One engine's figures over the sample."""

    engine: str
    rules: int
    events: int
    seconds: float
    note: str = ""

    @property
    def per_second(self) -> float:
        return round(self.events / self.seconds, 1) if self.seconds else 0.0

    @property
    def microseconds_a_rule(self) -> float:
        """Processor time an event and rule."""
        return round(self.seconds / max(1, self.events * self.rules) * 1e6, 3)


@dataclass(slots=True)
class Sample:
    """The events of the comparison on disk, in the forms that the engines read."""

    folder: Path
    source: Source
    warm_up: int
    rows: list[Row]
    columns: dict[str, bool] = field(default_factory=dict)


def beside(rules: list[StoredRule], source: Source, warm_up: int, count: int) -> list[Beside]:
    """Every engine over the same events; ours also with only the rules that each of the others takes.

    Ours learns while it works, so it is measured in its steady state, on events that it never saw after `warm_up`
    others; what it costs from cold is in the measure of speed. The others are the same from their first event on.
    """
    with tempfile.TemporaryDirectory(prefix="wbb-") as name:
        sample = Sample(Path(name), source, warm_up, list(source.rows(warm_up, count)))
        install()
        stored = write_stored(rules, sample.folder / "ours.json")
        ours = alone(_ours, stored, None, source, warm_up, sample.rows)
        return [
            Beside("Watchbill, all rules", len(rules), ours.events, ours.cpu_seconds, f"after {warm_up:,} others"),
            *_duck(rules, sample, alone(_rows_by_key, stored, sample.rows)),
            *_eql(rules, sample),
        ]


def install() -> None:
    """The environment of the others, made once."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *_PACKAGES], check=True)


def _ours(stored: Path, keys: frozenset[str] | None, source: Source, warm_up: int, rows: list[Row]) -> Cost:
    """Our cost of the sample, with all filters or those of the keys."""
    expressions = [one for one in expressions_of(stored.read_bytes()) if keys is None or one.key in keys]
    matcher = Matcher(expressions)
    judge(matcher, batches(source.rows(0, warm_up), 1_000))
    return judge(matcher, batches(iter(rows), 1_000))


def _rows_by_key(stored: Path, rows: list[Row]) -> dict[str, list[int]]:
    """Which events of the sample each filter is true of."""
    found = Matcher(expressions_of(stored.read_bytes())).rows(rows, normalised=True)
    return {key: list(numbers) for key, numbers in found.items()}


def _run(script: str, folder: Path) -> dict[str, Any]:
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else -1
    path = Path(__file__).with_name(script)
    words = [str(ENVIRONMENT / "bin" / "python"), str(path), str(folder), str(core)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _duck(rules: list[StoredRule], sample: Sample, ours: dict[str, list[int]]) -> list[Beside]:
    expressions = expressions_of(write_stored(rules, sample.folder / "duck.json").read_bytes())
    _lay_flat(sample, frozenset().union(*(fields_of(one.tree) for one in expressions)))
    queries, reasons = _queries(expressions, sample.columns)
    (sample.folder / "queries.json").write_bytes(orjson.dumps(queries))
    figures = _run("duck.py", sample.folder)
    answered: dict[str, list[int]] = figures["rows"]
    differing = [key for key, rows in answered.items() if sorted(rows) != sorted(ours.get(key, []))]
    left_out = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common(4))
    seconds = figures["load_seconds"] + figures["query_seconds"]
    note = (
        f"{figures['version']}, a query for each of {len(answered)} filters that SQL can say "
        f"({len(expressions) - len(answered)} left out: {left_out or 'none'}), {len(differing)} answer otherwise, "
        "flattening not counted"
    )
    same = alone(_ours, sample.folder / "ours.json", frozenset(answered), sample.source, sample.warm_up, sample.rows)
    return [
        Beside("DuckDB, a query a rule", len(answered), len(sample.rows), seconds, note),
        Beside("Watchbill, the same filters", len(answered), same.events, same.cpu_seconds),
    ]


def _lay_flat(sample: Sample, fields: frozenset[str]) -> None:
    flat = [Document.of(line).flat for _, line in sample.rows]
    sample.columns = columns_of(flat, fields)
    with (sample.folder / "flat.ndjson").open("wb") as file:
        for number, ((index, _), values) in enumerate(zip(sample.rows, flat, strict=True)):
            row: dict[str, Any] = {"_row": number, "_index": index}
            for name, several in sample.columns.items():
                if name in values:
                    texts = [text_of(value) for value in values[name]]
                    row[name] = texts if several else texts[0]
            file.write(orjson.dumps(row) + b"\n")
    kinds = {name: "VARCHAR[]" if several else "VARCHAR" for name, several in sample.columns.items()}
    (sample.folder / "columns.json").write_bytes(orjson.dumps({"_row": "BIGINT", "_index": "VARCHAR", **kinds}))


def _queries(expressions: list[Expression], columns: dict[str, bool]) -> tuple[dict[str, str], Counter[str]]:
    several = frozenset(name for name, is_list in columns.items() if is_list)
    translator = Translator(several, frozenset(columns))
    queries: dict[str, str] = {}
    reasons: Counter[str] = Counter()
    for one in expressions:
        try:
            queries[one.key] = translator.rule(one.tree, one.indices)
        except UnsayableError as reason:
            reasons[str(reason)] += 1
    return queries, reasons


def _eql(rules: list[StoredRule], sample: Sample) -> list[Beside]:
    queries = {rule.rule_id: rule.query for rule in rules if rule.language == "eql"}
    if not queries:
        return []
    (sample.folder / "eql.json").write_bytes(orjson.dumps(queries))
    (sample.folder / "events.ndjson").write_bytes(b"\n".join(line for _, line in sample.rows))
    figures = _run("eql_engine.py", sample.folder)
    taken = [rule for rule in rules if rule.rule_id in queries and rule.rule_id not in figures["refused"]]
    stored = write_stored(taken, sample.folder / "taken.json")
    same = alone(_ours, stored, None, sample.source, sample.warm_up, sample.rows)
    note = (
        f"{figures['version']}, {len(taken)} of {len(queries)} EQL rules that it can read; arrays joined into one text"
    )
    return [
        Beside("eql of PyPI", len(taken), len(sample.rows), figures["stream_seconds"], note),
        Beside("Watchbill, the same EQL filters", len(taken), same.events, same.cpu_seconds),
    ]
