"""Operators over columns: logic of three values, constants and columns alike, several values in both modes."""

import operator
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pipelines.operands import ABSENT, Operand
from engine.pipelines.operators import (
    arithmetic,
    arithmetic_type,
    comparison,
    conjunction,
    disjunction,
    like,
    membership,
    negation,
    null_test,
)
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Address, Multivalue, Type, Value

SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TRUTHS = (True, False, None)
UNKNOWN = Operand(Type.UNKNOWN)
KEYWORD = Operand(Type.KEYWORD)
ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=4),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.one_of(st.text(max_size=3), st.integers()), min_size=2, max_size=3).map(tuple),
)


def columns(rows: Sequence[Sequence[Value]]) -> list[list[Value]]:
    return [list(column) for column in zip(*rows, strict=True)]


def test_and_is_false_where_one_is_false_and_null_where_that_is_not_known() -> None:
    rows = list(product(TRUTHS, repeat=3))
    expected = [False if False in row else None if None in row else True for row in rows]
    assert conjunction(3)(columns(rows), len(rows)) == expected


def test_or_is_true_where_one_is_true_and_null_where_that_is_not_known() -> None:
    rows = list(product(TRUTHS, repeat=3))
    expected = [True if True in row else None if None in row else False for row in rows]
    assert disjunction(3)(columns(rows), len(rows)) == expected


def test_not_of_null_is_null() -> None:
    assert negation()([[True, False, None]], 3) == [False, True, None]


def test_what_is_neither_true_nor_false_counts_as_null_in_logic() -> None:
    assert conjunction(2)([["true", "x", 5, (True, False)], [True] * 4], 4) == [True, None, None, None]


def test_is_null_is_never_null() -> None:
    assert null_test(negated=False)([[None, 1, (1, 2)]], 3) == [True, False, False]
    assert null_test(negated=True)([[None, 1, (1, 2)]], 3) == [False, True, True]


@given(st.lists(st.tuples(st.none() | st.integers(), st.none() | st.floats(allow_nan=False)), min_size=1))
def test_comparing_columns_is_comparing_rows(rows: list[tuple[Any, Any]]) -> None:
    for sign, compare in SIGNS.items():
        work = comparison(sign, Operand(Type.LONG), Operand(Type.DOUBLE))
        expected = [None if None in row else compare(*row) for row in rows]
        assert work(columns(rows), len(rows)) == expected


@given(st.lists(st.none() | st.integers(-3, 3), min_size=1), st.integers(-3, 3))
def test_a_constant_is_compared_as_a_column_of_it_is(column: list[Value], constant: int) -> None:
    both: list[list[Value]] = [column, [constant] * len(column)]
    for sign in SIGNS:
        with_column = comparison(sign, Operand(Type.LONG), Operand(Type.LONG))(both, len(column))
        assert comparison(sign, Operand(Type.LONG), Operand(Type.LONG, constant))(both, len(column)) == with_column
        turned = comparison(sign, Operand(Type.LONG, constant), Operand(Type.LONG))(both[::-1], len(column))
        assert turned == comparison(sign, Operand(Type.LONG), Operand(Type.LONG))(both[::-1], len(column))


@given(ANYTHING, ANYTHING)
def test_no_values_make_a_comparison_fail(left: Value, right: Value) -> None:
    known = [Operand(Type.KEYWORD, "10.0.0.1"), Operand(Type.INTEGER, 5), Operand(Type.BOOLEAN, True), UNKNOWN, KEYWORD]
    dates = Operand(Type.DATETIME, datetime(2026, 1, 1, tzinfo=UTC))
    for other, multivalue in product([*known, dates, Operand(Type.IP, Address(1))], Multivalue):
        for sign in ("==", "!="):
            value = right if other.constant is ABSENT else other.constant
            answer = comparison(sign, UNKNOWN, other, multivalue)([[left], [value]], 1)[0]
            assert answer in TRUTHS
    assert membership(UNKNOWN, [UNKNOWN, *known])([[left], [right], ["10.0.0.1"], [5], [True], [right], [right]], 1)


@given(ANYTHING, ANYTHING)
def test_no_values_make_arithmetic_fail(left: Value, right: Value) -> None:
    for sign in "+-*/%":
        for kinds in product((Type.UNKNOWN, Type.LONG, Type.DOUBLE), repeat=2):
            arithmetic(sign, *map(Operand, kinds))([[left], [right]], 1)


@pytest.mark.parametrize("rows", [[5, 7], [5, None], [None, (1, 2)]])
def test_sums_are_the_same_in_one_sweep_and_row_by_row(rows: list[Value]) -> None:
    assert arithmetic("+", Operand(Type.LONG), Operand(Type.INTEGER, 1))([rows, [1, 1]], 2) == [
        row + 1 if isinstance(row, int) else None for row in rows
    ]


