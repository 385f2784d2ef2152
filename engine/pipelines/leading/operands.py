"""What an operand of a comparison can be, as far as the event can be asked: fields, constants, choices of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.fields import EXACT_TYPES, TEXT_TYPES, FieldType
from engine.languages.esql.nodes import Call, Cast, Expression, Literal, Name
from engine.pipelines.leading.leaves import LOWER, UPPER, Source, exists
from engine.pipelines.leading.scope import Field, Scope, Worked
from engine.tree import MatchAll, MatchNone, Tree, all_of

MOST_CASES = 24
ELEMENTS = frozenset({"mv_first", "mv_last", "mv_min", "mv_max", "mv_dedupe", "mv_sort", "mv_slice"})
"""Functions that answer with some of the values of their first argument, as they are."""

_CASES = {"to_lower": LOWER, "to_upper": UPPER}
_TEXT_CASTS = frozenset({"string", "keyword", "text"})
_TO_TEXT = frozenset({"to_string", "to_str"})


@dataclass(frozen=True, slots=True)
class Fixed:
    """A constant; None is null."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Made:
    """Something worked out that cannot be asked of the event; `present` lets in what it may be other than null of."""

    present: Tree


Base: TypeAlias = Source | Fixed | Made
MayBeTrue: TypeAlias = Callable[[Expression, Scope], Tree]
Present: TypeAlias = Callable[[Expression, Scope], Tree]


@dataclass(frozen=True, slots=True)
class Case:
    """What the operand is for the events that `guard` lets in."""

    guard: Tree
    base: Base


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads operands; `true` says of which events a condition may be true, `present` of which a value may be there."""

    true: MayBeTrue
    present: Present

    def cases(self, node: Expression, scope: Scope) -> list[Case]:
        """All that the operand can be. Where that is too much: something worked out."""
        found = self._cases(node, scope)
        return found if 0 < len(found) <= MOST_CASES else [Case(MatchAll(), Made(self.present(node, scope)))]

    def _cases(self, node: Expression, scope: Scope) -> list[Case]:
        match node:
            case Literal(value) if not isinstance(value, tuple):
                return [Case(MatchAll(), Fixed(value))]
            case Name(name):
                return self._named(node, name, scope)
            case Call("case", arguments):
                return self._choices(arguments, scope)
            case Call("coalesce", arguments):
                return _alike([case for argument in arguments for case in self.cases(argument, scope)])
            case Call(name, (operand,)) if name in _CASES:
                return [self._cased(case, _CASES[name]) for case in self.cases(operand, scope)]
            case Call(name, (operand, *_)) if name in ELEMENTS:
                return [_one_of(case) for case in self.cases(operand, scope)]
            case Call(name, (operand,)) if name in _TO_TEXT:
                return [_as_text(case) for case in self.cases(operand, scope)]
            case Cast(operand, type) if type in _TEXT_CASTS:
                return [_as_text(case) for case in self.cases(operand, scope)]
        return [Case(MatchAll(), Made(self.present(node, scope)))]

    def _named(self, node: Expression, name: str, scope: Scope) -> list[Case]:
        match scope.meaning(name):
            case Field(field, one):
                return [Case(MatchAll(), Source(field, one=one))]
            case Worked(expression, inner, one):
                found = self.cases(expression, inner)
                return [_one_of(case) for case in found] if one else found
        return [Case(MatchAll(), Made(self.present(node, scope)))]

    def _choices(self, arguments: Sequence[Expression], scope: Scope) -> list[Case]:
        """`case(condition, value, …, otherwise)`: each value where its condition may be true."""
        found: list[Case] = []
        for condition, value in zip(arguments[::2], arguments[1::2], strict=False):
            guard = self.true(condition, scope)
            if not isinstance(guard, MatchNone):
                found += [_guarded(case, guard) for case in self.cases(value, scope)]
        if len(arguments) % 2:
            found += self.cases(arguments[-1], scope)
        else:
            found.append(Case(MatchAll(), Fixed(None)))
        return _alike(found)

    def _cased(self, case: Case, form: str) -> Case:
        match case.base:
            case Fixed(str(text)):
                return replace(case, base=Fixed(text.lower() if form == LOWER else text.upper()))
            case Source(_, None) if case.base.is_text:
                return replace(case, base=replace(case.base, case=form))
        return _made(case)


def _alike(cases: list[Case]) -> list[Case]:
    """Choices are of one type, and a value that no table knows is read as that (engine/pipelines/unknown.py): as it is
    asked here among texts and truth values, as the number it is written as among numbers, else as nobody can say."""
    known = [case.base for case in cases if not (isinstance(case.base, Source) and case.base.kind is FieldType.UNKNOWN)]
    if all(_is_plain(base) for base in known):
        return cases
    numbers = all(_is_number(base) for base in known)
    return [_as_number(case) if numbers else _read_somehow(case) for case in cases]


def _is_plain(base: Base) -> bool:
    if isinstance(base, Source):
        return base.is_text or base.kind is FieldType.BOOLEAN
    return isinstance(base, Fixed) and isinstance(base.value, str | bool | None)


def _is_number(base: Base) -> bool:
    if isinstance(base, Source):
        return base.kind in (FieldType.LONG, FieldType.DOUBLE)
    return isinstance(base, Fixed) and (base.value is None or type(base.value) in (int, float))


def _as_number(case: Case) -> Case:
    if isinstance(case.base, Source) and case.base.kind is FieldType.UNKNOWN:
        return replace(case, base=replace(case.base, number=True))
    return case


def _read_somehow(case: Case) -> Case:
    return _made(case) if isinstance(case.base, Source) and case.base.kind is FieldType.UNKNOWN else case


def _guarded(case: Case, guard: Tree) -> Case:
    return Case(all_of(guard, case.guard), case.base)


def _one_of(case: Case) -> Case:
    return replace(case, base=replace(case.base, one=True)) if isinstance(case.base, Source) else case


def _as_text(case: Case) -> Case:
    """A text stays what it is; what else becomes a text is worked out."""
    match case.base:
        case Fixed(str()) | Fixed(None):
            return case
        case Source() if case.base.kind in EXACT_TYPES or case.base.kind in TEXT_TYPES:
            return case
    return _made(case)


def _made(case: Case) -> Case:
    """Something worked out of this: it is there when this is."""
    match case.base:
        case Made():
            return case
        case Fixed(value):
            return replace(case, base=Made(MatchNone() if value is None else MatchAll()))
        case Source():
            return replace(case, base=Made(exists(case.base)))


def as_address(case: Case) -> Case:
    """What TO_IP makes of it: the leaves about networks read addresses out of texts by themselves."""
    match case.base:
        case Source(_, None) if case.base.is_text or case.base.kind is FieldType.IP:
            return case
    return _made(case)
