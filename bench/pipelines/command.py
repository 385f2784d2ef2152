"""`python -m bench pipelines`: pipelines over a million rows, each question in a process of its own, beside DuckDB.

`python -m bench pipelines stored` asks events in a database instead (bench/pipelines_stored.py).

The floor: STATS over 1,000,000 rows with 100,000 groups within 10 seconds of one core and 1 GiB, the table included.
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engine.alone import alone
from bench.engine.others.beside import ENVIRONMENT, install
from bench.pipelines import data
from bench.pipelines.ours import Asked, ask
from bench.pipelines.queries import QUESTIONS, Question
from bench.results import append, conditions

MOST_SECONDS, MOST_MIB = 10.0, 1_024.0


def main(words: Sequence[str]) -> None:
    """Ask the table in memory, or with `stored` events in a database."""
    if words[:1] == ["stored"]:
        from bench import pipelines_stored

        pipelines_stored.main()
    else:
        _table(_options(words))


def _table(options: argparse.Namespace) -> None:
    """Make the table, ask both sides, compare the answers and note what they took."""
    before = {"run": datetime.now(UTC).isoformat(timespec="seconds"), **conditions()}
    with tempfile.TemporaryDirectory(prefix="wbb-") as name:
        folder = Path(name)
        path = data.write(folder / "rows.csv", options.rows, options.users)
        install()
        theirs = _duck(folder)
        how = f"beside DuckDB {theirs['version']}, one thread, one core each"
        for number, question in enumerate(QUESTIONS):
            ours = alone(ask, path, number)
            answered = json.loads((folder / f"duck-{number}.json").read_text(encoding="utf-8"))
            figures = {"what": "table", "rows": options.rows, **_figures(ours, theirs["asked"][number])}
            append("pipelines", figures | {"same_answer": _same(question, ours.rows, answered)}, how, before)


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench pipelines", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=100_000, help="groups of STATS BY user")
    return parser.parse_args(words)


def _figures(ours: Asked, theirs: dict[str, float]) -> dict[str, Any]:
    return {
        "question": ours.name,
        "answer_rows": len(ours.rows),
        "seconds": round(ours.seconds, 2),
        "cpu_seconds": round(ours.cpu_seconds, 2),
        "table_mib": round(ours.table_mib),
        "peak_mib": round(ours.peak_mib),
        "duckdb_seconds": round(theirs["seconds"], 2),
        "duckdb_cpu_seconds": round(theirs["cpu_seconds"], 2),
        "within_floor": ours.cpu_seconds <= MOST_SECONDS and ours.peak_mib <= MOST_MIB,
    }


def _duck(folder: Path) -> dict[str, Any]:
    (folder / "questions.json").write_text(json.dumps([(one.name, one.sql) for one in QUESTIONS]), encoding="utf-8")
    (folder / "types.json").write_text(json.dumps(data.TYPES), encoding="utf-8")
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else -1
    words = [str(ENVIRONMENT / "bin" / "python"), str(Path(__file__).with_name("duck.py")), str(folder), str(core)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _same(question: Question, ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Whether the answers agree, fractions to nine digits."""
    one, two = (_told(question, rows) for rows in (ours, theirs))
    return len(one) == len(two) and all(map(_alike, one, two))


def _told(question: Question, rows: Sequence[Any]) -> list[list[Any]]:
    told = [[_listed(value) for value in row] for row in rows]
    return told if question.ordered else sorted(told, key=lambda row: [str(value) for value in reversed(row)])


def _listed(value: Any) -> Any:
    """A single value of a list is itself in a pipeline."""
    listed = list(value) if isinstance(value, list | tuple) else value
    return listed[0] if isinstance(listed, list) and len(listed) == 1 else listed


def _alike(one: Sequence[Any], two: Sequence[Any]) -> bool:
    return all(
        math.isclose(first, second, rel_tol=1e-9) if isinstance(first, float) else first == second
        for first, second in zip(one, two, strict=True)
    )
