"""Trees taken apart for the matcher: conditions on one field each, joined by and and or, and what is neither.

Negations are pushed down into the conditions. A condition is asked of a leafset (questions.py): `Some` that one of its
bits is set, `Without` that none is, and Every and Either join those. What looks at more than one field, at names by
pattern, at one element of an array of objects, or at the time of arrival is a `Rest`: it is asked of the whole event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from engine.fields import KNOWN_FIELDS, SPELLINGS
from engine.leaves import asks_now
from engine.matcher.questions import FieldQuestions
from engine.patterns import parse_pattern
from engine.tree import And, Formula, Leaf, MatchAll, MatchNone, Nested, Not, Op, Or, Tree, negated, operand_fields


@dataclass(frozen=True, slots=True)
class Some:
    """One of the bits is set."""

    bits: int


@dataclass(frozen=True, slots=True)
class Without:
    """None of the bits is set."""

    bits: int


@dataclass(frozen=True, slots=True)
class Every:
    """All of the conditions hold."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of the conditions holds."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = Some | Without | Every | Either


def holds(condition: Condition, leafset: int) -> bool:
    """Whether the condition is true of a leafset."""
    kind = type(condition)
    if kind is Some:
        return leafset & condition.bits != 0  # type: ignore[union-attr]
    if kind is Without:
        return leafset & condition.bits == 0  # type: ignore[union-attr]
    if kind is Every:
        return all(holds(one, leafset) for one in condition.conditions)  # type: ignore[union-attr]
    return any(holds(one, leafset) for one in condition.conditions)  # type: ignore[union-attr]


def bits_in(condition: Condition) -> int:
    """All bits that a condition looks at."""
    if isinstance(condition, Some | Without):
        return condition.bits
    bits = 0
    for one in condition.conditions:
        bits |= bits_in(one)
    return bits


def every(conditions: Sequence[Condition]) -> Condition:
    """All of the conditions as one."""
    without = 0
    others: dict[Condition, None] = {}
    for condition in _opened(Every, conditions):
        if isinstance(condition, Without):
            without |= condition.bits
        else:
            others[condition] = None
    found = [*([Without(without)] if without else []), *others]
    return found[0] if len(found) == 1 else Every(tuple(found))


def either(conditions: Sequence[Condition]) -> Condition:
    """Any of the conditions as one."""
    some = 0
    others: dict[Condition, None] = {}
    for condition in _opened(Either, conditions):
        if isinstance(condition, Some):
            some |= condition.bits
        else:
            others[condition] = None
    found = [*([Some(some)] if some else []), *others]
    return found[0] if len(found) == 1 else Either(tuple(found))


def _opened(kind: type[Every] | type[Either], conditions: Sequence[Condition]) -> list[Condition]:
    opened: list[Condition] = []
    for condition in conditions:
        opened.extend(condition.conditions if isinstance(condition, kind) else (condition,))
    return opened


@dataclass(frozen=True, slots=True)
class Atom:
    """A condition on one field."""

    field: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Rest:
    """A tree that is asked of the whole event."""

    tree: Tree


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold."""

    parts: "tuple[Form, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts holds."""

    parts: "tuple[Form, ...]"


Form: TypeAlias = Atom | Rest | AllOf | AnyOf | bool


