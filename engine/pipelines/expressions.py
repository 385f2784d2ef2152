"""Expressions of a query made ready to be worked out for whole pages: names found, types checked, constants folded.

Recursion follows the nodes, whose depth the parser bounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import NoReturn, TypeVar

from engine.languages.esql.nodes import (
    Arithmetic,
    Call,
    Cast,
    Comparison,
    Expression,
    Junction,
    Like,
    Literal,
    Membership,
    Name,
    Negation,
    Node,
    NullTest,
    Sign,
    Timespan,
)
from engine.pipelines import operators
from engine.pipelines.aggregates import AGGREGATES
from engine.pipelines.casts import CAST_TYPES, CONVERSIONS, check_cast, converted, span_of
from engine.pipelines.computed import Computed, applied, constant, read_as
from engine.pipelines.functions import SCALAR, Function, Takes
from engine.pipelines.functions.lifting import lift
from engine.pipelines.operands import ColumnWork, Operand
from engine.pipelines.page import Page
from engine.pipelines.problems import TypeProblem
from engine.pipelines.refusing import Refusing, arguments, error_at
from engine.pipelines.steps import Run
from engine.pipelines.types import Column, Multivalue, Period, Type, Value
from engine.pipelines.unknown import READ
from engine.scalars import truth_of

T = TypeVar("T")

_INTEGERS = range(-(1 << 31), 1 << 31)
_LONGS = range(-(1 << 63), 1 << 63)
_UNSIGNED_LONGS = range(1 << 64)
_READ_AS = (Type.DATETIME, Type.TIME_DURATION, Type.DATE_PERIOD, Type.IP, Type.VERSION, Type.BOOLEAN)
"""What a text between quotes may be read as where a function takes no texts."""
_PLAINLY_NULL = frozenset({"mv_slice"})
"""Functions of values as they are that answer null of values that are all there, and lose nothing by it."""


@dataclass(frozen=True, slots=True)
class Expressions(Refusing):
    """Makes expressions ready.

    find: the column that a name means; raises LanguageError when there is none.
    instead: asked first of every expression; what it answers is taken (aggregates, groups, full text).
    """

    text: str
    multivalue: Multivalue
    find: Callable[[Name], Computed]
    instead: Callable[[Expression], Computed | None] = lambda _: None

    def of(self, node: Expression) -> Computed:
        """The expression made ready.

        Raises: LanguageError with the place of what is wrong.
        """
        replaced = self.instead(node)
        if replaced is not None:
            return replaced
        match node:
            case Name():
                return self.find(node)
            case Literal(value):
                return constant(plain_value(value), literal_type(value))
            case Timespan(amount, unit):
                return self._timespan(node, amount, unit)
            case Call():
                return self._call(node)
        return self._operator(node)

    def condition(self, node: Expression) -> Computed:
        """An expression that must be true or false.

        Raises: LanguageError.
        """
        made = self.of(node)
        self.checked(node, (node,), lambda: operators.check_truth(made.type, 0))
        if made.type is not Type.UNKNOWN:
            return made
        return Computed(made.operand, lambda page, run: operators.truths(made.column(page, run)), made.reads)

    def conditions(self, node: Expression) -> list[Computed]:
        """The parts of a condition that must all be true, so that each need only look at what those before left."""
        if isinstance(node, Junction) and node.word == "and":
            return [part for operand in node.operands for part in self.conditions(operand)]
        return [self.condition(node)]

    def _operator(self, node: Expression) -> Computed:
        match node:
            case Sign(sign, operand):
                return self._sign(node, sign, operand)
            case Arithmetic(sign, left, right):
                return self._arithmetic(node, sign, left, right)
            case Comparison(sign, left, right):
                return self._comparison(node, sign, left, right)
            case Negation(operand):
                part = self.condition(operand)
                return applied(Type.BOOLEAN, operators.negation(), [part])
            case Junction(word, parts):
                join = operators.conjunction if word == "and" else operators.disjunction
                made = [self.condition(part) for part in parts]
                return applied(Type.BOOLEAN, join(len(made)), made)
            case NullTest(operand, negated):
                part = self.of(operand)
                return applied(Type.BOOLEAN, operators.null_test(negated), [part])
            case Membership(operand, items):
                return self._membership(node, operand, items)
            case Like(operand, patterns, regex):
                return self._like(node, operand, patterns, regex)
            case Cast(operand, name):
                return self._cast(node, operand, name)
        raise error_at(self.text, node.place, "this cannot stand here")

    def _timespan(self, node: Timespan, amount: int, unit: str) -> Computed:
        span = self.checked(node, (), lambda: span_of(amount, unit))
        return constant(span, Type.DATE_PERIOD if isinstance(span, Period) else Type.TIME_DURATION)

    def _sign(self, node: Sign, sign: str, operand: Expression) -> Computed:
        if isinstance(operand, Literal) and type(operand.value) in (int, float):
            value = -operand.value if sign == "-" else operand.value  # type: ignore[operator]
            return constant(plain_value(value), literal_type(value))
        part = self.of(operand)
        kind = self.checked(node, (operand,), lambda: operators.negative_type(part.type))
        if sign == "+":
            return part
        return self._watched(node, kind, operators.negative(part.operand), [part])

    def _arithmetic(self, node: Expression, sign: str, left: Expression, right: Expression) -> Computed:
        parts = [self.of(left), self.of(right)]
        one, other = parts
        kind = self.checked(node, (left, right), lambda: operators.arithmetic_type(sign, one.type, other.type))
        return self._watched(node, kind, operators.arithmetic(sign, one.operand, other.operand), parts)

    def _comparison(self, node: Expression, sign: str, left: Expression, right: Expression) -> Computed:
        one, other = self.of(left), self.of(right)
        make = partial(operators.comparison, sign, one.operand, other.operand, self.multivalue)
        work = self.checked(node, (left, right), make)
        return self._watched(node, Type.BOOLEAN, work, [one, other])

    def _membership(self, node: Expression, operand: Expression, items: Sequence[Expression]) -> Computed:
        part = self.of(operand)
        others = [self.of(item) for item in items]
        operands = [other.operand for other in others]
        make = partial(operators.membership, part.operand, operands, self.multivalue)
        work = self.checked(node, (operand, *items), make)
        if not part.operand.is_constant:
            # Constants are known to the work; a list of thousands must not become thousands of columns.
            others = [_UNSEEN if other.operand.is_constant else other for other in others]
        return applied(Type.BOOLEAN, work, [part, *others])

    def _like(self, node: Expression, operand: Expression, patterns: Sequence[str], regex: bool) -> Computed:
        part = self.of(operand)
        work = self.checked(node, (operand,), lambda: operators.like(part.operand, patterns, regex, self.multivalue))
        return self._watched(node, Type.BOOLEAN, work, [part])

    def _cast(self, node: Expression, operand: Expression, name: str) -> Computed:
        part = self.of(operand)
        target = CAST_TYPES.get(name)
        if target is None:
            self.refuse(node, f"`{name[:40]}` is not a type", f"Types are {', '.join(sorted(CAST_TYPES))}.")
        self.checked(node, (operand,), lambda: check_cast(part.type, target))
        source = part.type
        if source is target:
            return part
        return self._watched(node, target, _casting(target, source), [part])

    def _call(self, node: Call) -> Computed:
        if node.name == "now" and not node.arguments:
            return Computed(Operand(Type.DATETIME), lambda page, run: [run.now] * page.size)
        function = SCALAR.get(node.name)
        if function is None:
            self._unknown_function(node)
        if node.options or node.star:
            self.refuse(node, f"{node.name}() takes no {'`*`' if node.star else 'options'}")
        self._check_count(node, function)
        parts = [self.of(argument) for argument in node.arguments]
        parts = self._read_unknown(node, function, self._read_literals(function, parts))
        operands = [part.operand for part in parts]
        types = [part.type for part in parts]
        kind = self.checked(node, node.arguments, lambda: function.result(types))
        work = self.checked(node, node.arguments, lambda: lift(function, operands, self.multivalue))
        if function.takes is Takes.ONE:
            return self._watched(node, kind, work, parts)
        told_as = "" if function.alike or function.name in _PLAINLY_NULL else self._written(node)
        return applied(kind, work, parts, told_as=told_as, grows=function.grows, several=True)

    def _watched(self, node: Expression, kind: Type, work: ColumnWork, parts: Sequence[Computed]) -> Computed:
        """A work applied; rows of which it answers null though nothing in them is null are counted as warnings."""
        return applied(kind, work, parts, told_as=self._written(node))

    def _written(self, node: Expression) -> str:
        return " ".join(self.text[node.place.start : node.place.end].split())

    def _read_unknown(self, node: Call, function: Function, parts: list[Computed]) -> list[Computed]:
        """The arguments of unknown types read as what they stand beside, where the function takes values as they are;
        what cannot be read so is counted among the warnings."""
        if function.takes is Takes.ONE or not function.alike:
            return parts
        places = function.alike(len(parts))
        beside = next((parts[place].type for place in places if parts[place].type in READ), None)
        wanted = {place: beside if place in places else Type.BOOLEAN for place in range(len(parts))}
        return [
            read_as(part, READ[kind], self._written(argument), kind)
            if part.type is Type.UNKNOWN and (kind := wanted[place])
            else part
            for place, (argument, part) in enumerate(zip(node.arguments, parts, strict=True))
        ]

    def _read_literals(self, function: Function, parts: list[Computed]) -> list[Computed]:
        """The arguments with a text literal read as a date or another type, where the function takes no text there."""
        for _ in parts:
            try:
                function.result([part.type for part in parts])
            except TypeProblem as problem:
                number = problem.argument
                read = None if number is None else _read_literal(function, parts, number)
                if number is None or read is None:
                    return parts
                parts = [*parts[:number], read, *parts[number + 1 :]]
            else:
                return parts
        return parts

    def _check_count(self, node: Call, function: Function) -> None:
        given = len(node.arguments)
        if given < function.least or (function.most is not None and given > function.most):
            self.refuse(node, f"{node.name}() takes {arguments(function.least, function.most)}, and is given {given}")

    def _unknown_function(self, node: Call) -> NoReturn:
        if node.name in AGGREGATES:
            self.refuse(node, f"{node.name}() gathers rows, so it can only stand in STATS")
        close = get_close_matches(node.name, [*SCALAR, *AGGREGATES, "now"], 1, 0.6)
        self.refuse(node, f"Unknown function [{node.name[:80]}]", f"Did you mean {close[0]}?" if close else None)

    def checked(self, node: Expression, arguments: Sequence[Node], make: Callable[[], T]) -> T:
        """What `make` answers.

        Raises: LanguageError instead of TypeProblem, at the argument that is wrong.
        """
        try:
            return make()
        except TypeProblem as problem:
            number = problem.argument
            wrong = node if number is None or number >= len(arguments) else arguments[number]
            raise error_at(self.text, wrong.place, problem.message) from problem


def _unseen(page: Page, run: Run) -> Column:  # noqa: ARG001 - one shape for all columns
    return []


_UNSEEN = Computed(Operand(Type.NULL), _unseen)


def _casting(target: Type, source: Type) -> ColumnWork:
    return lambda columns, _: [converted(value, target, source) for value in columns[0]]


def _read_literal(function: Function, parts: Sequence[Computed], number: int) -> Computed | None:
    """The text literal at a place as the first type that the function takes there."""
    value = parts[number].operand.constant if number < len(parts) else None
    if not isinstance(value, str):
        return None
    for kind in _READ_AS:
        if kind is Type.BOOLEAN and truth_of(value) is None:
            return None  # converted it would be false, and whatever was meant by it never holds
        types = [part.type for part in parts]
        types[number] = kind
        if not _refuses(function, types, number) and (read := CONVERSIONS[kind](value)) is not None:
            return constant(read, kind)
    return None


def _refuses(function: Function, types: Sequence[Type], number: int) -> bool:
    try:
        function.result(types)
    except TypeProblem as problem:
        return problem.argument in (None, number)
    return False


def literal_type(value: object) -> Type:
    """The type of a literal; of a list, that of its elements."""
    if isinstance(value, tuple):
        kinds = [literal_type(one) for one in value]
        numbers = [kind for kind in (Type.DOUBLE, Type.UNSIGNED_LONG, Type.LONG, Type.INTEGER) if kind in kinds]
        return numbers[0] if numbers else kinds[0] if kinds else Type.NULL
    if value is None:
        return Type.NULL
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int):
        if value in _INTEGERS:
            return Type.INTEGER
        return Type.LONG if value in _LONGS else Type.UNSIGNED_LONG if value in _UNSIGNED_LONGS else Type.DOUBLE
    return Type.DOUBLE if isinstance(value, float) else Type.KEYWORD


def plain_value(value: int | float | str | bool | tuple[int | float | str | bool, ...] | None) -> Value:
    """A literal as a value of a column: a list of one is that one, and whole numbers beyond 64 bits are doubles."""
    if isinstance(value, tuple):
        several = tuple(float(one) if literal_type(value) is Type.DOUBLE else one for one in value)
        return several if len(several) > 1 else several[0] if several else None
    if isinstance(value, int) and literal_type(value) is Type.DOUBLE:
        return float(value)
    return value
