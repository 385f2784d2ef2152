"""The `eql` package of PyPI, all its queries over a stream of events. Run as a script: FOLDER CORE.

Reads `eql.json` (queries by key) and `events.ndjson` in the folder; prints its figures as JSON. Reading the JSON is
counted; reading the queries is not. It knows no fields of several values, so those are joined into one text.
"""

import json
import os
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import eql  # type: ignore[import-not-found]
import orjson

_TICKS = 10_000_000


def main(folder: Path, core: int) -> None:
    """Read the queries it can, then give it the events one by one."""
    if core >= 0:
        os.sched_setaffinity(0, {core})
    queries = json.loads((folder / "eql.json").read_text(encoding="utf-8"))
    lines = (folder / "events.ndjson").read_bytes().splitlines()
    hits: Counter[str] = Counter()
    engine = eql.PythonEngine()
    began = time.process_time()
    refused = _add_all(engine, queries, hits)
    loaded = time.process_time()
    for line in lines:
        engine.stream_event(_event(orjson.loads(line)))
    engine.finalize()
    done = time.process_time()
    print(
        json.dumps(
            {
                "rules": len(queries) - len(refused),
                "load_seconds": loaded - began,
                "stream_seconds": done - loaded,
                "refused": refused,
                "hits": hits,
                "version": eql.__version__,
            }
        )
    )


def _add_all(engine: Any, queries: dict[str, str], hits: Counter[str]) -> dict[str, str]:
    refused = {}
    for key, query in queries.items():
        try:
            with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_fields:
                parsed = eql.parse_query(query)
            engine.add_query(parsed)
        except Exception as error:  # whatever it cannot do, the others are measured
            refused[key] = f"{type(error).__name__}: {error}"[:200]
    engine.add_output_hook(lambda _result: hits.update(["all"]))
    return refused


def _event(document: dict[str, Any]) -> Any:
    category = document.get("event", {}).get("category", "generic")
    kind = category[0] if isinstance(category, list) and category else category
    moment = datetime.fromisoformat(document["@timestamp"])
    return eql.Event(str(kind), int(moment.timestamp() * _TICKS), _single(document))


def _single(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _single(inner) for key, inner in value.items()}
    return " ".join(map(str, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
