"""Of which events an operand of a condition may be null, or other than null."""

from collections.abc import Callable, Sequence

from engine.fields import FieldType, field_type
from engine.languages.esql.nodes import (
    Arithmetic,
    Call,
    Cast,
    Comparison,
    Expression,
    Junction,
    Like,
    Literal,
    Match,
    Membership,
    Name,
    Negation,
    NullTest,
    Sign,
    Timespan,
)
from engine.pipelines.fulltext import FULLTEXT
from engine.pipelines.functions import SCALAR, Takes
from engine.pipelines.leading import leaves
from engine.pipelines.leading.leaves import Source
from engine.pipelines.leading.operands import ELEMENTS, Base, Case, Fixed, Reader
from engine.pipelines.leading.scope import Field, Scope, Taken, Worked
from engine.tree import MatchAll, MatchNone, Tree, all_of, any_of

MAX_STEPS = 4_000
"""How many conditions and operands are looked at for one query; columns worked out of columns multiply."""
_OF_FIRST = ELEMENTS | {
    *("mv_concat", "mv_count", "mv_sum", "mv_avg", "mv_median"),
    *("to_string", "to_str", "to_lower", "to_upper", "to_ip", "to_long", "to_integer", "to_double"),
    *("to_datetime", "to_version"),
}
"""Functions of values as they are that answer null when their first argument is null."""


class TooMuchError(Exception):
    """The condition is too large to be asked ahead."""


class Steps:
    """How many conditions and operands were looked at."""

    def __init__(self) -> None:
        self._taken = 0

    def begin(self) -> None:
        """Another condition, for which none was taken yet."""
        self._taken = 0

    def count(self) -> None:
        """One more. Raises: TooMuchError."""
        self._taken += 1
        if self._taken > MAX_STEPS:
            raise TooMuchError


class Presence:
    """Whether the operands of one query may be there. `true` tells of which events a condition may be true."""

    def __init__(self, true: Callable[[Expression, Scope], Tree], steps: Steps) -> None:
        self._true = true
        self._steps = steps
        self.reader = Reader(true, self.present)

    def null(self, node: Expression, scope: Scope) -> Tree:
        """Lets in every event that the operand may be null of."""
        self._steps.count()
        match node:
            case Name(name):
                meaning = scope.meaning(name)
                if isinstance(meaning, Field):
                    return leaves.is_null(Source(meaning.name)) or MatchAll()
                if isinstance(meaning, Worked) and not meaning.one:
                    return self.null(meaning.expression, meaning.scope)
            case Call("coalesce", arguments):
                return self._none_there(arguments, scope)
            case Literal(value) if value is not None:
                return MatchNone()
        return MatchAll()

    def _none_there(self, arguments: Sequence[Expression], scope: Scope) -> Tree:
        """COALESCE is null. A value that no table knows is null too where it cannot be read as what the others are."""
        cases = [self.reader.cases(argument, scope) for argument in arguments]
        texts = all(_is_text(case.base) for each in cases for case in each)
        asked = zip(arguments, cases, strict=True)
        return all_of(*(self.null(one, scope) for one, each in asked if texts or not any(map(_may_be_unread, each))))

    def present(self, node: Expression, scope: Scope) -> Tree:
        """Lets in every event that the operand may be other than null of."""
        self._steps.count()
        match node:
            case Literal(value):
                return MatchNone() if value is None else MatchAll()
            case Name(name):
                return self._named_present(name, scope)
            case Call("case", arguments):
                return self._case_present(arguments, scope)
            case Call("coalesce", arguments):
                return any_of(*(self.present(argument, scope) for argument in arguments))
            case Call(name, arguments):
                return self._call_present(name, arguments, scope)
            case Arithmetic(_, left, right) | Comparison(_, left, right):
                return all_of(self.present(left, scope), self.present(right, scope))
            case Sign(_, operand) | Cast(operand) | Like(operand) | Membership(operand) | Negation(operand):
                return self.present(operand, scope)
            case Timespan() | Junction() | NullTest() | Match():
                return MatchAll()
        return MatchAll()

    def _named_present(self, name: str, scope: Scope) -> Tree:
        match scope.meaning(name):
            case Field(field):
                return leaves.exists(Source(field))
            case Worked(expression, inner) | Taken(Worked(expression, inner)):
                return self.present(expression, inner)
        return MatchAll()

    def _call_present(self, name: str, arguments: Sequence[Expression], scope: Scope) -> Tree:
        function = SCALAR.get(name)
        if name in FULLTEXT or function is None:
            return MatchAll()
        if function.takes is Takes.ONE:
            return all_of(*(self.present(argument, scope) for argument in arguments))
        return self.present(arguments[0], scope) if name in _OF_FIRST and arguments else MatchAll()

    def _case_present(self, arguments: Sequence[Expression], scope: Scope) -> Tree:
        pairs = zip(arguments[::2], arguments[1::2], strict=False)
        found = [all_of(self._true(when, scope), self.present(then, scope)) for when, then in pairs]
        if len(arguments) % 2:
            found.append(self.present(arguments[-1], scope))
        return any_of(*found)


def _is_text(base: Base) -> bool:
    return base.is_text if isinstance(base, Source) else isinstance(base, Fixed) and isinstance(base.value, str | None)


def _may_be_unread(case: Case) -> bool:
    return isinstance(case.base, Source) and field_type(case.base.field) is FieldType.UNKNOWN
