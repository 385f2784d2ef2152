"""ES|QL on the command line: the cases of tests/cases/cli/rows.toml."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "cli" / "rows.toml").read_text())


def named(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def call(case: dict[str, Any], folder: Path) -> int:
    words = ["query", "--language", "esql", *case.get("arguments", [])]
    if "events" in case:
        (folder / "events.ndjson").write_text("\n".join(case["events"]))
        words += ["--events", str(folder / "events.ndjson")]
    for name, text in case.get("tables", {}).items():
        (folder / f"{name}.csv").write_text(text)
        words += ["--table", f"{name}={folder / name}.csv"]
    return main([*words, case["query"]])


@named(CASES["case"])
def test_a_query_prints_a_line_for_each_row(
    case: dict[str, Any], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert call(case, tmp_path) == 0
    printed = capsysbinary.readouterr().out.splitlines()
    assert [json.loads(line) for line in printed] == [json.loads(row) for row in case["rows"]]
    assert [list(json.loads(line)) for line in printed] == [list(json.loads(row)) for row in case["rows"]]


@named(CASES["refused"])
def test_what_cannot_be_asked_is_said(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(case, tmp_path) == 2
    said = capsys.readouterr()
    assert case["message"] in said.err
    assert not said.out


def test_what_became_null_on_the_way_is_said_beside_the_rows(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    query = "from * | inline stats n = count(*) by a | keep n"
    assert call({"query": query, "events": ['{"a":[1,2]}', '{"a":1}']}, tmp_path) == 0
    said = capsysbinary.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == [{"n": None}, {"n": 2}]
    assert b"(1 times)" in said.err


def test_a_line_that_is_no_event_is_left_out_and_ends_with_one(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert call({"query": "from * | keep a", "events": ["nonsense", '{"a":1}']}, tmp_path) == 1
    assert capsysbinary.readouterr().out == b'{"a":1}\n'


def test_a_sum_that_is_too_large_is_said(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    tables = {"t": "a:long\n9223372036854775807\n1"}
    assert call({"query": "from t | stats s = sum(a)", "tables": tables}, tmp_path) == 0
    said = capsysbinary.readouterr()
    assert (said.out, said.err) == (b'{"s":null}\n', b"STATS: null for a sum that is too large (1 times)\n")
