"""Functions that choose among their arguments.

Source: Elasticsearch's ES|QL reference, conditional functions and expressions.
"""

from collections.abc import Sequence

from engine.pipelines.functions.kinds import TRUTH, common
from engine.pipelines.functions.ordering import greatest_of, least_of
from engine.pipelines.functions.several import ones
from engine.pipelines.functions.shape import Function, Takes, all_alike
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value
from engine.pipelines.unknown import apart


def _values_of_case(count: int) -> Sequence[int]:
    """The places of what CASE answers; at the others stand conditions."""
    return [*range(1, count, 2), *([count - 1] if count % 2 else [])]


def _case_type(types: Sequence[Type]) -> Type:
    last = len(types) - 1
    for number in range(0, last, 2):
        if not TRUTH.accepts(types[number]):
            raise TypeProblem(f"argument {number + 1} must be a condition, and this is {types[number].value}", number)
    values = _values_of_case(len(types))
    return common([types[number] for number in values], values)


def _case(*values: Value) -> Value:
    """The value after the first condition that is true; the odd last one is that of no condition."""
    last = len(values) - 1
    for number in range(0, last, 2):
        if values[number] is True:
            return values[number + 1]
    return values[last] if last % 2 == 0 else None


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value is not None:
            return value
    return None


def _greatest(*values: Value) -> Value:
    return None if None in values else greatest_of([one for value in values for one in ones(value)])


def _least(*values: Value) -> Value:
    return None if None in values else least_of([one for value in values for one in ones(value)])


def _nullif(value: Value, other: Value) -> Value:
    return None if apart(value) == apart(other) else value


def _first_type(types: Sequence[Type]) -> Type:
    common(types)
    return Type.KEYWORD if types[0] is Type.TEXT else types[0]


def _clamp(value: Value, least: Value, most: Value) -> Value:
    return _clamp_max(_clamp_min(value, least), most)


def _clamp_min(value: Value, least: Value) -> Value:
    return None if value is None or least is None else greatest_of([value, least])


def _clamp_max(value: Value, most: Value) -> Value:
    return None if value is None or most is None else least_of([value, most])


def _all(types: Sequence[Type]) -> Type:
    return common(types)


CONDITIONAL = (
    Function("case", 2, None, _case_type, _case, Takes.ALL, alike=_values_of_case),
    Function("coalesce", 1, None, _all, _coalesce, Takes.ALL, alike=all_alike),
    Function("greatest", 1, None, _all, _greatest, Takes.ALL, alike=all_alike),
    Function("least", 1, None, _all, _least, Takes.ALL, alike=all_alike),
    Function("nullif", 2, 2, _first_type, _nullif, Takes.ALL, alike=all_alike),
    Function("clamp", 3, 3, _all, _clamp, alike=all_alike),
    Function("clamp_min", 2, 2, _all, _clamp_min, alike=all_alike),
    Function("clamp_max", 2, 2, _all, _clamp_max, alike=all_alike),
)
