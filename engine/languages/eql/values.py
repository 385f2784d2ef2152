"""Expressions of EQL as operands of formulas, checked and with everything constant worked out.

Kinds are checked before anything is worked out, so an error stands where the mistake is.
"""

import difflib
from dataclasses import dataclass

from engine.errors import LanguageError, PatternError
from engine.formulas import constant_value
from engine.languages.eql.nodes import (
    Arithmetic,
    Comparison,
    Expression,
    Field,
    Function,
    Junction,
    Literal,
    Membership,
    Negation,
    Place,
)
from engine.languages.eql.signatures import REPLACED, SIGNATURES, Signature, Sort, sort_of
from engine.lucene_regex import RegexError, regex_test
from engine.patterns import MAX_PATTERN_LENGTH, parse_pattern, pattern_test
from engine.scalars import address_of, network_of
from engine.tree import Call, Constant, FieldValue, Operand, Scalar

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_MEANT_A_NAME = "A field name with `+ - * / %` in it stands in backticks."
COMPARED = {"==": "eq", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Values:
    """The values on the right of a membership, apart: what is compared exactly, and what by pattern."""

    plain: tuple[Scalar, ...]
    patterns: tuple[str, ...] = ()


class ValueCompiler:
    """Turns expressions into operands. `source` is the query, for errors."""

    def __init__(self, source: str) -> None:
        self.source = source

    def error(self, place: Place, message: str, hint: str | None = None) -> LanguageError:
        """The error at this place."""
        return LanguageError.at(self.source, place.start, place.width, message, hint)

    def operand(self, node: Expression) -> Operand:
        """The expression as an operand; a constant when it names no field."""
        match node:
            case Literal(value):
                return Constant(value)
            case Field(name):
                return FieldValue(name)
            case Function():
                return self._function(node)
            case Arithmetic(sign, operands):
                name = "negate" if len(operands) == 1 else _ARITHMETIC[sign]
                return _folded(Call(name, tuple(self._number(operand) for operand in operands)))
            case Comparison():
                return self.comparison(node)
            case Membership():
                return self.membership(node)
            case Junction(word, operands):
                return _folded(Call(word, tuple(self.truth(operand) for operand in operands)))
            case Negation(operand):
                return _folded(Call("not", (self.truth(operand),)))

    def truth(self, node: Expression) -> Operand:
        """The operand of a condition.

        Raises: LanguageError when it is none.
        """
        if self.sort(node) not in (Sort.TRUTH, Sort.ANY):
            raise self.not_a_condition(node)
        return self.operand(node)

    def not_a_condition(self, node: Expression) -> LanguageError:
        """The error for a value where a condition has to stand."""
        of_truths = isinstance(node, Arithmetic) and Sort.TRUTH in map(self.sort, node.operands)
        hint = _MEANT_A_NAME if of_truths else "Compare it with something."
        return self.error(node.place, f"this is {self.sort(node).value}, not a condition", hint)

    def sort(self, node: Expression) -> Sort:
        """The kind of value that an expression has."""
        match node:
            case Literal(value):
                return sort_of(value)
            case Field():
                return Sort.ANY
            case Function():
                return self.signature(node).answers
            case Arithmetic():
                return Sort.NUMBER
        return Sort.TRUTH

    def signature(self, node: Function) -> Signature:
        """The function that a call means.

        Raises: LanguageError for an unknown one.
        """
        found = SIGNATURES.get(node.name.lower())
        if found is None:
            raise self._unknown(node)
        return found

    def _unknown(self, node: Function) -> LanguageError:
        place = Place(node.place.start, node.place.start + len(node.name) + node.fold)
        near = difflib.get_close_matches(node.name[:60].lower(), SIGNATURES, 1)
        hint = REPLACED.get(node.name.lower()) or (f"Did you mean `{SIGNATURES[near[0]].spelled}`?" if near else None)
        return self.error(place, f"there is no function `{node.name[:60]}`", hint)

    def _number(self, node: Expression) -> Operand:
        if self.sort(node) not in (Sort.NUMBER, Sort.ANY):
            message = f"this is {self.sort(node).value}; arithmetic needs a number"
            raise self.error(node.place, message, _MEANT_A_NAME)
        return self.operand(node)

    def _function(self, node: Function) -> Operand:
        signature = self.signature(node)
        self._check_count(node, signature)
        if node.fold and not signature.tilde:
            raise self.error(node.place, f"`{signature.spelled}` has no form with `~`", "Leave the `~` out.")
        arguments = tuple(self._argument(node, signature, place) for place in range(len(node.arguments)))
        if signature.spelled == "cidrMatch":
            self._check_networks(node, arguments)
        return _folded(Call(signature.spelled.lower(), arguments, node.fold))

    def _check_count(self, node: Function, signature: Signature) -> None:
        given = len(node.arguments)
        if given < signature.least or (signature.most is not None and given > signature.most):
            message = f"`{signature.spelled}` takes {signature.count}, not {given}"
            raise self.error(node.place, message)

    def _argument(self, node: Function, signature: Signature, place: int) -> Operand:
        argument = node.arguments[place]
        wanted, given = signature.argument(place), self.sort(argument)
        if Sort.ANY not in (wanted, given) and wanted is not given:
            message = f"argument {place + 1} of `{signature.spelled}` must be {wanted.value}, not {given.value}"
            raise self.error(argument.place, message)
        return self.operand(argument)

    def _check_networks(self, node: Function, arguments: tuple[Operand, ...]) -> None:
        for argument, operand in zip(node.arguments[1:], arguments[1:], strict=True):
            if not isinstance(operand, Constant):
                raise self.error(argument.place, "a network must be a literal", 'Such as `"10.0.0.0/8"`.')
            text = operand.value
            if isinstance(text, str) and network_of(text) is None and address_of(text) is None:
                raise self.error(argument.place, "this is not a network", 'Such as `"10.0.0.0/8"` or `"fe80::/10"`.')

    def comparison(self, node: Comparison) -> Operand:
        """A comparison as a call, its constant on the right.

        Raises: LanguageError when both sides depend on the event, but for `?a == b`.
        """
        if same := optional_pair(node):
            return same if node.sign == "==" else Call("not", (same,))
        left, right = self.operand(node.left), self.operand(node.right)
        sign = node.sign
        if isinstance(left, Constant) and not isinstance(right, Constant):
            left, right, sign = right, left, TURNED[sign]
        self._check_arithmetic(node)
        if not isinstance(right, Constant):
            hint = "Relate two fields by a function, such as `startsWith(host.name, user.name)`."
            raise self.error(node.right.place, "two fields cannot be compared with each other", hint)
        if right.value is None and sign in ("==", "!="):
            missing = _folded(Call("isnull", (left,)))
            return missing if sign == "==" else _folded(Call("not", (missing,)))
        return _folded(Call(COMPARED[sign], (left, right)))

    def _check_arithmetic(self, node: Comparison) -> None:
        """A sum is never a string; who compares the two meant a field with such a character in its name."""
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, Arithmetic) and self.sort(other) in (Sort.TEXT, Sort.TRUTH):
                message = f"this is a number, and never {self.sort(other).value}"
                raise self.error(one.place, message, _MEANT_A_NAME)

    def membership(self, node: Membership) -> Operand:
        """A membership as a call."""
        operand = self.operand(node.operand)
        fold = node.word.endswith("~") or node.word == ":"
        values = self.values(node)
        calls: list[Operand] = []
        if node.word.startswith("regex"):
            calls.append(_folded(Call("regex", (operand, *map(Constant, values.plain)), fold)))
        elif values.plain or not values.patterns:
            calls.append(_folded(Call("in", (operand, *map(Constant, values.plain)), fold)))
        if values.patterns:
            calls.append(_folded(Call("like", (operand, *map(Constant, values.patterns)), fold)))
        call = calls[0] if len(calls) == 1 else _folded(Call("or", tuple(calls)))
        return _folded(Call("not", (call,))) if node.negated else call

    def values(self, node: Membership) -> Values:
        """The right side of a membership: constants only, null left out, patterns in our notation."""
        plain: list[Scalar] = []
        patterns: list[str] = []
        for value in node.values:
            scalar = self._value(node, value)
            if scalar is None:
                continue
            if isinstance(scalar, str) and node.word in (":", "like", "like~") and ("*" in scalar or "?" in scalar):
                patterns.append(self._pattern(value, scalar))
            else:
                plain.append(scalar)
        return Values(tuple(dict.fromkeys(plain)) if _alike(plain) else tuple(plain), tuple(dict.fromkeys(patterns)))

    def _value(self, node: Membership, value: Expression) -> Scalar | None:
        operand = self.operand(value)
        if not isinstance(operand, Constant):
            hint = "Relate two fields by a function, such as `startsWith(host.name, user.name)`."
            raise self.error(value.place, f"`{node.word}` needs literal values, not a field", hint)
        if node.word not in (":", "in", "in~") and not isinstance(operand.value, str):
            raise self.error(value.place, f"`{node.word}` needs a string")
        if node.word.startswith("regex") and isinstance(operand.value, str):
            self._check_regex(value, operand.value, node.word.endswith("~"))
        return operand.value

    def _pattern(self, value: Expression, text: str) -> str:
        """A pattern of EQL knows `*` and `?` and no escapes."""
        if len(text) > MAX_PATTERN_LENGTH // 2:
            raise self.error(value.place, f"a pattern may have at most {MAX_PATTERN_LENGTH // 2:,} characters")
        pattern = text.replace("\\", "\\\\")
        try:
            pattern_test(parse_pattern(pattern))
        except PatternError as error:
            raise self.error(value.place, str(error)) from error
        return pattern

    def _check_regex(self, value: Expression, text: str, fold: bool) -> None:
        try:
            regex_test(text, fold)
        except RegexError as error:
            place = self._inside(value.place, text, error.at)
            raise self.error(place, f"in this expression: {error.message}") from error

    def _inside(self, place: Place, text: str, at: int) -> Place:
        """The place of a character of a string, where the string stands in the query as it is; else all of it."""
        for quote in ('"""', '"'):
            if self.source.startswith(f"{quote}{text}{quote}", place.start):
                start = place.start + len(quote) + at
                return Place(start, start + 1)
        return place


def optional_pair(node: Comparison) -> Call | None:
    """`?a == b` of two fields, one of them optional: they are the same, or the event has neither. Elasticsearch takes
    an optional field for null where no index knows it, and only then compares two fields."""
    match node:
        case Comparison("==" | "!=", Field(left, optional=first), Field(right, optional=second)) if first or second:
            one, other = FieldValue(left), FieldValue(right)
            neither = Call("and", (Call("isnull", (one,)), Call("isnull", (other,))))
            return Call("or", (neither, Call("eq", (one, other))))
    return None


def _alike(values: list[Scalar]) -> bool:
    """Whether all are of one type, so that equal ones are the same (1 and True are not)."""
    return len({type(value) for value in values}) <= 1


def _folded(call: Call) -> Operand:
    """The call, or what it always answers when all its arguments are constant."""
    if all(isinstance(argument, Constant) for argument in call.arguments):
        return Constant(constant_value(call))
    return call
