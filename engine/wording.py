"""Trees in words, for the page that says why a rule fired: `process.name is any of cat, bash`."""

from collections.abc import Callable, Sequence

from engine.fields import TEXT_TYPES, FieldType, field_type
from engine.patterns import Wild, parse_pattern
from engine.scalars import network_of
from engine.tree import (
    And,
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Nested,
    Not,
    Op,
    Operand,
    Or,
    Tree,
    text_of,
)

_MOST_VALUES = 30
_LONGEST_VALUE = 300


def in_words(tree: Tree) -> str:
    """The whole tree as one sentence, with brackets where they are needed."""
    match tree:
        case And(children):
            return " and ".join(_inside(child) for child in children)
        case Or(children):
            return " or ".join(_inside(child) for child in children)
        case Not(child):
            return _negation_in_words(child)
        case Nested(path, child):
            return f"one element of {path} has {_inside(child)}"
        case Leaf():
            return f"{field_in_words(tree)} {asked(tree)}"
        case Formula(call):
            return operand_in_words(call)
        case MatchAll():
            return "every event"
        case MatchNone():
            return "no event"


def _negation_in_words(child: Tree) -> str:
    match child:
        case Leaf():
            return f"{field_in_words(child)} {asked(child, negated=True)}"
        case Formula(Call("isnull", (operand,))):
            return f"{operand_in_words(operand)} has a value"
    return f"not {_inside(child)}"


def field_in_words(leaf: Leaf) -> str:
    """The field that a leaf asks; `any field` where the question has none."""
    if not leaf.wild_field:
        return leaf.field
    return "any field" if leaf.field == "*" else f"any field like {_pattern_in_words(leaf.field)}"


def asked(leaf: Leaf, negated: bool = False) -> str:
    """What a leaf wants of its field, without the field: `is any of cat, bash`, negated `is none of cat, bash`."""
    case = " (any case)" if leaf.fold and leaf.op is not Op.EXISTS else ""
    return _PHRASES[leaf.op](leaf, negated) + case


def operand_in_words(operand: Operand) -> str:
    """An operand of a formula, its signs written between their sides: `length(process.name) is more than 5`."""
    match operand:
        case FieldValue(field):
            return field
        case Constant(None):
            return "nothing"
        case Constant(value):
            return f'"{shortened(value, _LONGEST_VALUE)}"' if isinstance(value, str) else text_of(value or 0)
        case Call(name, arguments, fold):
            return _call_in_words(name, [_part_in_words(name, argument) for argument in arguments], fold)


def _call_in_words(name: str, parts: list[str], fold: bool) -> str:
    case = " (any case)" if fold else ""
    if name in _BETWEEN:
        return f"{parts[0]} {_BETWEEN[name]} {parts[1]}{case}"
    if name in ("and", "or"):
        return f" {name} ".join(parts)
    if name in _BEFORE:
        return f"{_BEFORE[name]}{parts[0]}"
    if name == "isnull":
        return f"{parts[0]} has no value"
    if name in _LISTED:
        return f"{parts[0]} {_LISTED[name]} {_listed(parts[1:])}{case}"
    return f"{_SPELLED.get(name, name)}{'~' if fold else ''}({', '.join(parts)})"


def _part_in_words(name: str, argument: Operand) -> str:
    """An argument, in brackets where it would run into its neighbours."""
    words = operand_in_words(argument)
    compound = isinstance(argument, Call) and argument.function not in _SPELLED.keys() | _PLAIN
    return f"({words})" if compound and name not in _SPELLED.keys() | _PLAIN else words


_BETWEEN = {
    "eq": "is",
    "neq": "is not",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "modulo": "%",
}
_BEFORE = {"not": "not ", "negate": "-"}
_LISTED = {"in": "is any of", "like": "matches", "regex": "matches the expression"}
_SPELLED = {
    "startswith": "startsWith",
    "endswith": "endsWith",
    "stringcontains": "stringContains",
    "indexof": "indexOf",
    "cidrmatch": "cidrMatch",
}
_PLAIN = frozenset({"between", "concat", "length", "number", "string", "substring"})


def _inside(tree: Tree) -> str:
    words = in_words(tree)
    return f"({words})" if isinstance(tree, And | Or | Formula) else words


def _exists(_leaf: Leaf, negated: bool) -> str:
    return "is missing" if negated else "is present"


def _equality(leaf: Leaf, negated: bool) -> str:
    if field_type(leaf.field) in TEXT_TYPES and not leaf.whole:
        return _words(leaf, negated)
    shown = _listed([text_of(value) for value in leaf.values])
    if len(leaf.values) > 1:
        return f"is none of {shown}" if negated else f"is any of {shown}"
    within = " in" if _is_network(leaf) else ""
    return f"is not{within} {shown}" if negated else f"is{within} {shown}"


def _words(leaf: Leaf, negated: bool) -> str:
    """Tokenised text is not equal to anything; it contains words."""
    shown = _listed([f'"{text_of(value)}"' for value in leaf.values])
    what = "the phrase" if leaf.op is Op.PHRASE else "a word of"
    return f"does not contain {what} {shown}" if negated else f"contains {what} {shown}"


def _pattern(leaf: Leaf, negated: bool) -> str:
    shown = _listed([_pattern_in_words(text_of(value)) for value in leaf.values])
    several = "any of " if len(leaf.values) > 1 else ""
    return f"does not match {several}{shown}" if negated else f"matches {several}{shown}"


def _expression(leaf: Leaf, negated: bool) -> str:
    shown = _listed([text_of(value) for value in leaf.values])
    several = "any of the expressions " if len(leaf.values) > 1 else "the expression "
    return f"does not match {several}{shown}" if negated else f"matches {several}{shown}"


def _network(leaf: Leaf, negated: bool) -> str:
    shown = _listed([text_of(value) for value in leaf.values])
    several = "any of " if len(leaf.values) > 1 else ""
    return f"is not in {several}{shown}" if negated else f"is in {several}{shown}"


def _ranged(positive: str, negative: str) -> Callable[[Leaf, bool], str]:
    return lambda leaf, negated: f"{negative if negated else positive} {_listed([text_of(v) for v in leaf.values])}"


_PHRASES: dict[Op, Callable[[Leaf, bool], str]] = {
    Op.EXISTS: _exists,
    Op.IS: _equality,
    Op.PHRASE: _equality,
    Op.WILDCARD: _pattern,
    Op.REGEX: _expression,
    Op.CIDR: _network,
    Op.GT: _ranged("is more than", "is not more than"),
    Op.GTE: _ranged("is at least", "is not at least"),
    Op.LT: _ranged("is less than", "is not less than"),
    Op.LTE: _ranged("is at most", "is not at most"),
}


def _is_network(leaf: Leaf) -> bool:
    address_like = field_type(leaf.field) in (FieldType.IP, FieldType.UNKNOWN)
    return address_like and all(network_of(text_of(value)) is not None for value in leaf.values)


def _pattern_in_words(pattern: str) -> str:
    return "".join(part.value if isinstance(part, Wild) else part for part in parse_pattern(pattern).parts)


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(shortened(value, _LONGEST_VALUE) or '""' for value in values[:_MOST_VALUES])
    rest = len(values) - _MOST_VALUES
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"
