"""Of which events a condition may be true, or false: trees that let in all of them, and as few others as they can.

Truth has three values. A row stays when its condition is true, so `not x` asks of which events x may be false, and
null takes part in neither. What cannot be asked of the event alone lets in whatever may have a value there at all.
"""

from collections.abc import Callable, Sequence

from engine.languages.esql.nodes import (
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
)
from engine.patterns import escape
from engine.pipelines.comparing import MIRRORED
from engine.pipelines.fulltext import FULLTEXT, fulltext_tree, on_fields
from engine.pipelines.leading import leaves
from engine.pipelines.leading.leaves import Constant, Source
from engine.pipelines.leading.operands import Base, Case, Fixed, Made, as_address
from engine.pipelines.leading.presence import Presence, Steps
from engine.pipelines.leading.scope import Field, Scope, Worked
from engine.pipelines.types import Multivalue
from engine.tree import Leaf, MatchAll, MatchNone, Not, Op, Tree, all_of, any_of, merged_or, negated

_MERGED = frozenset({Op.IS, Op.WILDCARD, Op.REGEX, Op.CIDR})
_TEXT_TESTS: dict[str, Callable[[str], str]] = {
    "starts_with": lambda text: escape(text) + "*",
    "ends_with": lambda text: "*" + escape(text),
    "contains": lambda text: "*" + escape(text) + "*",
}


