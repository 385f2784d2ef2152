"""Public cases of ES|QL and its public rules, where a folder with them is given. Nothing of it is part of this project.

The folder has `esql/*.jsonl` (query, columns with types, rows; `ordered` says that the order of rows counts) with the
tables under `esql/data`, and `rules/` with rule files.
"""

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from engine.document import Document
from engine.languages.esql import parse_esql
from engine.pipelines import EVENTS, CompiledQuery, NeedsModel, Result, compile_query, pages_of
from engine.pipelines.reading import to_json
from engine.pipelines.tables import Table, read_table
from tests.corpus.where import FOLDER, corpus, json_lines, needs_corpus

pytestmark = needs_corpus

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS_OF_ALL_KINDS: tuple[dict[str, Any], ...] = (
    {},
    {
        "@timestamp": "2026-11-20T11:58:00Z",
        "event": {"category": ["process"], "type": ["start", "info"], "action": "exec", "outcome": "success"},
        "process": {"name": "sh", "args": ["sh", "-c", "id"], "command_line": "sh -c id", "args_count": 3},
        "host": {"name": "web-1", "id": "1", "os": {"type": "linux"}},
        "user": {"name": "ana", "id": 1000},
        "source": {"ip": "10.0.0.7", "port": 50100},
    },
    {
        "@timestamp": "2026-11-20T11:59:00.5Z",
        "event.dataset": "aws.cloudtrail",
        "event.provider": "iam.amazonaws.com",
        "source.ip": ["192.0.2.1", "2001:db8::1"],
        "message": "one two three",
        "kibana.alert.rule.name": "Some rule",
        "kibana.alert.risk_score": 73,
    },
    {"process": "odd", "event": "odd", "source": [{"ip": "none"}, {"ip": None}], "@timestamp": "never"},
)


def _cases() -> list[dict[str, Any]]:
    files = sorted(corpus("esql").glob("*.jsonl")) if FOLDER else []
    return [case for file in files for case in json_lines("esql", file.name)]


@cache
def _table(name: str) -> Table:
    lines = corpus("esql", name).read_text().splitlines()
    return read_table(name, lines)


def _run(query: str, table: Table | None) -> Result:
    compiled = compile_query(parse_esql(query), table.schema if table else EVENTS)
    return compiled.run(table.pages(compiled.fields) if table else (), now=NOW)


def _plain(row: Any) -> list[Any]:
    return [round(value, 6) if isinstance(value, float) else value for value in row]


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
def test_a_public_case_gives_the_columns_and_rows_that_it_states(case: dict[str, Any]) -> None:
    result = _run(case["query"], _table(case["data"]) if case["data"] else None)
    assert [(column.name, column.type.value) for column in result.columns] == [
        (column["name"], column["type"]) for column in case["columns"]
    ]
    rows = [_plain(map(to_json, row)) for row in result.rows]
    expected = [_plain(row) for row in case["rows"]]
    if case["ignore_order"]:
        rows, expected = sorted(rows, key=json.dumps), sorted(expected, key=json.dumps)
    assert rows == expected


def _rules() -> Iterator[tuple[str, str]]:
    for file in sorted(corpus("rules").rglob("*.toml")) if FOLDER else ():
        rule = tomllib.loads(file.read_text()).get("rule", {})
        if rule.get("language") == "esql":
            yield file.stem, rule["query"]


class _Model:
    def complete(self, prompt: str, *, model: str) -> str | None:
        assert prompt
        assert model
        return "verdict=TP confidence=0.9 summary=seen"


def _compiled(query: str, provider: _Model | None = None) -> CompiledQuery:
    return compile_query(parse_esql(query), completion=provider)


@pytest.mark.parametrize(("name", "query"), list(_rules()), ids=lambda given: given if len(given) < 100 else "")
def test_a_public_rule_compiles_and_runs(name: str, query: str) -> None:
    if "| COMPLETION" in query:
        with pytest.raises(NeedsModel):
            _compiled(query)
    compiled = _compiled(query, _Model())
    documents = [Document(raw) for raw in EVENTS_OF_ALL_KINDS]
    result = compiled.run(pages_of(documents, compiled.fields), now=NOW, lineage=True)
    assert len(result.origins) == len(result.rows), name
    for row in result.rows:
        assert len(row) == len(result.columns)
        json.dumps([to_json(value) for value in row])
