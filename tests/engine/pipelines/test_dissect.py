"""DISSECT: the cases of tests/cases/esql/dissect.toml, and that no text takes long."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PatternError
from engine.pipelines.dissect import MAX_KEYS, MAX_LENGTH, compile_dissect
from engine.pipelines.types import Type

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "esql" / "dissect.toml").read_text())


def named(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@named(CASES["case"])
def test_a_pattern_takes_columns_from_a_text(case: dict[str, Any]) -> None:
    pattern = compile_dissect(case["pattern"], case.get("separator", ""))
    assert pattern.test(case["text"]) == case.get("expect")


@named([case for case in CASES["case"] if "expect" in case])
def test_columns_are_keywords_in_the_order_of_the_pattern(case: dict[str, Any]) -> None:
    columns = compile_dissect(case["pattern"]).columns
    assert columns == tuple((name, Type.KEYWORD) for name in case["expect"])


@named(CASES["refused"])
def test_a_pattern_that_cannot_be_used_is_refused_in_words(case: dict[str, Any]) -> None:
    with pytest.raises(PatternError) as raised:
        compile_dissect(case["pattern"])
    assert str(raised.value) == case["message"]


def test_of_several_values_those_that_fit_give_theirs() -> None:
    columns = compile_dissect("%{a}-%{b}").of([("1-2", "x", "3-4"), None, "5-6", "x"])
    assert columns == {"a": [("1", "3"), None, "5", None], "b": [("2", "4"), None, "6", None]}


@pytest.mark.parametrize("pattern", ["x" * (MAX_LENGTH + 1), "%{a} " * (MAX_KEYS + 1)])
def test_a_pattern_has_bounds(pattern: str) -> None:
    with pytest.raises(PatternError, match="at most"):
        compile_dissect(pattern)


def test_no_text_takes_long() -> None:
    pattern = compile_dissect("%{a}" + "".join(f" {'a' * 50}b%{{k{number}}}" for number in range(100)))
    began = time.process_time()
    assert pattern.test(" " + "a" * 100_000) is None
    assert time.process_time() - began < 1.0
