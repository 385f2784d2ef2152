"""A whole batch of events, all rules, one pass.

Three steps take an event down to the expressions that are worth asking: the index it lies in, its signature (the values
of a few fields that nearly every rule names: what the signature alone refutes is dropped), and only then the trees
themselves, as compiled questions. All three remember what they worked out, in tables bounded in entries and in
characters, since values are the sender's. The answers are those of engine/interpret.py; a property test holds the two
together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from engine.document import Document
from engine.errors import DocumentError
from engine.fields import TEXT_TYPES, FieldType, field_type
from engine.indices import index_matches
from engine.interpret import matches
from engine.leaves import asks_now, value_test
from engine.possible import could_match
from engine.tree import And, Leaf, MatchAll, MatchNone, Nested, Not, Op, Or, Scalar, Tree, text_of

# All of them keyword fields, so that their values as text say all there is to say.
SIGNATURE_FIELDS = (
    "event.category",
    "event.type",
    "event.action",
    "event.dataset",
    "data_stream.dataset",
    "host.os.type",
)
# A signature is kept with what it leaves to ask, some kilobytes; those of ordinary events number some hundreds.
_MOST_SIGNATURES = 5_000
_LONGEST_SIGNATURE = 512
_MOST_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 1_024
_MOST_CHARACTERS = 500_000

Question = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class Expression:
    """A tree to be judged under a name of the caller's. Without index patterns it reads every index."""

    key: str
    tree: Tree
    indices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """The expression `key` is true of the event in row `row` of the batch."""

    key: str
    row: int


class Matcher:
    """All expressions of one rule set, ready to judge batches. Not to be shared between threads.

    Each expression is asked at most once per event. Costs some tens of microseconds an event, most of it reading
    JSON; a signature never seen before costs about ten microseconds an expression, once.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._expressions = [(expression, _question(expression.tree)) for expression in expressions]
        self._candidates: dict[object, list[tuple[str, Question]]] = {}

    def match(self, events: Sequence[tuple[str, bytes]]) -> Iterator[Hit]:
        """The hits of a batch of (index, NDJSON line), in the order of its rows.

        Raises: DocumentError with the row, for a line that is not one JSON object.
        """
        for row, (index, line) in enumerate(events):
            try:
                document = Document.of(line)
            except DocumentError as error:
                raise DocumentError(str(error), row) from error
            for key in self.keys_of(index, document):
                yield Hit(key, row)

    def keys_of(self, index: str, document: Document) -> list[str]:
        """The expressions that are true of one event."""
        return [key for key, question in self._worth_asking(index, document) if question(document)]

    def _worth_asking(self, index: str, document: Document) -> list[tuple[str, Question]]:
        values = document.flat.get
        signature = ((index,), *(tuple(map(text_of, values(field, ()))) for field in SIGNATURE_FIELDS))
        known = self._candidates.get(signature)
        if known is None:
            if _size(signature) > _LONGEST_SIGNATURE:
                return self._not_refuted(index, document)
            if len(self._candidates) >= _MOST_SIGNATURES:
                self._candidates.clear()
            known = self._candidates[signature] = self._not_refuted(index, document)
        return known

    def _not_refuted(self, index: str, document: Document) -> list[tuple[str, Question]]:
        return [
            (expression.key, question)
            for expression, question in self._expressions
            if index_matches(expression.indices, index) and could_match(expression.tree, document, _SIGNATURE)
        ]


_SIGNATURE = frozenset(SIGNATURE_FIELDS)


def _size(signature: tuple[tuple[str, ...], ...]) -> int:
    """Roughly the characters of a signature; a value costs something even when it is empty."""
    return sum(len(value) + 8 for values in signature for value in values)


def _question(tree: Tree) -> Question:
    """The tree as one function of a document."""
    match tree:
        case And(children):
            return partial(_all, tuple(map(_question, _cheapest_first(children))))
        case Or(children):
            return partial(_any, tuple(map(_question, _cheapest_first(children))))
        case Not(child):
            return partial(_not, _question(child))
        case Leaf() if not tree.wild_field and not asks_now(tree, tree.field):
            return _leaf_question(tree)
    return partial(matches, tree)


def _all(questions: tuple[Question, ...], document: Document) -> bool:
    return all(question(document) for question in questions)


def _any(questions: tuple[Question, ...], document: Document) -> bool:
    return any(question(document) for question in questions)


def _not(question: Question, document: Document) -> bool:
    return not question(document)


def _leaf_question(leaf: Leaf) -> Question:
    field = leaf.field
    if leaf.op is Op.EXISTS:
        return lambda document: document.has(field)
    test = value_test(leaf, field)
    return partial(_any_value, field, _Remembered(test) if _is_costly(leaf) else test)


def _is_costly(leaf: Leaf) -> bool:
    """Whether asking again costs more than a look-up: patterns, words, addresses; not plain equality."""
    return leaf.op is Op.WILDCARD or field_type(leaf.field) in TEXT_TYPES | {FieldType.IP, FieldType.UNKNOWN}


def _any_value(field: str, test: Callable[[Scalar], bool], document: Document) -> bool:
    return any(map(test, document.values(field)))


class _Remembered:
    """A leaf's question with its answers for values met before; emptied when full, long values are never kept."""

    def __init__(self, test: Callable[[Scalar], bool]) -> None:
        self._test = test
        self._answers: dict[str, bool] = {}
        self._characters = 0

    def __call__(self, value: Scalar) -> bool:
        if not isinstance(value, str) or len(value) > _LONGEST_REMEMBERED:
            return self._test(value)
        known = self._answers.get(value)
        if known is None:
            known = self._test(value)
            self._remember(value, known)
        return known

    def _remember(self, value: str, answer: bool) -> None:
        if len(self._answers) >= _MOST_REMEMBERED or self._characters > _MOST_CHARACTERS:
            self._answers.clear()
            self._characters = 0
        self._answers[value] = answer
        self._characters += len(value)


def _cheapest_first(children: tuple[Tree, ...]) -> list[Tree]:
    return sorted(children, key=_cost)


def _cost(tree: Tree) -> int:
    """A rough order of cost: plain equality before patterns before everything compound."""
    match tree:
        case MatchAll() | MatchNone():
            return 0
        case Leaf(op=op, wild_field=wild):
            return 50 if wild else {Op.IS: 1, Op.PHRASE: 1, Op.EXISTS: 2, Op.WILDCARD: 5}.get(op, 3)
        case Not(child):
            return 1 + _cost(child)
        case And(children) | Or(children):
            return 2 + sum(map(_cost, children))
        case Nested(child=child):
            return 100 + _cost(child)
