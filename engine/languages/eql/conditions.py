"""Conditions of EQL as trees.

What asks one field about literals becomes a leaf, so that it is shared with other rules and judged fast; what needs a
function, arithmetic or two fields becomes a formula. Both are two-valued where they meet: `!=` and `not` are true of
an event that lacks the field.
Source: Elasticsearch's EQL syntax reference and query translator.
"""

from dataclasses import replace

from engine.comparisons import range_problem
from engine.fields import NUMBER_TYPES, TEXT_TYPES, FieldType, field_type
from engine.languages.eql.nodes import (
    Comparison,
    Expression,
    Field,
    Function,
    Junction,
    Literal,
    Membership,
    Negation,
)
from engine.languages.eql.signatures import Sort
from engine.languages.eql.values import TURNED, ValueCompiler, optional_pair
from engine.patterns import escape
from engine.tree import (
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Op,
    Operand,
    Scalar,
    Tree,
    all_of,
    any_of,
    merged_or,
    negated,
    text_of,
)

_RANGES = {"<": Op.LT, "<=": Op.LTE, ">": Op.GT, ">=": Op.GTE}
_AFFIXES = {"startswith": "{}*", "endswith": "*{}", "stringcontains": "*{}*"}
_CASELESS = NUMBER_TYPES | {FieldType.IP, FieldType.BOOLEAN, FieldType.DATE}
_MERGED = frozenset({Op.IS, Op.WILDCARD, Op.CIDR})


class ConditionCompiler(ValueCompiler):
    """Turns conditions into trees."""

    def condition(self, node: Expression) -> Tree:
        """The tree of a condition.

        Raises: LanguageError when it is none, or compares what does not compare.
        """
        match node:
            case Field(name):
                return _leaf(name, Op.IS, (True,))
            case Negation(operand):
                return self._negation(operand)
            case Junction("and", operands):
                return all_of(*(self.condition(operand) for operand in operands))
            case Junction(_, operands):
                return merged_or([self.condition(operand) for operand in operands], _MERGED)
            case Comparison():
                return self._comparison(node)
            case Membership():
                tree = self._membership(node)
                return negated(tree) if node.negated else tree
            case Function():
                return self._call(node)
        return self._constant(node, self.truth(node))

    def _constant(self, node: Expression, operand: Operand) -> Tree:
        """A condition that is the same for every event; null is not true."""
        if isinstance(operand, Constant):
            return MatchAll() if operand.value is True else MatchNone()
        raise self.not_a_condition(node)

    def _negation(self, node: Expression) -> Tree:
        """`not`; of a condition that is always null it is never true."""
        if isinstance(node, Literal) and node.value is None:
            return MatchNone()
        return negated(self.condition(node))

    def _comparison(self, node: Comparison) -> Tree:
        if same := optional_pair(node):
            return Formula(same) if node.sign == "==" else negated(Formula(same))
        operand = self.comparison(node)
        if isinstance(operand, Constant):
            return self._constant(node, operand)
        if settled := self._of_truth(node):
            return settled
        left, right, sign = self._sides(node)
        if right.value is None:
            return self._null_check(left, sign)
        if isinstance(left, FieldValue):
            return self._field_comparison(node, left.field, sign, right.value)
        return _formula(operand)

    def _sides(self, node: Comparison) -> tuple[Operand, Constant, str]:
        """The side that depends on the event, the constant, and the sign between them in this order."""
        left, right = self.operand(node.left), self.operand(node.right)
        if isinstance(left, Constant):
            return right, left, TURNED[node.sign]
        return left, right if isinstance(right, Constant) else Constant(None), node.sign

    def _of_truth(self, node: Comparison) -> Tree | None:
        """`condition == true` and the like is the condition or its negation; None for any other comparison."""
        sides = (node.left, node.right) if isinstance(node.right, Literal) else (node.right, node.left)
        inner, literal = sides
        if not (isinstance(literal, Literal) and isinstance(literal.value, bool) and node.sign in ("==", "!=")):
            return None
        if isinstance(inner, Field) or self.sort(inner) is not Sort.TRUTH:
            return None
        tree = self.condition(inner)
        return tree if literal.value is (node.sign == "==") else negated(tree)

    def _null_check(self, left: Operand, sign: str) -> Tree:
        """`== null` asks for absence, `!= null` for presence; null is neither more nor less than anything."""
        if sign not in ("==", "!="):
            return MatchNone()
        exists: Tree
        if isinstance(left, FieldValue):
            exists = Leaf(left.field, Op.EXISTS)
        else:
            exists = negated(Formula(Call("isnull", (left,))))
        return exists if sign == "!=" else negated(exists)

    def _field_comparison(self, node: Comparison, field: str, sign: str, value: Scalar) -> Tree:
        if sign in ("==", "!="):
            leaf = _leaf(field, Op.IS, (value,))
            return leaf if sign == "==" else negated(leaf)
        problem = range_problem(text_of(value), field_type(field))
        if problem or isinstance(value, bool):
            raise self.error(node.place, problem or "true and false are neither more nor less than anything")
        return _leaf(field, _RANGES[sign], (value,))

    def _membership(self, node: Membership) -> Tree:
        """The question of a membership, without its `not`."""
        operand = self.membership(replace(node, negated=False))
        if isinstance(operand, Constant):
            return self._constant(node, operand)
        if not isinstance(node.operand, Field):
            return _formula(operand)
        fold = node.word.endswith("~") or node.word == ":"
        values = self.values(node)
        op = Op.REGEX if node.word.startswith("regex") else Op.IS
        leaves: list[Tree] = []
        if values.plain:
            leaves.append(_leaf(node.operand.name, op, values.plain, fold))
        if values.patterns:
            leaves.append(_leaf(node.operand.name, Op.WILDCARD, values.patterns, fold))
        return any_of(*leaves)

    def _call(self, node: Function) -> Tree:
        operand = self.operand(node)
        if self.sort(node) is not Sort.TRUTH:
            raise self.not_a_condition(node)
        if isinstance(operand, Constant):
            return self._constant(node, operand)
        return _leaf_of_call(operand) or _formula(operand)


def _leaf_of_call(operand: Operand) -> Tree | None:
    """The leaf that a call about one field and literals amounts to; None when it takes a formula."""
    match operand:
        case Call("cidrmatch", (FieldValue(field), *rest)):
            networks = [argument.value for argument in rest if isinstance(argument, Constant)]
            texts = tuple(network for network in networks if isinstance(network, str))
            return _leaf(field, Op.CIDR, texts) if len(texts) == len(networks) else MatchNone()
        case Call(name, (FieldValue(field), Constant(str(text))), fold) if name in _AFFIXES and text:
            return _leaf(field, Op.WILDCARD, (_AFFIXES[name].format(escape(text)),), fold)
    return None


def _formula(operand: Operand) -> Tree:
    return Formula(operand if isinstance(operand, Call) else Call("or", (operand,)))


def _leaf(field: str, op: Op, values: tuple[Scalar, ...], fold: bool = False) -> Leaf:
    """A question of EQL. Only on tokenised text it makes a difference that EQL compares whole values, and none on
    numbers and the like whether case counts; so only there the leaf says so: elsewhere it is the same leaf that KQL
    makes, and is judged once for both."""
    kind = field_type(field)
    fold = fold and not (op is Op.IS and kind in _CASELESS)
    return Leaf(field, op, values, fold, whole=kind in TEXT_TYPES)
