"""What every rule language compiles to: a tree of yes-or-no questions about one event.

The logic is two-valued: a leaf about a field that the event lacks is simply false, so `Not` of it is true.
What a leaf means is said in one place only, `engine/leaves.py`; matching, explaining and narrowing all ask there.

Patterns (values of a WILDCARD leaf, and `field` where `wild_field` is set) have one notation for all languages: `*` any
run of characters, `?` any one character, and a backslash takes the next character literally.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

COMPILER_VERSION = 4
"""Raised whenever the same source compiles to another tree, so that stored trees are compiled again."""

Scalar: TypeAlias = str | int | float | bool
"""A value without parts, as JSON has it. (`null` is never a value.)"""


def text_of(value: Scalar) -> str:
    """The value as a keyword field holds it: `true`, `4624`, or the string itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Op(StrEnum):
    """How a leaf compares. The type of the field decides what that means in detail (see leaves.py)."""

    IS = "is"
    """Equal; on tokenised text any of the words; on addresses a network contains it; on dates the whole unit."""
    PHRASE = "phrase"
    """As IS, but on tokenised text all the words, adjacent and in order."""
    WILDCARD = "wildcard"
    REGEX = "regex"
    """A Lucene regular expression over the whole value."""
    CIDR = "cidr"
    """An address inside one of the networks, whatever the type of the field."""
    EXISTS = "exists"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"


RANGES = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})


@dataclass(frozen=True, slots=True)
class And:
    """True when every child is. Different elements of an array may satisfy different children."""

    children: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """True when a child is."""

    children: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True when the child is not; so also when the fields it asks for are missing."""

    child: "Tree"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question about one field: true when any element of the field meets any of the values.

    Values are kept as text, since the field's type decides how they are read (so True and 1 stay apart).
    EXISTS has no values; a range has exactly one. `fold` compares without regard to case.
    With `wild_field` the field name is a pattern, and the leaf is true when it is for any field that fits.
    With `whole` tokenised text is compared as one value, as EQL does, and not word by word.
    """

    field: str
    op: Op
    values: tuple[Scalar, ...] = ()
    fold: bool = False
    wild_field: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(map(text_of, self.values)))


class ListLeaf(Leaf):
    """A leaf with the values of a whole list, a hundred thousand of them maybe.

    Its hash is worked out once, and it carries its own tests, so that no memory of tests keeps lists that are past.
    """

    __slots__ = ("_hash", "tests")
    _hash: int
    tests: dict[str, Callable[[Scalar], bool]]

    def __post_init__(self) -> None:
        Leaf.__post_init__(self)
        object.__setattr__(self, "tests", {})
        object.__setattr__(self, "_hash", hash(self._parts()))

    def _parts(self) -> tuple[object, ...]:
        return self.field, self.op, self.values, self.fold, self.wild_field, self.whole

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Leaf) and self._parts() == ListLeaf._parts(other)  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Nested:
    """True when one and the same element of the array of objects at `path` satisfies the child.

    The fields inside the child are written in full (`path` included).
    """

    path: str
    child: "Tree"


@dataclass(frozen=True, slots=True)
class FieldValue:
    """An operand: one value of a field of the event; nothing (null) when it has none."""

    field: str


@dataclass(frozen=True, slots=True)
class Constant:
    """An operand: a literal, or null. (2, 2.0 and true are different literals: whole numbers divide differently.)"""

    value: Scalar | None
    kind: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """An operand: a function, comparison or arithmetic of operands; see engine/functions.py for the names.

    `fold` compares texts without regard to case. Of null it makes null, unless the function says otherwise.
    """

    function: str
    arguments: "tuple[Operand, ...]"
    fold: bool = False


Operand: TypeAlias = FieldValue | Constant | Call


@dataclass(frozen=True, slots=True)
class Formula:
    """A question that functions, arithmetic or two fields take part in: true when some choice of one value for each
    field that it names makes the call true. Null is not true."""

    call: Call


@dataclass(frozen=True, slots=True)
class MatchAll:
    """True of every event: the empty query."""


@dataclass(frozen=True, slots=True)
class MatchNone:
    """True of no event."""


Tree: TypeAlias = And | Or | Not | Leaf | Nested | Formula | MatchAll | MatchNone


def all_of(*children: Tree) -> Tree:
    """The And of the children, without And inside And and without needless MatchAll."""
    return _joined(And, MatchAll(), MatchNone(), children)


def any_of(*children: Tree) -> Tree:
    """The Or of the children, without Or inside Or and without needless MatchNone."""
    return _joined(Or, MatchNone(), MatchAll(), children)


def merged_or(branches: Iterable[Tree], ops: Set[Op]) -> Tree:
    """The Or of the branches, with questions of the same kind about one field made one leaf, where the kind is of
    these ways to compare."""
    merged: dict[object, Tree] = {}
    for branch in branches:
        for tree in branch.children if isinstance(branch, Or) else (branch,):
            key = replace(tree, values=()) if isinstance(tree, Leaf) and tree.op in ops else tree
            known = merged.get(key)
            if isinstance(tree, Leaf) and isinstance(known, Leaf) and tree.op in ops:
                tree = replace(tree, values=tuple(dict.fromkeys(known.values + tree.values)))
            merged[key] = tree
    return any_of(*merged.values())


def _joined(kind: type[And] | type[Or], empty: Tree, absorbing: Tree, children: tuple[Tree, ...]) -> Tree:
    flat: list[Tree] = []
    for child in children:
        flat.extend(child.children if isinstance(child, kind) else (child,))
    kept = [child for child in flat if child != empty]
    if absorbing in kept:
        return absorbing
    if len(kept) < 2:
        return kept[0] if kept else empty
    return kind(tuple(kept))


def negated(child: Tree) -> Tree:
    """The Not of a tree; a double negation falls away."""
    if isinstance(child, Not):
        return child.child
    if isinstance(child, MatchAll):
        return MatchNone()
    return MatchAll() if isinstance(child, MatchNone) else Not(child)


def children_of(tree: Tree) -> "tuple[Tree, ...]":
    """The trees directly inside a tree."""
    match tree:
        case And(children) | Or(children):
            return children
        case Not(child) | Nested(child=child):
            return (child,)
    return ()


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """Every leaf, left to right, those under a Not or inside a Nested included."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Leaf):
            yield node
        waiting.extend(reversed(children_of(node)))


def formulas_of(tree: Tree) -> Iterator[Formula]:
    """Every formula in a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Formula):
            yield node
        waiting.extend(reversed(children_of(node)))


def operand_fields(operand: Operand) -> Iterator[str]:
    """The fields that an operand names, left to right, as often as it names them."""
    waiting: list[Operand] = [operand]
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldValue):
            yield node.field
        elif isinstance(node, Call):
            waiting.extend(reversed(node.arguments))


def fields_of(tree: Tree) -> frozenset[str]:
    """The names of the fields a tree asks for. Patterns of field names are given as they are written."""
    asked = {leaf.field for leaf in leaves_of(tree)}
    return frozenset(asked.union(*(operand_fields(formula.call) for formula in formulas_of(tree))))


def depth_of(tree: Tree) -> int:
    """How many levels a tree has; a leaf alone has one."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in children_of(node))
    return deepest