def test_only_the_sum_that_leaves_its_type_is_null() -> None:
    work = arithmetic("+", Operand(Type.INTEGER), Operand(Type.INTEGER))
    assert work([[1, 2147483647], [1, 1]], 2) == [2, None]
    work = arithmetic("*", Operand(Type.DOUBLE), Operand(Type.DOUBLE))
    assert work([[2.0, 1e308], [2.0, 1e308]], 2) == [4.0, None]


def test_the_wider_type_wins() -> None:
    assert arithmetic_type("+", Type.INTEGER, Type.LONG) is Type.LONG
    assert arithmetic_type("/", Type.LONG, Type.DOUBLE) is Type.DOUBLE
    assert arithmetic_type("-", Type.DATETIME, Type.TIME_DURATION) is Type.DATETIME
    assert arithmetic_type("+", Type.UNKNOWN, Type.INTEGER) is Type.UNKNOWN


def test_membership_knows_three_values() -> None:
    items = [Operand(Type.KEYWORD, "a"), Operand(Type.NULL, None)]
    assert membership(KEYWORD, items)([["a", "b", None], ["a"] * 3, [None] * 3], 3) == [True, None, None]
    assert membership(KEYWORD, items[:1])([["a", "b", None], ["a"] * 3], 3) == [True, False, None]


@given(
    st.lists(st.none() | st.sampled_from("abc"), min_size=1), st.lists(st.none() | st.sampled_from("abc"), min_size=1)
)
def test_membership_in_constants_is_membership_in_columns(column: list[Value], items: list[Value]) -> None:
    size = len(column)
    all_columns = [column, *([item] * size for item in items)]
    constants = [Operand(Type.KEYWORD if item else Type.NULL, item) for item in items]
    by_column = [Operand(Type.KEYWORD) for _ in items]
    assert membership(KEYWORD, constants)(all_columns, size) == membership(KEYWORD, by_column)(all_columns, size)


def test_several_values_are_null_when_strict_and_any_of_them_counts_otherwise() -> None:
    column: list[Value] = [("a", "b"), "a", ("b", "c"), None]
    both: list[list[Value]] = [column, ["a"] * 4]
    a = Operand(Type.KEYWORD, "a")
    assert comparison("==", KEYWORD, a)(both, 4) == [None, True, None, None]
    assert comparison("==", KEYWORD, a, Multivalue.ANY)(both, 4) == [True, True, False, None]
    assert comparison("!=", KEYWORD, a, Multivalue.ANY)(both, 4) == [True, False, True, None]
    assert membership(KEYWORD, [a], Multivalue.ANY)(both, 4) == [True, True, False, None]
    assert like(KEYWORD, ["a*"], regex=False, multivalue=Multivalue.ANY)(both, 4) == [True, True, False, None]
    assert like(KEYWORD, ["a*"], regex=False)(both, 4) == [None, True, None, None]


def test_a_column_of_unknown_type_is_read_as_what_it_is_compared_with() -> None:
    column: list[Value] = ["5", 5, 5.0, True, "x", None]
    others: list[Any] = [None] * 6
    number = comparison("==", UNKNOWN, Operand(Type.INTEGER, 5))([column, others], 6)
    assert number == [True, True, True, None, None, None]
    text = comparison("==", UNKNOWN, Operand(Type.KEYWORD, "5"))([column, others], 6)
    assert text[:2] == [True, True]
    assert text[4:] == [False, None]
    dates: list[Value] = ["2026-01-02T00:00:00Z", "soon"]
    later = comparison(">", UNKNOWN, Operand(Type.DATETIME, datetime(2026, 1, 1, tzinfo=UTC)))
    assert later([dates, [None] * 2], 2) == [True, None]


def test_columns_of_unknown_types_are_compared_kind_by_kind() -> None:
    left: list[Value] = [1, "a", True, 1, "1", None]
    right: list[Value] = [1.0, "a", True, "1", "2", 1]
    assert comparison("==", UNKNOWN, UNKNOWN)([left, right], 6) == [True, True, True, None, False, None]


@pytest.mark.parametrize(
    ("left", "right"), [(Type.KEYWORD, Type.LONG), (Type.IP, Type.KEYWORD), (Type.DATETIME, Type.LONG)]
)
def test_columns_of_different_types_are_not_compared(left: Type, right: Type) -> None:
    with pytest.raises(TypeProblem):
        comparison("==", Operand(left), Operand(right))
