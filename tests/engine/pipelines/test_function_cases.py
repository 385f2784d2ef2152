"""Functions and operators answer what the reference says, case by case as tests/cases/esql has them."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LanguageError
from engine.languages.esql import parse_esql
from engine.pipelines.compiling import compile_query
from engine.pipelines.reading import to_json
from engine.pipelines.schema import Schema

CASES = Path(__file__).parents[2] / "cases" / "esql"
FILES = [*sorted(CASES.glob("functions-*.toml")), CASES / "operators.toml"]
NOW = datetime(2026, 11, 21, 12, 34, 56, 789_000, tzinfo=UTC)


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(case, id=case if isinstance(case, str) else case[0])
        for path in FILES
        for page in tomllib.loads(path.read_text())["page"]
        for case in page.get(kind, ())
    ]


def answer(expression: str) -> Any:
    compiled = compile_query(parse_esql(f"ROW answer = {expression}"), Schema({}, open=False))
    return to_json(compiled.run([], now=NOW).rows[0][0])


@pytest.mark.parametrize("case", cases("answers"))
def test_an_expression_has_its_value(case: tuple[str, Any]) -> None:
    expression, expected = case
    found = answer(expression)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert type(found) is type(expected)


@pytest.mark.parametrize("expression", cases("nulls"))
def test_an_expression_is_null(expression: str) -> None:
    assert answer(expression) is None


@pytest.mark.parametrize("case", cases("errors"))
def test_an_expression_is_refused(case: tuple[str, str]) -> None:
    expression, told = case
    with pytest.raises(LanguageError) as refused:
        answer(expression)
    assert told in refused.value.message


def test_every_page_says_where_it_is_from() -> None:
    assert all(page["source"] for path in FILES for page in tomllib.loads(path.read_text())["page"])
