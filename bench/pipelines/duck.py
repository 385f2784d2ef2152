"""DuckDB's side, in memory, on one thread. Run as a script: FOLDER CORE.

Reads `rows.csv` and `questions.json` (pairs of name and SQL) in the folder; answers go to `duck-<number>.json`, figures
are printed as JSON. Reading the table is told apart, fetching the rows into Python is part of a question.
"""

import json
import os
import sys
import time
from pathlib import Path

import duckdb  # type: ignore[import-not-found,unused-ignore]


def main(folder: Path, core: int) -> None:
    """Load once, then ask every question."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    types = json.loads((folder / "types.json").read_text(encoding="utf-8"))
    connection = duckdb.connect(config={"threads": 1})
    began = time.perf_counter()
    connection.execute(
        "CREATE TABLE rows AS SELECT * FROM read_csv(?, header=true, columns=?)", [str(folder / "rows.csv"), types]
    )
    load = time.perf_counter() - began
    asked = [_ask(connection, folder, number, sql) for number, (_, sql) in enumerate(questions)]
    print(json.dumps({"version": duckdb.__version__, "load_seconds": load, "asked": asked}))


def _ask(connection: "duckdb.DuckDBPyConnection", folder: Path, number: int, sql: str) -> dict[str, float]:
    began, busy = time.perf_counter(), time.process_time()
    rows = connection.execute(sql).fetchall()
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    (folder / f"duck-{number}.json").write_text(json.dumps(rows, default=float), encoding="utf-8")
    return {"seconds": seconds, "cpu_seconds": cpu}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
