"""The one meaning of a formula: a question about an event that functions, arithmetic or two fields take part in.

A formula is true when some choice of one value for each of its fields makes its call true; a field that the event
lacks has one choice, null. So over an array any element may decide, and over two arrays any pair.

Arrays are the sender's, and two of them multiply. So equal values count once, and a formula of several fields may take
MAX_CALLS calls for an event; where that does not do for all pairs, those that stand nearest to the front of both
arrays are tried, so that neither hides what the other holds.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import TypeAlias

from engine.choosing import choices_of
from engine.document import Document
from engine.functions import FUNCTIONS, Value
from engine.tree import Call, Constant, FieldValue, Formula, Operand, operand_fields

MAX_CALLS = 80_000
"""Calls of functions that a formula of several fields may take for one event, one or two microseconds each: where the
formula has one call, the pairs of two arrays of 280 different values."""

_LONG_TEXT = 1_000
"""Characters of a choice that cost about as much as a call."""

_FEW = 64

Choice: TypeAlias = tuple[Value, ...]
Worked: TypeAlias = Callable[[Choice], Value]

_NULL: tuple[Value, ...] = (None,)


def formula_fields(formula: Formula) -> tuple[str, ...]:
    """The fields that a formula names, each once."""
    return tuple(dict.fromkeys(operand_fields(formula.call)))


def formula_holds(formula: Formula, document: Document) -> bool:
    """Whether the formula is true of the event. Costs a microsecond or two for each choice that is tried."""
    return any(True for _ in deciding(formula, document))


def deciding(formula: Formula, document: Document) -> Iterator[Choice]:
    """The choices that make the formula true, in the order of `formula_fields` and of the event."""
    worked = compiled(formula)
    return (choice for choice in choices(formula, document) if worked(choice) is True)


def choices(formula: Formula, document: Document) -> Iterator[Choice]:
    """What the formula may be tried with: see `choices_among`."""
    return choices_among(formula, [document.values(field) for field in formula_fields(formula)])


def choices_among(formula: Formula, values: Sequence[Sequence[Value]]) -> Iterator[Choice]:
    """Every combination of the values of the formula's fields (null where there are none), as far as MAX_CALLS go.
    The values of a single field are all tried, since there are no more of them than the event is long."""
    arrays: list[Sequence[Value]] = [some or _NULL for some in values]
    if len(arrays) == 1 or prod(map(len, arrays)) <= _FEW:
        return product(*arrays)
    arrays = [_different(some) for some in arrays]
    return choices_of(arrays, _most_choices(formula, arrays))


def _different(values: Sequence[Value]) -> list[Value]:
    """Each value once; 1, 1.0 and true are three."""
    return list({(type(value), value): value for value in values}.values())


def _most_choices(formula: Formula, arrays: Sequence[Sequence[Value]]) -> int:
    lengths = sum(sum(len(value) for value in some if isinstance(value, str)) // len(some) for some in arrays)
    return max(MAX_CALLS // (calls_of(formula.call) * (1 + lengths // _LONG_TEXT)), 1)


def calls_of(call: Call) -> int:
    """How many functions a call runs, itself and those in its arguments."""
    return 1 + sum(calls_of(argument) for argument in call.arguments if isinstance(argument, Call))


@lru_cache(maxsize=4_096)
def compiled(formula: Formula) -> Worked:
    """The formula's call as a function of one value for each of its fields."""
    places = {field: place for place, field in enumerate(formula_fields(formula))}
    return _compiled(formula.call, places)


def constant_value(call: Call) -> Value:
    """What a call answers that names no field."""
    return _compiled(call, {})(())


def _compiled(operand: Operand, places: dict[str, int]) -> Worked:
    match operand:
        case FieldValue(field):
            return _value_at(places[field])
        case Constant(value):
            return lambda _choice: value
        case Call(name, arguments, fold):
            return _called(name, tuple(_compiled(argument, places) for argument in arguments), fold)


def _value_at(place: int) -> Worked:
    return lambda choice: choice[place]


def _called(name: str, arguments: tuple[Worked, ...], fold: bool) -> Worked:
    function = FUNCTIONS[name]
    work, strict = function.work, function.strict

    def called(choice: Choice) -> Value:
        values = tuple(argument(choice) for argument in arguments)
        return None if strict and None in values else work(fold, values)

    return called
