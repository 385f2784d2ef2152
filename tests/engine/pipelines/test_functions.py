"""What holds of every function: it never fails, is in the docs, and treats null and several values as it should."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pipelines.functions import SCALAR, Function, Takes
from engine.pipelines.functions.lifting import lift
from engine.pipelines.operands import ABSENT, Operand
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Address, Multivalue, Period, Point, Type, Value

DOCS = Path(__file__).parents[3] / "docs" / "languages" / "esql-functions.md"
DATES = st.datetimes(timezones=st.just(UTC))
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ("%", "%41%", "1.5", "2026-01-02", "10.0.0.1", "10.0.0.0/8", "POINT (1 2)", '{"a": [1]}', "a.b", "$", "(")
    ),
    st.sampled_from(
        (
            "yyyy-MM-dd",
            "minutes",
            "day_of_week",
            "sha-256",
            "1 hour",
            "\ud800",
            "e\u0301",
            "[[",
            "''",
            "",
            "true",
            "asc",
        )
    ),
)
ONES = st.one_of(
    TEXTS,
    st.integers(),
    st.integers(-5, 5),
    st.floats(),
    st.booleans(),
    DATES,
    st.builds(Address, st.integers(0, (1 << 128) - 1)),
    st.builds(Point, st.floats(-180, 180), st.floats(-90, 90)),
    st.builds(Period, st.integers(-40, 40), st.integers(-40, 40)),
    st.builds(timedelta, seconds=st.integers(-1_000_000, 1_000_000)),
)
VALUES = st.one_of(st.none(), ONES, st.lists(ONES, min_size=2, max_size=4).map(tuple))


def operands(constants: Sequence[Any]) -> list[Operand]:
    return [Operand(Type.UNKNOWN, constant) for constant in constants]


def applied(function: Function, values: Sequence[Value], multivalue: Multivalue = Multivalue.STRICT) -> Value:
    work = lift(function, operands([ABSENT] * len(values)), multivalue)
    return work([[value] for value in values], 1)[0]


@pytest.mark.parametrize("name", sorted(SCALAR))
def test_no_values_make_a_function_fail(name: str) -> None:
    function = SCALAR[name]
    counts = st.integers(function.least, function.least + 2 if function.most is None else function.most)

    @settings(max_examples=20, deadline=None)
    @given(counts.flatmap(lambda count: st.lists(VALUES, min_size=count, max_size=count)), st.data())
    def never_fails(values: list[Value], data: st.DataObject) -> None:
        for multivalue in Multivalue:
            applied(function, values, multivalue)
        known = [value if data.draw(st.booleans()) else ABSENT for value in values]
        try:
            work = lift(function, operands(known), Multivalue.STRICT)
        except TypeProblem:
            return
        assert repr(work([[value] for value in values], 1)[0]) == repr(applied(function, values))

    never_fails()


@pytest.mark.parametrize("name", sorted(name for name in SCALAR if SCALAR[name].takes is Takes.ONE))
def test_functions_of_one_value_are_null_for_null_and_for_several(name: str) -> None:
    function = SCALAR[name]
    if function.least:
        assert applied(function, [None] * function.least) is None
        assert applied(function, [("a", "b")] * function.least) is None


@pytest.mark.parametrize("name", sorted(SCALAR))
def test_every_function_accepts_columns_of_unknown_type(name: str) -> None:
    function = SCALAR[name]
    for count in {function.least, function.most or function.least + 3} - ({3} if name in ("bucket", "bin") else set()):
        assert function.result([Type.UNKNOWN] * count) in Type


@given(st.lists(TEXTS, min_size=2, max_size=4), TEXTS)
def test_with_any_match_a_question_holds_when_it_holds_of_one_value(texts: list[str], start: str) -> None:
    for name in ("starts_with", "ends_with", "contains"):
        held = [applied(SCALAR[name], [text, start]) for text in texts]
        assert applied(SCALAR[name], [tuple(texts), start], Multivalue.ANY) is any(held)
        assert applied(SCALAR[name], [tuple(texts), start]) is None


def test_values_of_unknown_type_that_are_given_back_become_the_type_of_the_result() -> None:
    types = [Operand(Type.UNKNOWN), Operand(Type.KEYWORD, "none")]
    assert lift(SCALAR["coalesce"], types)([[5, None, (1, "a")], ["none"] * 3], 3) == ["5", "none", ("1", "a")]


def test_each_distinct_text_is_worked_out_alike() -> None:
    work = lift(SCALAR["to_upper"], [Operand(Type.KEYWORD)])
    assert work([["a", None, "a", ("b", "c"), "b"]], 5) == ["A", None, "A", ("B", "C"), "B"]


def test_a_page_without_rows_has_no_answers() -> None:
    assert lift(SCALAR["concat"], [Operand(Type.KEYWORD, "a"), Operand(Type.KEYWORD, "b")])([[], []], 0) == []


@pytest.mark.parametrize(
    ("expression", "text"),
    [("(a*)*b", "a" * 100_000), ("(x+x+)+y", "x" * 100_000), ("a.*b|a", "a" * 100_000), ("[^a]", "b" * 100_000)],
)
def test_hostile_texts_cannot_make_replacing_slow(expression: str, text: str) -> None:
    work = lift(SCALAR["replace"], [Operand(Type.KEYWORD), *map(constant, (expression, "-"))])
    started = perf_counter()
    work([[text], [expression], ["-"]], 1)
    assert perf_counter() - started < 10


def constant(text: str) -> Operand:
    return Operand(Type.KEYWORD, text)


def test_no_function_makes_a_giant_of_a_text() -> None:
    long = "ä" * 400_000
    assert applied(SCALAR["concat"], [long, long]) is None
    assert applied(SCALAR["replace"], [long, "ä", "xxxx"]) is None
    assert applied(SCALAR["replace"], [long, "(ä)", "$1$1"]) is None
    assert applied(SCALAR["mv_concat"], [(long, long), ","]) is None
    assert applied(SCALAR["to_base64"], [long]) is None
    assert applied(SCALAR["mv_zip"], [(long, long), (long, long)]) is None


def test_now_is_left_to_the_run() -> None:
    assert SCALAR["now"].result([]) is Type.DATETIME


def test_the_docs_tell_of_every_function_and_of_no_other() -> None:
    told = re.findall(r"^\| `([a-z0-9_]+)\(", DOCS.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(SCALAR)


def test_dates_written_by_a_pattern_are_read_by_it() -> None:
    @given(DATES)
    def round_trip(date: datetime) -> None:
        pattern = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
        text = applied(SCALAR["date_format"], [pattern, date])
        assert applied(SCALAR["date_parse"], [pattern, text]) == date

    round_trip()


@given(DATES, DATES)
def test_differences_in_whole_units_never_reach_beyond(start: datetime, end: datetime) -> None:
    days = applied(SCALAR["date_diff"], ["days", start, end])
    assert days == int((end - start).total_seconds() // 86_400) if end >= start else isinstance(days, int)
