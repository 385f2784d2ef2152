"""`python -m bench tables`: the newest lines of the engine's measures as the tables of docs/measurements-engine.md."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.results import FOLDER

Line = dict[str, Any]
DOCUMENT = Path(__file__).parents[1] / "docs" / "measurements-engine.md"

_HEAD = """# What the engine costs

This page is written by `python -m bench tables` from [bench/results](../bench/results); every line there says when, on
what machine and at which commit it was taken. Take your own with any folder of rule files:

    python -m bench engine --rules FOLDER --copies [--events FILE.ndjson.gz]
    python -m bench pipelines
    python -m bench http --rules FOLDER

The engine is measured in one process on one core, reading the JSON included; each row in a process of its own.
*Fresh* events were never seen before, *warm* ones are judged a second time. Processor time is what one core to itself
would take; where others use the machine the clock says more.
"""

Column = tuple[str, Callable[[Line], object]]


def main() -> None:
    """Write the document."""
    told = document(read("engine"), read("http"), read("http_latency"), read("pipelines"), read("pipelines_stored"))
    DOCUMENT.write_text(told, encoding="utf-8")
    print(f"{DOCUMENT} is written.")


def read(measure: str) -> list[Line]:
    """The lines of a measure, oldest first."""
    file = FOLDER / f"{measure}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def document(
    engine: Sequence[Line],
    http: Sequence[Line],
    latency: Sequence[Line],
    pipelines: Sequence[Line] = (),
    stored: Sequence[Line] = (),
) -> str:
    """The page from the lines there are; a table without lines is left out."""
    parts = [_HEAD, *(_section(engine, *section) for section in _SECTIONS), _section(pipelines, *_PIPELINES)]
    parts += [_of_stored(stored), _http(http, latency)]
    return "\n".join(part for part in parts if part)


def newest(lines: Sequence[Line], what: str) -> list[Line]:
    """The rows of the last run that measured this."""
    rows = [line for line in lines if line.get("what") == what]
    return [row for row in rows if row["run"] == rows[-1]["run"]]


def _section(lines: Sequence[Line], title: str, what: str, told: str, columns: Sequence[Column]) -> str:
    rows = newest(lines, what)
    if not rows:
        return ""
    return f"## {title}\n\n{told.strip()}\n\n{table(rows, columns)}\n{taken(rows[0])}\n"


def table(rows: Sequence[Line], columns: Sequence[Column]) -> str:
    """A table in Markdown."""
    lines = [[name for name, _ in columns], ["---"] * len(columns)]
    lines += [[_cell(value(row)) for _, value in columns] for row in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:,.1f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def taken(line: Line) -> str:
    """Under which conditions a row was taken."""
    machine = f"{line['cores']} cores, {line['memory_gib']} GiB, Python {line['python']}"
    return f"Taken {line['at'][:10]} on {machine}, load {line['load_1m']} before, commit {line['commit']}."


def _key(name: str) -> Callable[[Line], object]:
    return lambda line: line.get(name, "")


_SECTIONS: tuple[tuple[str, str, str, Sequence[Column]], ...] = (
    (
        "The rules",
        "rules",
        "Copies are rules of the folder with changed literals. A sequence has a filter for each of its steps.",
        [("rules", _key("rules")), ("of them copies", _key("copies")), ("filters", _key("filters")),
         ("the folder", _key("how"))],
    ),
    (
        "Speed",
        "speed",
        "Load is from stored trees; a change is one rule replaced, until two hundred further events are judged.",
        [("batch", _key("batch")), ("fresh events/s, clock", _key("events_per_second")),
         ("fresh events/s of processor time", _key("events_per_cpu_second")), ("µs an event", _key("cpu_microseconds")),
         ("warm µs", _key("warm_cpu_microseconds")), ("load s", _key("load_seconds")),
         ("load, processor s", _key("load_cpu_seconds")), ("first 200 events s", _key("first_batch_cpu_seconds")),
         ("change s", _key("change_seconds")), ("change, processor s", _key("change_cpu_seconds")),
         ("MiB", _key("judged_mib"))],
    ),
    (
        "Hostile events",
        "hostile",
        "What somebody sends who wants judging to be dear, all of it fresh; times the cost of ordinary events.",
        [("kind", _key("kind")), ("µs an event", _key("cpu_microseconds")), ("times ordinary", _key("times_ordinary")),
         ("MiB after", _key("mib"))],
    ),
    (
        "Memory",
        "memory",
        "Resident memory of the process while every value of every event is new.",
        [("distinct values", _key("values")), ("MiB", _key("mib")), ("µs an event", _key("cpu_microseconds"))],
    ),
    (
        "Cost against rules and literals",
        "curve",
        "More rules, the same rules with more literals in each, and the same rules with one more that has a long list.",
        [("", _key("label")), ("filters", _key("filters")), ("literals", _key("literals")),
         ("fresh µs an event", _key("cpu_microseconds")), ("warm µs", _key("warm_cpu_microseconds")),
         ("load s", _key("load_cpu_seconds")), ("MiB", _key("mib"))],
    ),
    (
        "Cost against events",
        "by events",
        "One process from its start: what an event costs in each stretch of a long run.",
        [("up to event", _key("up_to")), ("µs an event", _key("cpu_microseconds"))],
    ),
    (
        "Beside others",
        "beside",
        "The same events, one core, processor time; each engine in a fresh process, with the rules that it can say.",
        [("engine", _key("engine")), ("filters or rules", _key("rules")), ("events", _key("events")),
         ("events/s", _key("events_per_second")), ("µs an event and rule", _key("microseconds_per_event_and_rule")),
         ("note", _key("how"))],
    ),
)  # fmt: skip

_PIPELINES: tuple[str, str, str, Sequence[Column]] = (
    "Pipelines of rows",
    "table",
    """ES|QL over a table of 100,000 users in memory, a fresh process for each question, compiling included. DuckDB