class Former:
    """Takes trees apart, numbering their questions in the tables of their fields."""

    def __init__(self, questions: "dict[str, FieldQuestions]") -> None:
        """`questions` are the tables of the fields that can be read; what asks for another is a rest."""
        self._questions = questions

    def form(self, tree: Tree, truth: bool = True) -> Form:
        """The form of the tree, or of its negation."""
        match tree:
            case MatchAll():
                return truth
            case MatchNone():
                return not truth
            case Not(child):
                return self.form(child, not truth)
            case And(children) | Or(children):
                parts = [self.form(child, truth) for child in children]
                return _all_of(parts) if isinstance(tree, And) is truth else _any_of(parts)
            case Leaf() | Formula():
                return self._of_question(tree, truth)
            case Nested(path):
                return self._where_there(tree, presence(path), truth)

    def _of_question(self, question: Leaf | Formula, truth: bool) -> Form:
        field = field_asked(question)
        if field in self._questions:
            bit = self._questions[field].bit_of(question)
            return Atom(field, Some(bit) if truth else Without(bit))
        if isinstance(question, Formula) or field is not None:
            return _rest(question, truth)
        if not question.wild_field:
            return self._where_there(question, question.field, truth)
        return self._of_wild(question, truth)

    def _of_wild(self, leaf: Leaf, truth: bool) -> Form:
        """A leaf about all fields below an object. Whether there is any, those that we know mostly say."""
        searched = self._where_there(leaf, presence(object_of(leaf.field)), truth)
        known = [name for name in known_inside(leaf) if name in self._questions]
        parts = [self._of_question(Leaf(name, Op.EXISTS), truth) for name in known]
        return _any_of([*parts, searched]) if truth else _all_of([*parts, searched])

    def _where_there(self, tree: Tree, name: str, truth: bool) -> Form:
        """A rest that is true only of events with some field or object."""
        rest = _rest(tree, truth)
        if name not in self._questions:
            return rest
        bit = self._questions[name].bit_of(Leaf(name, Op.EXISTS))
        if truth:
            return _all_of([Atom(name, Some(bit)), rest])
        return _any_of([Atom(name, Without(bit)), rest])


def _rest(tree: Tree, truth: bool) -> Rest:
    return Rest(tree if truth else negated(tree))


def field_asked(question: Leaf | Formula) -> str | None:
    """The one field whose values decide the question; None when more than those do."""
    if isinstance(question, Formula):
        fields = set(operand_fields(question.call))
        return fields.pop() if len(fields) == 1 else None
    return None if question.wild_field or asks_now(question, question.field) else question.field


_OBJECT = ".*"


def presence(path: str) -> str:
    """The name under which it is asked whether an object is there; no field's name ends so."""
    return path + _OBJECT


def object_of(pattern: str) -> str:
    """The object in which all fields lie whose names fit a pattern; empty for the event itself."""
    return parse_pattern(pattern).literal_prefix.rpartition(".")[0]


@lru_cache(maxsize=1_024)
def known_inside(leaf: Leaf) -> tuple[str, ...]:
    """For a leaf that asks whether an object has any field: those that the schema has there, if they are few."""
    inside = leaf.field.removesuffix("*")
    if leaf.op is not Op.EXISTS or not inside.endswith(".") or inside[:-1] != object_of(leaf.field):
        return ()
    found = tuple(sorted(name for name in KNOWN_FIELDS if name.startswith(inside) and name not in SPELLINGS))
    return found if len(found) <= _MOST_INSIDE else ()


_MOST_INSIDE = 12


def _all_of(parts: Sequence[Form]) -> Form:
    if any(part is False for part in parts):
        return False
    atoms, others = _by_field(parts, AllOf)
    found = [Atom(field, every(conditions)) for field, conditions in atoms.items()] + others
    return _joined(AllOf, found, True)


def _any_of(parts: Sequence[Form]) -> Form:
    if any(part is True for part in parts):
        return True
    atoms, others = _by_field(parts, AnyOf)
    found = [Atom(field, either(conditions)) for field, conditions in atoms.items()] + others
    return _joined(AnyOf, found, False)


def _joined(kind: type[AllOf] | type[AnyOf], found: "list[Form]", empty: bool) -> Form:
    if not found:
        return empty
    return found[0] if len(found) == 1 else kind(tuple(found))


def _by_field(
    parts: Sequence[Form], kind: type[AllOf] | type[AnyOf]
) -> "tuple[dict[str, list[Condition]], list[Form]]":
    """Conditions on the same field come together; parts of the same kind are opened."""
    atoms: dict[str, list[Condition]] = {}
    others: list[Form] = []
    for part in parts:
        for inner in part.parts if isinstance(part, kind) else (part,):
            if isinstance(inner, Atom):
                atoms.setdefault(inner.field, []).append(inner.condition)
            elif not isinstance(inner, bool):
                others.append(inner)
    return atoms, others
