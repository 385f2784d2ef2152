"""GROK: the cases of tests/cases/esql/grok.toml, and that no text takes long."""

import json
import re
import time
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PatternError
from engine.pipelines.grok import MAX_CAPTURES, MAX_LENGTH, compile_grok
from engine.pipelines.grok_patterns import PATTERNS
from engine.pipelines.reading import to_json
from engine.pipelines.types import Type

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "esql" / "grok.toml").read_text())


def named(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@named(CASES["case"])
def test_a_pattern_takes_columns_from_a_text(case: dict[str, Any]) -> None:
    taken = compile_grok(*case["patterns"]).test(case["text"])
    found = None if taken is None else {name: to_json(value) for name, value in taken.items()}
    expected = json.loads(case["expect"], strict=False) if "expect" in case else None
    assert found == expected


@named([case for case in CASES["case"] if "types" in case])
def test_columns_have_the_types_that_the_pattern_gives_them(case: dict[str, Any]) -> None:
    assert dict(compile_grok(*case["patterns"]).columns) == {name: Type(kind) for name, kind in case["types"].items()}


@named(CASES["refused"])
def test_a_pattern_that_cannot_be_used_is_refused_in_words(case: dict[str, Any]) -> None:
    with pytest.raises(PatternError) as raised:
        compile_grok(case["pattern"])
    assert str(raised.value) == case["message"]


def test_columns_are_sorted_by_name() -> None:
    assert [name for name, _ in compile_grok("%{WORD:b} %{WORD:a} %{WORD:b}").columns] == ["a", "b"]


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_pattern_of_the_table_is_ready_for_all_texts(name: str) -> None:
    pattern = compile_grok(f"%{{{name}:taken}}")
    pattern.test("ä")
    pattern.test("x")


def test_of_several_values_those_that_fit_give_theirs() -> None:
    pattern = compile_grok("%{WORD:first} %{WORD:second}")
    columns = pattern.of([("a b", "nothing", "c d"), None, "e f", "nothing", 17])
    assert columns == {"first": [("a", "c"), None, "e", None, None], "second": [("b", "d"), None, "f", None, None]}


def test_half_a_character_is_one_that_nobody_knows() -> None:
    assert compile_grok("(?<all>.*)").test("a\ud800b") == {"all": "a?b"}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%{GREEDYDATA:a}%{NUMBER:b}x", "1" * 20_000),
        ("(?<a>(?:a|aa)*)c", "a" * 20_000),
        ("%{URIPATH:a}!", "/a" * 10_000),
        ("%{DATA:a} %{DATA:b} %{DATA:c} %{DATA:d}!", " " * 10_000),
        ("%{QUOTEDSTRING:a}!", '"' + "\\" * 20_000),
        ("%{HOSTNAME:a}!", "a." * 10_000),
    ],
)
def test_no_text_takes_long(pattern: str, text: str) -> None:
    ready = compile_grok(pattern)
    began = time.process_time()
    assert ready.test(text) is None
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "pattern",
    [
        "x" * (MAX_LENGTH + 1),
        "%{COMBINEDAPACHELOG}" * 400,
        "%{INT:x}" * (MAX_CAPTURES + 1),
        "(?:(?:a{1,500}){1,500}){1,500}",
    ],
)
def test_a_pattern_has_bounds(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(PatternError):
        compile_grok(pattern)
    assert time.process_time() - began < 2.0


PIECES = ["a", "b", ".", "*", "+", "?", "|", "(", "(?:", "(?<x>", ")", "[ab]", "[^a]", "^", "$", "{1,2}", r"\b", r"\w"]
MORE = [*PIECES, "%{WORD:y}", "%{NUMBER:n:int}", "%{", "}", "[", "]", "\\", "(?", "(?i)", "-", ":", "&&", "é", "\ud800"]
TEXTS = st.text("ab1 é\n", max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MORE), max_size=12).map("".join), TEXTS)
def test_whatever_is_written_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    with suppress(PatternError):
        compile_grok(pattern).of([text, None, (text, "a")])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text("ab \n", max_size=6))
def test_an_expression_fits_where_another_engine_says_so(pattern: str, text: str) -> None:
    try:
        other = re.compile(pattern.replace("(?<x>", "(?:"), re.MULTILINE)
        ready = compile_grok(pattern)
    except (re.error, PatternError):
        return
    assert (ready.test(text) is not None) == (other.search(text) is not None)
