"""The questions about one field, numbered, and for each value the set of those that are true of it.

Such a set is a whole number with a bit for every question, a "leafset". What a question means is said in
engine/leaves.py (a leaf) and engine/formulas.py (a formula that names one field only) and nowhere else: tables and
machines here only answer many questions at once, and a property test holds them to those.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from engine.document import Document
from engine.fields import EXACT_TYPES, NUMBER_TYPES, TEXT_TYPES, FieldType, field_type, is_caseless
from engine.folding import fold as folded
from engine.formulas import compiled
from engine.functions import networks_of
from engine.interpret import matches
from engine.leaves import value_test
from engine.lucene_regex import re2_source
from engine.matcher.addresses import AddressTable
from engine.matcher.bounds import Bounds
from engine.matcher.room import ENTRY, Room
from engine.matcher.scanning import Scanner, Searched
from engine.matcher.values import Odd, Value, as_read
from engine.patterns import parse_pattern
from engine.scalars import address_of, network_of, number_of, truth_of
from engine.tree import Formula, Leaf, Op, Scalar, text_of

Question: TypeAlias = Leaf | Formula
Test = Callable[[Scalar], bool]

_WORDLESS = frozenset({Op.IS, Op.PHRASE})


class FieldQuestions:
    """All questions about one field. The tables are built when the first value is met."""

    __slots__ = (
        "_answers",
        "_bits",
        "_bounds",
        "_known",
        "_room",
        "absent",
        "costly",
        "exists",
        "field",
        "patterns",
    )

    def __init__(self, field: str, bounds: Bounds, room: Room) -> None:
        self.field = field
        self.exists = 0
        """The bit of the existence leaf, which is true of any value."""
        self.absent = 0
        """What is true of an event without the field."""
        self.patterns = 0
        """How many questions take a scan of the value; a measure of its cost."""
        self.costly = True
        """Whether answers are worth remembering for values that no question names; known when one was met."""
        self._bounds, self._room = bounds, room
        self._bits: dict[Question, int] = {}
        self._answers: _Answers | None = None
        self._known: dict[Value, int] = {}
        room.add(self._known.clear, lasting=True)

    def copy(self, bounds: Bounds, room: Room) -> "FieldQuestions":
        """The same questions with their answers, to be added to by another matcher. The machines are shared: they do
        not change, apart from being built."""
        copy = FieldQuestions(self.field, bounds, room)
        copy.exists, copy.absent, copy.patterns, copy.costly = self.exists, self.absent, self.patterns, self.costly
        copy._answers = self._answers
        copy._bits.update(self._bits)
        return copy

    def bit_of(self, question: Question) -> int:
        """The bit that stands for the question; it is added when it is new."""
        bit = self._bits.get(question)
        if bit is None:
            bit = self._bits[question] = 1 << len(self._bits)
            self._note(question, bit)
        return bit

    def _note(self, question: Question, bit: int) -> None:
        self._answers = None
        self._known.clear()
        if isinstance(question, Formula):
            self.patterns += 1
            self.absent |= bit if matches(question, _EMPTY) else 0
        elif question.op is Op.EXISTS:
            self.exists |= bit
        elif question.op not in _WORDLESS or field_type(self.field) in TEXT_TYPES:
            self.patterns += len(question.values)

    def __len__(self) -> int:
        return len(self._bits)

    def __bool__(self) -> bool:
        return True

    def leafset(self, value: Value) -> int:
        """The questions that are true of a field with this value: of an array those true of any element."""
        kind = type(value)
        if kind is tuple:
            return self._of_several(value)  # type: ignore[arg-type]
        if value is None:
            return self.absent
        if kind is Odd:
            return self._of_odd(value)  # type: ignore[arg-type]
        known = self._known.get(value)
        return self._met(value) if known is None else known  # type: ignore[arg-type]

    def _of_several(self, values: tuple[Scalar | None, ...]) -> int:
        bits = 0
        there = False
        known = self._known.get
        for value in values:
            if value is not None:
                there = True
                leafset = known(value)
                bits |= self._met(value) if leafset is None else leafset
        return bits if there else self.absent

    def _of_odd(self, odd: Odd) -> int:
        if not odd.values:
            return self.absent | (self.exists if odd.there else 0)
        answers = self._answers or self._built()
        bits = 0
        for value in odd.values:
            bits |= answers.of(value)
        return bits

    def _met(self, value: Scalar) -> int:
        """What is true of a value that is met for the first time."""
        answers = self._answers or self._built()
        if type(value) is str:
            known, length = answers.of_text(value), len(value)
        else:
            known, length = answers.of(as_read(value)), 0
        if self.costly and length <= self._bounds.longest_value:
            if len(self._known) >= self._bounds.entries:
                self._known.clear()
            self._room.take(ENTRY + length)
            self._known[value] = known
        return known

    def _built(self) -> "_Answers":
        self._answers = _Answers(self.field, self._bits)
        self.costly = self._answers.costly
        return self._answers


_EMPTY = Document({})


class _Answers:
    """The questions of a field sorted by how they are answered: by look-up, by scan, by address, or one by one."""

    __slots__ = (
        "_addresses",
        "_exact",
        "_folded",
        "_folds",
        "_has_kinds",
        "_is_exact",
        "_is_unknown",
        "_numbers",
        "_others",
        "_scanner",
        "_truths",
        "always",
        "costly",
    )

    def __init__(self, field: str, bits: dict[Question, int]) -> None:
        kind = field_type(field)
        self._is_exact, self._is_unknown = kind in EXACT_TYPES, kind is FieldType.UNKNOWN
        self.always = 0
        self._exact: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._numbers: dict[float, int] = {}
        self._truths: dict[bool, int] = {}
        self._others: list[tuple[int, Test]] = []
        searched: list[Searched] = []
        ranges: list[tuple[int, int, int]] = []
        for question, bit in bits.items():
            self._sort_in(question, bit, field, kind, searched, ranges)
        self._scanner = Scanner(searched) if searched else None
        self._addresses = AddressTable(ranges) if ranges else None
        self.costly = bool(self._others or self._scanner or self._addresses)
        self._folds = bool(self._folded or self._scanner)
        self._has_kinds = bool(self._others or self._numbers or self._truths)

    def _sort_in(
        self,
        question: Question,
        bit: int,
        field: str,
        kind: FieldType,
        searched: list[Searched],
        ranges: list[tuple[int, int, int]],
    ) -> None:
        if isinstance(question, Formula):
            self._others.append((bit, _formula_test(question)))
        elif question.op is Op.EXISTS:
            self.always |= bit
        elif question.op is Op.WILDCARD and kind not in _NO_PATTERNS:
            searched += _patterns_of(question, bit, question.fold or is_caseless(field))
        elif question.op is Op.REGEX and kind is not FieldType.GEO_POINT:
            self._search_regexes(question, bit, field, searched)
        elif question.op is Op.CIDR:
            ranges += [(first, last, bit) for first, last in networks_of(tuple(map(text_of, question.values)))]
        elif question.op in _WORDLESS and kind in _LOOKED_UP:
            self._look_up(question, bit, kind, question.fold or is_caseless(field), ranges)
        else:
            self._others.append((bit, value_test(question, field)))

    def _search_regexes(self, leaf: Leaf, bit: int, field: str, searched: list[Searched]) -> None:
        fold = leaf.fold or is_caseless(field)
        sources = [re2_source(text_of(value), fold) for value in leaf.values]
        if None in sources:
            self._others.append((bit, value_test(leaf, field)))
        else:
            searched += [Searched(source, bit, fold) for source in sources if source is not None]

    def _look_up(self, leaf: Leaf, bit: int, kind: FieldType, fold: bool, ranges: list[tuple[int, int, int]]) -> None:
        """An equality: entered under each of its literals, in the tables that the type of the field asks for."""
        texts = list(map(text_of, leaf.values))
        if self._is_exact or self._is_unknown:
            table = self._folded if fold else self._exact
            for text in texts:
                _enter(table, folded(text) if fold else text, bit)
        if kind in NUMBER_TYPES or self._is_unknown:
            for text in texts:
                _enter(self._numbers, number_of(text), bit)
        if kind is FieldType.BOOLEAN or self._is_unknown:
            for text in texts:
                _enter(self._truths, truth_of(text), bit)
        if kind is FieldType.IP or self._is_unknown:
            ranges.extend(
                (first, last, bit)
                for text in texts
                if kind is FieldType.IP or "/" in text or ":" in text
                for first, last in _range_of(text.strip())
            )

    def of(self, value: Scalar) -> int:
        """The bits of the questions that are true of one value."""
        if isinstance(value, str):
            return self.of_text(value)
        bits = self.always
        text = text_of(value)
        if self._is_exact:
            bits |= self._exact.get(text, 0)
            if self._folded:
                bits |= self._folded.get(folded(text), 0)
        if self._scanner is not None:
            bits |= self._scanner.scan(text, folded(text))
        return bits | self._by_kind(value)

    def of_text(self, text: str) -> int:
        """The bits of the questions that are true of a text: most new values are one, and most are only scanned. The
        tables of literals are empty where the field has neither texts nor a kind that is not known."""
        bits = self.always | self._exact.get(text, 0)
        if self._folds:
            in_one_case = folded(text)
            bits |= self._folded.get(in_one_case, 0)
            if self._scanner is not None:
                bits |= self._scanner.scan(text, in_one_case)
        if self._addresses is not None:
            address = address_of(text)
            bits |= self._addresses.bits_of(address) if address is not None else 0
        return bits | self._by_kind(text) if self._has_kinds else bits

    def _by_kind(self, value: Scalar) -> int:
        """The bits of the questions that are asked of a number, of a truth value, or of the value as it is. A text of
        a kind that is not known is neither number nor truth value."""
        bits = 0
        if not (self._is_unknown and isinstance(value, str)):
            number = number_of(value) if self._numbers else None
            bits |= self._numbers.get(number, 0) if number is not None else 0
            truth = truth_of(value) if self._truths else None
            bits |= self._truths.get(truth, 0) if truth is not None else 0
        for bit, test in self._others:
            if test(value):
                bits |= bit
        return bits


_Key = TypeVar("_Key")
_NO_PATTERNS = TEXT_TYPES | {FieldType.GEO_POINT}
_LOOKED_UP = EXACT_TYPES | NUMBER_TYPES | {FieldType.BOOLEAN, FieldType.IP, FieldType.UNKNOWN}


def _enter(table: dict[_Key, int], key: _Key | None, bit: int) -> None:
    if key is not None:
        table[key] = table.get(key, 0) | bit


def _range_of(text: str) -> list[tuple[int, int]]:
    single, network = address_of(text), network_of(text)
    return ([(single, single)] if single is not None else []) + ([network] if network else [])


def _patterns_of(leaf: Leaf, bit: int, fold: bool) -> list[Searched]:
    texts = [folded(text) if fold else text for text in map(text_of, leaf.values)]
    return [Searched(parse_pattern(text), bit, fold) for text in texts]


def _formula_test(formula: Formula) -> Test:
    work = compiled(formula)
    return lambda value: work((value,)) is True
