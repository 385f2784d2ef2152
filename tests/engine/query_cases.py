"""The cases of tests/cases/kql and tests/cases/eql, each a query with the documents it is and is not true of."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True)
class Case:
    """An event query, the documents of its file, and the ids of those it is true of."""

    name: str
    query: str
    documents: dict[str, bytes]
    expect: list[str]
    source: str


def match_cases(language: str) -> list[Case]:
    return [
        Case(case["name"], case["query"], documents, case["expect"], case["source"])
        for path in sorted((CASES / language).glob("*.toml"))
        if path.stem != "errors"
        for table in [tomllib.loads(path.read_text())]
        for documents in [{key: json.dumps(json.loads(line)).encode() for key, line in table["documents"].items()}]
        for case in table["case"]
    ]


def error_cases(language: str) -> Any:
    return tomllib.loads((CASES / language / "errors.toml").read_text())["case"]


def esql_pairs() -> Any:
    return tomllib.loads((CASES / "esql" / "reading.toml").read_text())["case"]
