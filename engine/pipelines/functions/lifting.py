"""From a function of one row to a work of whole columns."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import TypeAlias

from engine.pipelines.budget import PART, PageTooHeavy, weight_of
from engine.pipelines.casts import double
from engine.pipelines.functions.kinds import TEXTS, WHOLE
from engine.pipelines.functions.several import joined, ones
from engine.pipelines.functions.shape import Function, Takes, Work
from engine.pipelines.operands import ABSENT, Absent, ColumnWork, Operand
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Column, Multivalue, Type, Value
from engine.pipelines.unknown import Read, as_truth, read_beside
from engine.portions import portions

# Types that say of equal values that they are the same: 1, 1.0 and true are not, where a type is unknown.
_MEMORABLE = TEXTS | {Type.IP, Type.VERSION}
_GROWING = TEXTS | {Type.UNKNOWN}
_WEIGHED_EVERY = 16
_Each: TypeAlias = Callable[[Work, Sequence[Sequence[Value]]], Column]
MOST_COMBINATIONS = 10_000
"""How many combinations of values are tried with Multivalue.ANY before the answer is null."""


def lift(function: Function, operands: Sequence[Operand], multivalue: Multivalue = Multivalue.STRICT) -> ColumnWork:
    """The function as a work of columns, with what is constant prepared.

    Raises: TypeProblem as `prepare` does.
    """
    constants = tuple(operand.constant for operand in operands)
    work = function.prepare(constants) if function.prepare else function.work
    if function.takes is Takes.ONE:
        several = _any_of(work) if function.any and multivalue is Multivalue.ANY else _null
        work = _of_ones(work, several, len(operands))
    if function.alike:
        work = _alike(work, function, [operand.type for operand in operands])
    each = _weighed if _may_grow(function, [operand.type for operand in operands]) else _plainly
    known = [operand.type for operand in operands if not operand.is_constant]
    if len(known) == 1 and known[0] in _MEMORABLE:
        return _distinct(work, constants, each)
    return _columnar(work, constants, each)


def _may_grow(function: Function, types: Sequence[Type]) -> bool:
    try:
        return function.grows or function.result(types) in _GROWING
    except TypeProblem:  # nothing that the compiler lets through
        return True


def _plainly(work: Work, columns: Sequence[Sequence[Value]]) -> Column:
    return list(map(work, *columns))


def _weighed(work: Work, columns: Sequence[Sequence[Value]]) -> Column:
    """What the work makes of each row; weighed on the way, since few rows may make more than there is room for."""
    answers: Column = []
    weight = 0
    for some in portions(map(work, *columns), _WEIGHED_EVERY):
        answers += some
        weight += weight_of(some)
        if weight > PART and len(columns[0]) > 1:
            raise PageTooHeavy("a page of the query's rows is too large")
    return answers


def _alike(work: Work, function: Function, types: Sequence[Type]) -> Work:
    """The work with values of unknown types read as what stands beside them, and whole numbers beside fractions."""
    places = function.alike(len(types)) if function.alike else ()
    unknown = read_beside([types[place] for place in places])
    fraction = double if function.result(types) is Type.DOUBLE else None
    reads: list[Read | None] = [as_truth if given is Type.UNKNOWN else None for given in types]
    for place in places:
        given = types[place]
        reads[place] = unknown if given is Type.UNKNOWN else fraction if given in WHOLE else None
    if not any(reads):
        return work
    return lambda *values: work(*map(_read, reads, values))


def _read(read: Read | None, value: Value) -> Value:
    if read is None or value is None:
        return value
    if value.__class__ is tuple:
        return joined(map(read, ones(value)))
    found: Value = read(value)
    return found


def _columnar(work: Work, constants: tuple[object, ...], each: _Each) -> ColumnWork:
    """Rows are worked off one by one; of a function that is given constants alone, one row stands for all."""
    if constants and ABSENT not in constants:
        return lambda columns, size: [work(*(column[0] for column in columns))] * size if size else []
    if not constants:
        return lambda _columns, size: [work() for _ in range(size)]
    return lambda columns, _size: each(work, columns)


def _distinct(work: Work, constants: tuple[Value | Absent, ...], each: _Each) -> ColumnWork:
    """With one column all else is constant: each distinct value is worked out once a page, as most come often."""
    place = constants.index(ABSENT)
    before, after = constants[:place], constants[place + 1 :]

    def distinct(columns: Sequence[Column], _size: int) -> Column:
        column = columns[place]
        values = list(set(column))
        answers = dict(zip(values, each(lambda value: work(*before, value, *after), [values]), strict=True))
        return [answers[value] for value in column]

    return distinct


def _null(*_: Value) -> Value:
    return None


def _of_ones(work: Work, several: Work, count: int) -> Work:
    """The work for single values; null for null, and `several` for rows with a field of several values."""

    def one(value: Value) -> Value:
        if value is None:
            return None
        return several(value) if value.__class__ is tuple else work(value)

    def two(first: Value, second: Value) -> Value:
        if first is None or second is None:
            return None
        if first.__class__ is tuple or second.__class__ is tuple:
            return several(first, second)
        return work(first, second)

    def many(*values: Value) -> Value:
        if None in values:
            return None
        if tuple in map(type, values):
            return several(*values)
        return work(*values)

    works: dict[int, Work] = {1: one, 2: two}
    return works.get(count, many)


def _any_of(work: Work) -> Work:
    """True when true of any combination of the values; null when it is true of none and null of one."""

    def holds(*values: Value) -> Value:
        choices = [value if isinstance(value, tuple) else (value,) for value in values]
        tried = 1
        for choice in choices:
            tried *= len(choice)
        if tried > MOST_COMBINATIONS:
            return None
        answers = {work(*combination) for combination in product(*choices)}
        return True if True in answers else None if None in answers else False

    return holds
