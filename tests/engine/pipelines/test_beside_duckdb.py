"""Pipelines over single values give what DuckDB gives for the SQL that says the same."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.languages.esql import parse_esql
from engine.pipelines import Page, Schema, Type, compile_query

duckdb = pytest.importorskip("duckdb")

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROWS = 2_000
SCHEMA = Schema(
    {
        "host": Type.KEYWORD,
        "name": Type.KEYWORD,
        "port": Type.INTEGER,
        "bytes": Type.LONG,
        "score": Type.DOUBLE,
        "ok": Type.BOOLEAN,
        "seen": Type.DATETIME,
    }
)

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "esql" / "beside-duckdb.toml").read_text())["case"]


def rows() -> list[tuple[Any, ...]]:
    """The same rows always: few values a column, so that groups and ties come about, and a tenth of them null."""
    random = Random(7)
    start = datetime(2026, 10, 30, 22, 15, tzinfo=UTC)

    def row() -> tuple[Any, ...]:
        values = (
            f"h{random.randrange(40)}",
            f"n{random.randrange(6)}{random.choice(['', 'x', 'é'])}",
            random.choice([22, 80, 443, 8080, random.randrange(70)]),
            random.randrange(-5_000, 10**12),
            random.randrange(1_000) / 250,
            random.random() < 0.4,
            start + timedelta(seconds=random.randrange(5 * 86_400)),
        )
        return tuple(None if random.random() < 0.1 else value for value in values)

    return [row() for _ in range(ROWS)]


@pytest.fixture(scope="module")
def table() -> list[tuple[Any, ...]]:
    return rows()


@pytest.fixture(scope="module")
def duck(table: list[tuple[Any, ...]]) -> Any:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "CREATE TABLE t (host VARCHAR, name VARCHAR, port INTEGER, bytes BIGINT, score DOUBLE, ok BOOLEAN,"
        " seen TIMESTAMP)"
    )
    plain = [(*row[:-1], row[-1] and row[-1].replace(tzinfo=None)) for row in table]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", plain)
    yield connection
    connection.close()


def pages(table: list[tuple[Any, ...]], size: int = 300) -> Iterator[Page]:
    for start in range(0, len(table), size):
        part = table[start : start + size]
        yield Page(len(part), {name: [row[seen] for row in part] for seen, name in enumerate(SCHEMA.columns)})


def ours(query: str, table: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    compiled = compile_query(parse_esql(query), SCHEMA)
    return [tuple(map(comparable, row)) for row in compiled.run(pages(table), now=NOW).rows]


def theirs(sql: str, connection: Any) -> list[tuple[Any, ...]]:
    return [tuple(map(comparable, row)) for row in connection.execute(sql).fetchall()]


def comparable(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def assert_alike(one: Sequence[Sequence[Any]], other: Sequence[Sequence[Any]]) -> None:
    assert len(one) == len(other)
    for mine, theirs_ in zip(one, other, strict=True):
        assert all(map(same, mine, theirs_)), (mine, theirs_)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["query"])
def test_the_same_rows_come_out(case: dict[str, Any], table: list[tuple[Any, ...]], duck: Any) -> None:
    found, expected = ours(case["query"], table), theirs(case["sql"], duck)
    assert found
    if not case.get("ordered"):
        found, expected = sorted(found, key=shown), sorted(expected, key=shown)
    assert_alike(found, expected)


def shown(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        (0, "") if value is None else (1, f"{value:.6f}") if isinstance(value, float) else (1, str(value))
        for value in row
    )
