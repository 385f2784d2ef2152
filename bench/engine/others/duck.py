"""DuckDB, one query a rule, over events laid out as flat columns beforehand. Run as a script: FOLDER CORE.

Reads `columns.json`, `queries.json` and `flat.ndjson` in the folder; prints its figures as JSON. Reading the lines
into the table is counted, flattening the documents (done before) is not.
"""

import json
import os
import sys
import time
from pathlib import Path

import duckdb


def main(folder: Path, core: int) -> None:
    """Load once, then ask every query."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    connection = duckdb.connect(config={"threads": 1})
    began = time.process_time()
    connection.execute(
        "CREATE TABLE events AS SELECT * FROM read_json(?, format='newline_delimited', columns=?)",
        [str(folder / "flat.ndjson"), columns],
    )
    loaded = time.process_time()
    rows: dict[str, list[int]] = {}
    failed: dict[str, str] = {}
    for key, condition in queries.items():
        try:
            found = connection.execute(f"SELECT _row FROM events WHERE {condition}").fetchall()  # noqa: S608 - our own
        except duckdb.Error as error:
            failed[key] = str(error)[:200]
        else:
            rows[key] = [number for (number,) in found]
    done = time.process_time()
    figures = {"load_seconds": loaded - began, "query_seconds": done - loaded, "rows": rows, "failed": failed}
    print(json.dumps(figures | {"version": duckdb.__version__}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