answers the same in SQL over the same table, in memory on one thread. Memory is the most that the process ever had,
the table included. Seconds are of the processor, which is what one core to itself would take; the clock is what was
waited.""",
    [("question", _key("question")), ("rows", _key("rows")), ("rows of the answer", _key("answer_rows")),
     ("s", _key("cpu_seconds")), ("s by the clock", _key("seconds")), ("MiB", _key("peak_mib")),
     ("of them the table", _key("table_mib")), ("DuckDB s", _key("duckdb_cpu_seconds")),
     ("same answer", lambda line: "yes" if line["same_answer"] else "no")],
)  # fmt: skip

_STORED: Sequence[Column] = [
    ("question", _key("query")), ("events", _key("events")), ("rows shown", _key("rows")),
    ("s by the clock", _key("seconds")), ("s of processor", _key("processor_s")), ("MiB", _key("peak_mib")),
    ("DuckDB s", _key("duckdb_lines_s")), ("its MiB", _key("duckdb_lines_mib")),
    ("DuckDB s from a table", _key("duckdb_table_s")), ("s to make that table", _key("duckdb_load_s")),
]  # fmt: skip
_LOAD: Sequence[Column] = [
    ("rules", _key("rules")), ("acknowledged events/s", _key("acknowledged_per_second")),
    ("slowest ten seconds", _key("slowest_ten_seconds")), ("judged events/s", _key("judged_per_second")),
    ("request p95 ms", _key("request_p95_ms")), ("most lag s", _key("most_lag_seconds")),
    ("until all judged s", _key("seconds_until_all_judged")),
    ("until all joined s", _key("seconds_until_all_joined")),
]  # fmt: skip
_WAIT: Sequence[Column] = [
    ("rules", _key("rules")), ("events/s posted", _key("events_per_second")), ("alerts", _key("alerts")),
    ("p50 ms", _key("p50_ms")), ("p95 ms", _key("p95_ms")), ("max ms", _key("max_ms")),
]  # fmt: skip


def _of_stored(lines: Sequence[Line]) -> str:
    """Pipelines over stored events: the newest line of each question."""
    rows = list({line["query"]: line for line in lines}.values())
    if not rows:
        return ""
    told = (
        "ES|QL over events in the database, read, narrowed and answered; DuckDB over the same documents as JSON lines."
    )
    return f"## Pipelines over stored events\n\n{told}\n\n{table(rows, _STORED)}\n{taken(rows[-1])}\n"


def _http(http: Sequence[Line], latency: Sequence[Line]) -> str:
    """The whole product: what was taken of it at the newest commit, and where the time went."""
    parts = ["## The whole product through HTTP\n"]
    for lines, columns in ((http, _LOAD), (latency, _WAIT)):
        for line in [line for line in lines if line["commit"] == lines[-1]["commit"]]:
            parts += [table([line], columns), f"{_cores(line)} {line['how']}. {taken(line)}\n"]
    return "\n".join(parts) if len(parts) > 1 else ""


def _cores(line: Line) -> str:
    used = sorted(line["cores_used"].items(), key=lambda one: -one[1])
    return "Cores used: " + ", ".join(f"{name} {cores}" for name, cores in used if cores) + "."
