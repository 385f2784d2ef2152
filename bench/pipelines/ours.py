"""Our side: the table in columns in memory, and each question with the clock on compiling and running it."""

import csv
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.engine.alone import resident_mib
from bench.pipelines.data import COLUMNS
from bench.pipelines.queries import QUESTIONS, Question
from engine.languages.esql import parse_esql
from engine.pipelines import Schema, compile_query
from engine.pipelines.tables import Table
from engine.pipelines.types import Type

NOW = datetime(2026, 11, 20, tzinfo=UTC)
_SCHEMA = Schema(
    {"user": Type.KEYWORD, "host": Type.KEYWORD, "bytes": Type.LONG, "seconds": Type.DOUBLE, "action": Type.KEYWORD}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question took: by the clock, of the processor, and of memory at the most."""

    name: str
    seconds: float
    cpu_seconds: float
    rows: list[Any]
    table_mib: float
    peak_mib: float


def ask(path: Path, number: int) -> Asked:
    """One question over the table, in this process, which should be new."""
    question = QUESTIONS[number]
    table = _table(path)
    before = resident_mib()
    began, busy = time.perf_counter(), time.process_time()
    answer = _answer(question, table)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Asked(question.name, seconds, cpu, answer, before, peak)


def _answer(question: Question, table: Table) -> list[Any]:
    compiled = compile_query(parse_esql(question.pipeline), table.schema)
    return compiled.run(table.pages(compiled.fields), now=NOW).rows


def _table(path: Path) -> Table:
    """Read as a program of a few lines would; texts that recur are one object, as they are from stored events."""
    known: dict[str, str] = {}
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    user, host, size, seconds, action = (columns[name] for name in COLUMNS)
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        for line in lines:
            user.append(known.setdefault(line[0], line[0]))
            host.append(known.setdefault(line[1], line[1]))
            size.append(int(line[2]))
            seconds.append(float(line[3]) if line[3] else None)
            action.append(known.setdefault(line[4], line[4]))
    return Table("rows", _SCHEMA, MappingProxyType(columns), len(user))