class Conditions:
    """The conditions of one query. `text` is the query, for what is asked in another language inside it."""

    def __init__(self, text: str, multivalue: Multivalue) -> None:
        self.text = text
        self.any_match = multivalue is Multivalue.ANY
        self.steps = Steps()
        self.presence = Presence(self.true, self.steps)
        self.reader = self.presence.reader

    def true(self, node: Expression, scope: Scope) -> Tree:
        """Lets in every event that the condition may be true of. Raises: TooMuchError."""
        return self._may(node, scope, True)

    def false(self, node: Expression, scope: Scope) -> Tree:
        """Lets in every event that the condition may be false of. Raises: TooMuchError."""
        return self._may(node, scope, False)

    def _may(self, node: Expression, scope: Scope, wanted: bool) -> Tree:
        self.steps.count()
        match node:
            case Junction(word, operands):
                some = [self._may(operand, scope, wanted) for operand in operands]
                return all_of(*some) if (word == "and") is wanted else merged_or(some, _MERGED)
            case Negation(operand):
                return self._may(operand, scope, not wanted)
            case Comparison(sign, left, right):
                return self._compared(sign, left, right, scope, wanted)
            case Membership(operand, items):
                return self._among(operand, items, scope, wanted)
            case Like(operand, patterns, regex):
                return self._like(operand, patterns, regex, scope, wanted)
            case NullTest(operand, negated_):
                return (self.presence.present if negated_ is wanted else self.presence.null)(operand, scope)
            case Match():
                return self._fulltext(node, scope, wanted)
            case Call():
                return self._called(node, scope, wanted)
            case Cast(operand, type) if type in ("bool", "boolean"):
                return self.presence.present(operand, scope)
        return self._truth(node, scope, wanted)

    def _fulltext(self, node: Call | Match, scope: Scope, wanted: bool) -> Tree:
        asked = on_fields(node, scope.field)
        if asked is None:
            return MatchAll()
        tree = fulltext_tree(self.text, asked)
        return tree if wanted else negated(tree)

    def _called(self, node: Call, scope: Scope, wanted: bool) -> Tree:
        name, arguments = node.name, node.arguments
        if name in FULLTEXT:
            return self._fulltext(node, scope, wanted)
        if name in _TEXT_TESTS and len(arguments) == 2 and (constants := self._constants(arguments[1:], scope)):
            patterns = [_TEXT_TESTS[name](text) for text in constants if isinstance(text, str)]
            return (
                self._over(arguments[0], scope, lambda source: _liked(source, patterns, wanted))
                if patterns
                else (self.presence.present(node, scope))
            )
        if name == "cidr_match" and arguments:
            return self._network(node, scope, wanted)
        if name == "mv_contains" and len(arguments) == 2:
            return self._contained(arguments[0], arguments[1], scope, wanted)
        if name in ("case", "coalesce"):
            return self._truth(node, scope, wanted)
        return self.presence.present(node, scope)

    def _network(self, node: Call, scope: Scope, wanted: bool) -> Tree:
        asked, *others = node.arguments
        texts = [one for one in self._constants(others, scope) or () if isinstance(one, str)]
        if len(texts) < len(others):
            return self.presence.present(node, scope)
        judge = leaves.within if wanted else leaves.outside
        cases = self.reader.cases(asked, scope)
        if isinstance(asked, Call) and asked.name == "to_ip" and len(asked.arguments) == 1:
            cases = [as_address(case) for case in self.reader.cases(asked.arguments[0], scope)]
        return _joined([(case, self._of_base(case, lambda source: judge(source, texts))) for case in cases])

    def _contained(self, whole: Expression, part: Expression, scope: Scope, wanted: bool) -> Tree:
        """`mv_contains(a, "x")` is false, not null, where a is null."""
        constants = self._constants((part,), scope)
        if isinstance(part, Literal) and isinstance(part.value, tuple):
            constants = list(part.value)
        cases = self.reader.cases(whole, scope)
        if not constants or len(cases) != 1 or not isinstance(cases[0].base, Source):
            return MatchAll()
        source = cases[0].base
        if wanted:
            return all_of(*(leaves.holds(source, "==", [constant]) for constant in constants))
        surely = source.exact and source.case is None and source.is_text
        if not surely or not all(isinstance(constant, str) for constant in constants):
            return MatchAll()
        return any_of(*(Not(leaves.like(source, [escape(str(constant))])) for constant in constants))

    def _compared(self, sign: str, left: Expression, right: Expression, scope: Scope, wanted: bool) -> Tree:
        if isinstance(right, Literal) and isinstance(right.value, bool) and self._is_condition(left, scope):
            return self._may(left, scope, wanted is (right.value is (sign == "==")))
        lefts, rights = self.reader.cases(left, scope), self.reader.cases(right, scope)
        if len(lefts) * len(rights) > 4 * len(lefts + rights):
            return all_of(self.presence.present(left, scope), self.presence.present(right, scope))
        return _joined(
            [
                (Case(all_of(one.guard, other.guard), one.base), self._pair(sign, one.base, other.base, wanted))
                for one in lefts
                for other in rights
            ]
        )

    def _is_condition(self, node: Expression, scope: Scope) -> bool:
        """Whether an operand is a condition, which may be asked itself in place of `== true`."""
        meaning = scope.meaning(node.name) if isinstance(node, Name) else None
        if isinstance(meaning, Worked):
            return not meaning.one and self._is_condition(meaning.expression, meaning.scope)
        return isinstance(node, Comparison | Junction | Negation | Like | Membership | NullTest | Match)

    def _pair(self, sign: str, left: Base, right: Base, wanted: bool) -> Tree:
        self.steps.count()
        if isinstance(left, Fixed) and not isinstance(right, Fixed):
            return self._pair(MIRRORED[sign], right, left, wanted)
        if isinstance(left, Source) and isinstance(right, Fixed) and right.value is not None:
            if wanted:
                return leaves.holds(left, sign, [right.value], self.any_match)
            return leaves.fails(left, sign, [right.value])
        if isinstance(left, Fixed) and isinstance(right, Fixed):
            return _known(sign, left.value, right.value, wanted)
        return all_of(_there(left), _there(right))

    def _among(self, operand: Expression, items: Sequence[Expression], scope: Scope, wanted: bool) -> Tree:
        constants = self._constants(items, scope)
        if constants is None:
            comparisons = [self._compared("==", operand, item, scope, wanted) for item in items]
            return merged_or(comparisons, _MERGED) if wanted else all_of(*comparisons)
        judge = leaves.holds if wanted else leaves.fails

        def of(case: Case) -> Tree:
            if isinstance(case.base, Fixed):
                value = case.base.value
                return any_of(*(_known("==", value, item, True) for item in constants)) if wanted else MatchAll()
            return self._of_base(case, lambda source: judge(source, "==", constants) if constants else MatchNone())

        return _joined([(case, of(case)) for case in self.reader.cases(operand, scope)])

    def _like(self, operand: Expression, patterns: Sequence[str], regex: bool, scope: Scope, wanted: bool) -> Tree:
        if not regex:
            return self._over(operand, scope, lambda source: _liked(source, patterns, wanted))
        judge = leaves.regex if wanted else leaves.not_regex
        return self._over(operand, scope, lambda source: judge(source, patterns))

    def _over(self, operand: Expression, scope: Scope, judge: Callable[[Source], Tree]) -> Tree:
        cases = self.reader.cases(operand, scope)
        return _joined([(case, self._of_base(case, judge)) for case in cases])

    def _of_base(self, case: Case, judge: Callable[[Source], Tree]) -> Tree:
        self.steps.count()
        return judge(case.base) if isinstance(case.base, Source) else _there(case.base)

    def _truth(self, node: Expression, scope: Scope, wanted: bool) -> Tree:
        """A column or a choice that is true or false by itself."""
        match node:
            case Literal(bool(value)):
                return MatchAll() if value is wanted else MatchNone()
            case Literal(None):
                return MatchNone()
            case Name(name):
                return self._named_truth(node, name, scope, wanted)
            case Call("case", arguments):
                return self._case_truth(arguments, scope, wanted)
            case Call("coalesce", arguments):
                return any_of(*(self._may(argument, scope, wanted) for argument in arguments))
        return self.presence.present(node, scope)

    def _named_truth(self, node: Expression, name: str, scope: Scope, wanted: bool) -> Tree:
        match scope.meaning(name):
            case Field(field):
                return Leaf(field, Op.IS, (wanted,))
            case Worked(expression, inner, False):
                return self._may(expression, inner, wanted)
        return self.presence.present(node, scope)

    def _case_truth(self, arguments: Sequence[Expression], scope: Scope, wanted: bool) -> Tree:
        pairs = zip(arguments[::2], arguments[1::2], strict=False)
        found = [all_of(self.true(when, scope), self._may(then, scope, wanted)) for when, then in pairs]
        if len(arguments) % 2:
            found.append(self._may(arguments[-1], scope, wanted))
        return any_of(*found)

    def _constants(self, nodes: Sequence[Expression], scope: Scope) -> list[Constant] | None:
        """The constants that these are, without null; None when one of them is none."""
        found: list[Constant] = []
        for node in nodes:
            cases = self.reader.cases(node, scope)
            if len(cases) != 1 or not isinstance(cases[0].base, Fixed) or cases[0].guard != MatchAll():
                return None
            if cases[0].base.value is not None:
                found.append(cases[0].base.value)
        return found


def _joined(asked: Sequence[tuple[Case, Tree]]) -> Tree:
    return merged_or([all_of(case.guard, tree) for case, tree in asked], _MERGED)


def _liked(source: Source, patterns: Sequence[str], wanted: bool) -> Tree:
    return leaves.like(source, patterns) if wanted else leaves.unlike(source, patterns)


def _there(base: Base) -> Tree:
    """It may be other than null."""
    match base:
        case Source():
            return leaves.exists(base)
        case Made(present):
            return present
        case Fixed(value):
            return MatchNone() if value is None else MatchAll()


def _known(sign: str, left: Constant | None, right: Constant | None, wanted: bool) -> Tree:
    """What two constants make; those of different types may be converted, and are left to the pipeline."""
    if left is None or right is None:
        return MatchNone()
    if type(left) is not type(right) or sign not in ("==", "!="):
        return MatchAll()
    return MatchAll() if ((left == right) is (sign == "==")) is wanted else MatchNone()
