"""The one meaning of a formula: a question about an event that functions, arithmetic or two fields take part in.

A formula is true when some choice of one value for each of its fields makes its call true; a field that the event
lacks has one choice, null. So over an array any element may decide, and over two arrays any pair.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, product
from typing import TypeAlias

from engine.document import Document
from engine.functions import FUNCTIONS, Value
from engine.tree import Call, Constant, FieldValue, Formula, Operand, operand_fields

MAX_CHOICES = 10_000
"""Choices that are tried for one event: two arrays of a hundred elements. Beyond that an event would cost too much."""

Choice: TypeAlias = tuple[Value, ...]
Worked: TypeAlias = Callable[[Choice], Value]


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
    """What the formula may be tried with: every combination of the values of its fields, up to MAX_CHOICES."""
    values: list[tuple[Value, ...]] = [document.values(field) or (None,) for field in formula_fields(formula)]
    return islice(product(*values), MAX_CHOICES)


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
