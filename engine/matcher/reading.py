"""Which fields of an event are read for a set of expressions, and as what.

Typed decoding knows one type for a field. What the field is known to hold, or what the rules' literals make one expect,
decides it; a document that has something else there is read in full.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.fields import KNOWN_FIELDS, SPELLINGS, FieldType, field_type, source_field
from engine.formulas import formula_fields
from engine.matcher.forms import known_inside, object_of, presence
from engine.matcher.questions import Question
from engine.matcher.rules import Expression
from engine.scalars import number_of, truth_of
from engine.tree import RANGES, And, Formula, Leaf, Nested, Not, Op, Or, Tree

TEXT_OR_INTEGER = str | int | None | tuple[str | int | None, ...]
_TEXT_OR_TRUTH = str | bool | None | tuple[str | bool | None, ...]
_TEXT_OR_NUMBER = str | int | float | None | tuple[str | int | float | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields that are read, each with its type; and objects of which it is asked only whether they are there, by
    the names under which that is asked (forms.presence)."""

    fields: dict[str, Any]
    presences: dict[str, str]
    unread: frozenset[str]
    """Fields and objects that are asked for but cannot be read."""

    @classmethod
    def of(cls, expressions: Sequence[Expression]) -> "Reading":
        """What the expressions ask for."""
        asked: dict[str, list[Question]] = {}
        objects: set[str] = set()
        for one in expressions:
            _collect(one.tree, asked, objects)
        left_out = _left_out(asked, objects)
        fields = {name: _type_of(name, some) for name, some in asked.items() if name not in left_out}
        places = set(map(source_field, fields))
        clear = [path for path in objects if not places.intersection((path, *outer_names(path)))]
        unread = (asked.keys() - fields.keys()) | (objects - set(clear))
        return cls(fields, {presence(path): path for path in clear}, frozenset(unread))


def _collect(tree: Tree, asked: dict[str, list[Question]], objects: set[str]) -> None:
    """Note what a tree asks about; inside a Nested it asks about one element of an array, which is another matter."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, And | Or):
            waiting.extend(node.children)
        elif isinstance(node, Not):
            waiting.append(node.child)
        elif isinstance(node, Nested):
            objects.add(node.path)
        elif isinstance(node, Leaf) and node.wild_field:
            objects.add(object_of(node.field))
            waiting.extend(Leaf(name, Op.EXISTS) for name in known_inside(node))
        elif isinstance(node, Leaf):
            asked.setdefault(node.field, []).append(node)
        elif isinstance(node, Formula):
            for name in formula_fields(node):
                asked.setdefault(name, []).append(node)
    objects.discard("")


def _left_out(names: Iterable[str], objects: Iterable[str]) -> frozenset[str]:
    """Of two fields one of which lies in the other only one can be read: the outer one where it is known to hold
    values, else the inner one. A field that is also asked for as an object of unknown fields is not read either."""
    places = {name: source_field(name) for name in names}
    taken = set(places.values())
    left_out = {name for path in objects for name in (path, *outer_names(path)) if name not in KNOWN_FIELDS}
    for name, place in places.items():
        for outer in outer_names(place):
            if outer in taken:
                left_out.add(name if outer in KNOWN_FIELDS else outer)
    return frozenset(name for name, place in places.items() if place in left_out or name in left_out)


@lru_cache(maxsize=4_096)
def outer_names(name: str) -> tuple[str, ...]:
    """The names of the objects in which a field lies, the outermost first."""
    outer = []
    at = name.find(".")
    while at >= 0:
        outer.append(name[:at])
        at = name.find(".", at + 1)
    return tuple(outer)


def _type_of(name: str, questions: Iterable[Question]) -> Any:
    kind = field_type(name)
    if name in SPELLINGS:
        return TEXT_OR_INTEGER
    if kind is FieldType.BOOLEAN:
        return _TEXT_OR_TRUTH
    leaves = [question for question in questions if isinstance(question, Leaf)]
    if any(isinstance(question, Formula) for question in questions):
        return TEXT_OR_INTEGER
    if kind is FieldType.DOUBLE and all(leaf.op in _BY_NUMBER or leaf.op in RANGES for leaf in leaves):
        return _TEXT_OR_NUMBER
    if kind is FieldType.UNKNOWN:
        return _type_of_unknown(leaves)
    return TEXT_OR_INTEGER


_BY_NUMBER = frozenset({Op.IS, Op.PHRASE, Op.EXISTS})


def _type_of_unknown(leaves: list[Leaf]) -> Any:
    """What the literals make one expect."""
    if any(truth_of(value) is not None for leaf in leaves for value in leaf.values):
        return _TEXT_OR_TRUTH
    ranges = [leaf for leaf in leaves if leaf.op in RANGES]
    numeric = all(leaf.op in _BY_NUMBER or number_of(leaf.values[0]) is not None for leaf in leaves)
    return _TEXT_OR_NUMBER if ranges and numeric else TEXT_OR_INTEGER
