"""What is asked of an event when the masks of its values have left an alternative that has a rest.

Conditions on single fields are asked of the leafsets of their values, which are mostly known, and formulas of the
values themselves; only what looks for fields by pattern, at elements of an array, or at a clock needs the document.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.document import Document
from engine.formulas import choices_among, compiled, formula_fields
from engine.interpret import matches
from engine.matcher.forms import AllOf, AnyOf, Atom, Form, Rest, holds
from engine.matcher.questions import FieldQuestions
from engine.matcher.values import Odd, Value, as_read
from engine.tree import Formula, Not, Scalar, Tree

Source = bytes | Document
"""The event in full: its line, or the document that was already made of it."""


class Whole:
    """An event, and its document when somebody asks for it."""

    __slots__ = ("_document", "_source", "event")

    def __init__(self, event: Any, source: Source) -> None:
        self.event = event
        self._source = source
        self._document = source if isinstance(source, Document) else None

    @property
    def document(self) -> Document:
        """The document; made at most once."""
        if self._document is None:
            self._document = Document.of(self._source)  # type: ignore[arg-type]
        return self._document


Ask = Callable[[Whole], bool]


class Asker:
    """Makes questions about whole events of forms."""

    def __init__(self, questions: Mapping[str, FieldQuestions], getters: Mapping[str, Callable[[Any], Any]]) -> None:
        self._questions, self._getters = questions, getters
        self._made: dict[int, tuple[Form, Ask]] = {}

    def ask(self, form: Form) -> Ask:
        """The form as a question. The same form gives the same question."""
        made = self._made.get(id(form))
        if made is None:
            made = self._made[id(form)] = form, self._ask(form)
        return made[1]

    def _ask(self, form: Form) -> Ask:
        match form:
            case bool():
                return lambda _whole: form
            case Rest(Not(Formula() as formula)):
                ask = self._of_formula(formula)
                return lambda whole: not ask(whole)
            case Rest(Formula() as formula):
                return self._of_formula(formula)
            case Rest(tree):
                return _of_document(tree)
            case Atom():
                return self._of_field(form)
            case AllOf(parts):
                return _all(tuple(self.ask(part) for part in sorted(parts, key=_cost)))
            case AnyOf(parts):
                return _any(tuple(self.ask(part) for part in sorted(parts, key=_cost)))

    def _of_field(self, atom: Atom) -> Ask:
        leafset, get, condition = self._questions[atom.field].leafset, self._getters[atom.field], atom.condition
        return lambda whole: holds(condition, leafset(get(whole.event)))

    def _of_formula(self, formula: Formula) -> Ask:
        """As engine/formulas.py answers it, from the values at hand where all its fields are read."""
        fields = formula_fields(formula)
        if any(field not in self._getters for field in fields):
            return _of_document(formula)
        work, getters = compiled(formula), [self._getters[field] for field in fields]

        def ask(whole: Whole) -> bool:
            values = [_values_of(get(whole.event)) for get in getters]
            return any(work(choice) is True for choice in choices_among(formula, values))

        return ask


def _values_of(value: Value) -> tuple[Scalar | None, ...]:
    """The values of a field as a formula tries them: null alone when there is none."""
    if isinstance(value, Odd):
        return value.values or _NULL
    if isinstance(value, tuple):
        return tuple(as_read(one) for one in value if one is not None) or _NULL
    return _NULL if value is None else (as_read(value),)


_NULL = (None,)


def _of_document(tree: Tree) -> Ask:
    return lambda whole: matches(tree, whole.document)


def _all(asks: tuple[Ask, ...]) -> Ask:
    return lambda whole: all(ask(whole) for ask in asks)


def _any(asks: tuple[Ask, ...]) -> Ask:
    return lambda whole: any(ask(whole) for ask in asks)


def _cost(form: Form) -> int:
    match form:
        case Rest():
            return 1_000
        case AllOf(parts) | AnyOf(parts):
            return sum(map(_cost, parts))
    return 1
