"""The operators of ES|QL as works over whole columns: logic and patterns here, the rest by family.

Truth has three values: null is "not known", so `false and null` is false, `true and null` null.
Source: Elasticsearch's ES|QL reference, operators.
"""

from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any

from engine.errors import PatternError
from engine.lucene_regex import regex_test
from engine.patterns import parse_pattern, pattern_test
from engine.pipelines.arithmetic import arithmetic, arithmetic_type, negative, negative_type
from engine.pipelines.comparing import check_comparison, comparison, membership
from engine.pipelines.operands import ColumnWork, Operand
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Column, Multivalue, Type, Value
from engine.scalars import text_of, truth_of

__all__ = [
    "arithmetic",
    "arithmetic_type",
    "check_comparison",
    "check_truth",
    "comparison",
    "conjunction",
    "disjunction",
    "like",
    "membership",
    "negation",
    "negative",
    "negative_type",
    "null_test",
    "truths",
]

_TRUTHS = {bool, NoneType}


def check_truth(given: Type, argument: int | None = None) -> None:
    """Raises: TypeProblem when values of a type are never true or false."""
    if given not in (Type.BOOLEAN, Type.NULL, Type.UNKNOWN):
        raise TypeProblem(f"this must be true or false, and is {given.value}", argument)


def truths(column: Column) -> Column:
    """The column as truth values: several values, and whatever else is neither true nor false, are null."""
    return column if set(map(type, column)) <= _TRUTHS else list(map(_truth, column))


def _truth(value: Value) -> bool | None:
    return truth_of(value) if isinstance(value, bool | str) else None


def conjunction(count: int) -> ColumnWork:
    """`and` of so many columns."""
    return lambda columns, _size: _folded(columns[:count], _both)


def disjunction(count: int) -> ColumnWork:
    """`or` of so many columns."""
    return lambda columns, _size: _folded(columns[:count], _one_of)


def _folded(columns: Sequence[Column], join: Callable[[Column, Column], Column]) -> Column:
    result = truths(columns[0])
    for column in columns[1:]:
        result = join(result, truths(column))
    return result


def _both(left: Column, right: Column) -> Column:
    if None in left or None in right:
        return [
            False if a is False or b is False else None if a is None or b is None else True
            for a, b in zip(left, right, strict=True)
        ]
    return [a and b for a, b in zip(left, right, strict=True)]


def _one_of(left: Column, right: Column) -> Column:
    if None in left or None in right:
        return [
            True if a is True or b is True else None if a is None or b is None else False
            for a, b in zip(left, right, strict=True)
        ]
    return [a or b for a, b in zip(left, right, strict=True)]


def negation() -> ColumnWork:
    """`not x`."""
    return lambda columns, _size: [None if value is None else not value for value in truths(columns[0])]


def null_test(negated: bool) -> ColumnWork:
    """`x is null`, or `x is not null`: never null itself, and several values are not null."""
    if negated:
        return lambda columns, _size: [value is not None for value in columns[0]]
    return lambda columns, _size: [value is None for value in columns[0]]


def like(
    operand: Operand, patterns: Sequence[str], regex: bool, multivalue: Multivalue = Multivalue.STRICT
) -> ColumnWork:
    """`x like "a*"` and `x rlike "a.*"`: the whole text, its case minded, by any of the patterns.

    Every distinct value is judged once a page. Raises: TypeProblem.
    """
    if operand.type not in (Type.KEYWORD, Type.TEXT, Type.UNKNOWN, Type.NULL):
        raise TypeProblem(f"patterns are asked of texts, and this is {operand.type.value}", 0)
    one = _text_work(_any_test([_test(pattern, regex) for pattern in patterns]), multivalue)

    def work(columns: Sequence[Column], _size: int) -> Column:
        column = columns[0]
        if not set(map(type, column)) <= {str, NoneType}:
            return list(map(one, column))
        answers = {value: one(value) for value in set(column)}
        return [answers[value] for value in column]

    return work


def _test(pattern: str, regex: bool) -> Callable[[str], bool]:
    try:
        return regex_test(pattern) if regex else pattern_test(parse_pattern(pattern))
    except PatternError as error:
        raise TypeProblem(str(error)) from error


def _any_test(tests: Sequence[Callable[[str], bool]]) -> Callable[[str], bool]:
    if len(tests) == 1:
        return tests[0]
    return lambda text: any(test(text) for test in tests)


def _text_work(test: Callable[[str], bool], multivalue: Multivalue) -> Callable[[Any], bool | None]:
    any_of = multivalue is Multivalue.ANY

    def one(value: Any) -> bool | None:
        if isinstance(value, str):
            return test(value)
        if isinstance(value, tuple):
            return any(one(each) is True for each in value) if any_of else None
        return test(text_of(value)) if isinstance(value, bool | int | float) else None

    return one
