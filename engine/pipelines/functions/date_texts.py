"""Dates written by a pattern, and read by one.

Source: Elasticsearch's ES|QL reference, DATE_FORMAT and DATE_PARSE.
"""

from collections.abc import Sequence
from datetime import datetime

from engine.errors import PatternError
from engine.pipelines.functions.date_patterns import DEFAULT, reader, writer
from engine.pipelines.functions.kinds import DATE, TEXT, check, reading
from engine.pipelines.functions.shape import Function, Result, Work
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value
from engine.scalars import instant_of


@reading(DATE)
def _iso(date: datetime) -> Value:
    return writer(DEFAULT)(date)


@reading(TEXT, DATE)
def _formatted(pattern: str, date: datetime) -> Value:
    try:
        return writer(pattern)(date)
    except PatternError:
        return None


@reading(TEXT)
def _parsed(pattern: str, text: str) -> Value:
    try:
        return reader(pattern)(text)
    except PatternError:
        return None


def _date_format(*values: Value) -> Value:
    """The pattern comes first, and may be left out."""
    return _iso(*values) if len(values) == 1 else _formatted(*values)


def _date_parse(*values: Value) -> Value:
    if len(values) == 1:
        return instant_of(values[0]) if isinstance(values[0], str) else None
    return _parsed(*values)


def _prepare_format(constants: tuple[Value | Absent, ...]) -> Work:
    if len(constants) == 1 or not isinstance(constants[0], str):
        return _date_format
    try:
        write = writer(constants[0])
    except PatternError as error:
        raise TypeProblem(str(error), 0) from error

    @reading(DATE)
    def work(date: datetime) -> Value:
        return write(date)

    return lambda _, date: work(date)


def _prepare_parse(constants: tuple[Value | Absent, ...]) -> Work:
    if len(constants) == 1 or not isinstance(constants[0], str):
        return _date_parse
    try:
        read = reader(constants[0])
    except PatternError as error:
        raise TypeProblem(str(error), 0) from error

    @reading(TEXT)
    def work(text: str) -> Value:
        return read(text)

    return lambda _, text: work(text)


def _result(result: Type, *last: Type) -> Result:
    """The pattern is a text; what is written or read comes last."""

    def of(types: Sequence[Type]) -> Type:
        check(types[:-1], TEXT)
        if types[-1] not in (*last, Type.UNKNOWN, Type.NULL):
            raise TypeProblem(f"this must be {last[0].value}, and is {types[-1].value}", len(types) - 1)
        return result

    return of


WRITING = (
    Function(
        "date_format",
        1,
        2,
        _result(Type.KEYWORD, Type.DATETIME, Type.DATE_NANOS),
        _date_format,
        prepare=_prepare_format,
    ),
    Function("date_parse", 1, 2, _result(Type.DATETIME, Type.KEYWORD, Type.TEXT), _date_parse, prepare=_prepare_parse),
)
