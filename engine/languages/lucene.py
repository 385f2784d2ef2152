"""Lucene's query syntax, as QSTR() takes it, compiled to a tree.

    query   = clause { [and | or] clause }
    clause  = [ + | - | not ] [ field ":" ] ( "(" query ")" | range | /regex/ | "phrase" | word ) [~n] [^n]
    range   = ( "[" | "{" ) value to value ( "]" | "}" )  |  ( ">" | ">=" | "<" | "<=" ) value

`and` and `or` are written in capitals (or `&&`, `||`, `!`) and do not bind as elsewhere: `and` makes the clauses on
both its sides required, clauses that are neither required nor excluded need to hold only where none is required.
Source: Apache Lucene's classic query parser; Elasticsearch query DSL reference, query string syntax.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from engine.errors import LanguageError, PatternError
from engine.fields import EXACT_TYPES, TEXT_TYPES, FieldType, field_type, name_problem
from engine.folding import fold
from engine.patterns import parse_pattern
from engine.tree import (
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Op,
    Scalar,
    Tree,
    all_of,
    any_of,
    negated,
)

MAX_LENGTH = 20_000
MAX_CLAUSES = 1_000
MAX_ANY_FIELD = 50
MAX_DEPTH = 50

_SPACE = re.compile(r"[ \t\r\n\u3000]+")
_WORD = re.compile(r'(?:[^\s\\+\-!():^\[\]"{}~*?/<>=&|]|\\.|[*?])(?:[^\s\\!():^\[\]"{}~/]|\\.|[*?])*', re.DOTALL)
_BOUND = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s\\\]}"]|\\.)+)', re.DOTALL)
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/", re.DOTALL)
_SIGN = re.compile(r">=|<=|>|<")
_FUZZY = re.compile(r"~([0-9.]{0,4})")
_BOOST = re.compile(r"\^[0-9.]{1,10}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OPERATORS = {"AND": "and", "&&": "and", "OR": "or", "||": "or"}
_RANGES = {">": Op.GT, ">=": Op.GTE, "<": Op.LT, "<=": Op.LTE}
_EXISTS = "_exists_"


def parse_lucene(text: str, *, field: str = "*", every: bool = False) -> Tree:
    """The tree of a query; clauses that name no field ask `field`. With `every` clauses beside each other are all
    required; else one of them will do. A query without clauses is true of no event.

    Raises: LanguageError with the place.
    """
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"a query may have at most {MAX_LENGTH:,} characters", 1, 1)
    return _Parser(text, every).parse(field)


@dataclass(slots=True)
class _Clause:
    tree: Tree
    required: bool
    excluded: bool


class _Parser:
    """A reader that looks at the text itself; `clauses` and `any_field` count what each costs."""

    def __init__(self, text: str, every: bool) -> None:
        self.text = text
        self.every = every
        self.at = 0
        self.clauses = 0
        self.any_field = 0

    def parse(self, field: str) -> Tree:
        tree = self._query(field, depth=0)
        if self.at < len(self.text):
            self._refuse(self.at, 1, f"nothing is open that “{self.text[self.at]}” could close")
        return tree

    def _query(self, field: str, depth: int) -> Tree:
        """Clauses up to a closing bracket or the end."""
        found: list[_Clause] = []
        self._skip()
        while self.at < len(self.text) and self.text[self.at] != ")":
            word = self._operator() if found else None
            clause = self._clause(field, depth)
            if word == "and" and not found[-1].excluded:
                found[-1].required = True
            if word == "or" and self.every and not found[-1].excluded:
                found[-1].required = False
            clause.required |= not clause.excluded and (word == "and" or (self.every and word != "or"))
            found.append(clause)
            self._skip()
        return _joined(found)

    def _operator(self) -> str | None:
        for written, word in _OPERATORS.items():
            end = self.at + len(written)
            if self.text.startswith(written, self.at) and (not written.isalpha() or self._ends_word(end)):
                self.at = end
                self._skip()
                return word
        return None

    def _ends_word(self, end: int) -> bool:
        return end >= len(self.text) or self.text[end] in ' \t\r\n("+-!['

    def _clause(self, field: str, depth: int) -> _Clause:
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            self._refuse(self.at, 1, f"a query may have at most {MAX_CLAUSES:,} clauses")
        required, excluded = self._modifier()
        tree = self._asked(self._field_before(field), depth)
        if boost := _BOOST.match(self.text, self.at):
            self.at = boost.end()
        return _Clause(tree, required, excluded)

    def _modifier(self) -> tuple[bool, bool]:
        """Whether the clause is required (`+`) or excluded (`-`, `!`, `NOT`)."""
        required = excluded = False
        while self.at < len(self.text):
            if self.text.startswith("NOT", self.at) and self._ends_word(self.at + 3):
                excluded, self.at = True, self.at + 3
            elif self.text[self.at] in "+-!":
                required |= self.text[self.at] == "+"
                excluded |= self.text[self.at] != "+"
                self.at += 1
            else:
                break
            self._skip()
        return required and not excluded, excluded

    def _field_before(self, field: str) -> str:
        """The field that stands before a colon here, in the notation of patterns; without one the field around."""
        word = _WORD.match(self.text, self.at)
        if word is None or not self.text.startswith(":", word.end()):
            return field
        name = word[0]
        if problem := name_problem(name):
            self._refuse(word.start(), len(name), problem)
        self.at = word.end() + 1
        self._skip()
        return name

    def _asked(self, field: str, depth: int) -> Tree:
        start = self.at
        if self.text.startswith("(", start):
            return self._group(field, depth)
        self._count(field, start)
        if start < len(self.text) and self.text[start] in "[{":
            return self._range(field)
        if sign := _SIGN.match(self.text, start):
            self.at = sign.end()
            return _leaf(field, _RANGES[sign[0]], self._bound()[0])
        if phrase := _PHRASE.match(self.text, start):
            self.at = phrase.end()
            self._no_slop()
            return _leaf(field, Op.PHRASE, _plain(phrase[1]))
        if regex := _REGEX.match(self.text, start):
            self.at = regex.end()
            return _leaf(field, Op.REGEX, regex[1].replace("\\/", "/"))
        word = _WORD.match(self.text, start)
        if word is None:
            self._refuse(start, 1, "a word, a phrase between quotes or a bracket must stand here")
        self.at = word.end()
        return self._word(field, word[0], start)

    def _group(self, field: str, depth: int) -> Tree:
        start = self.at
        if depth >= MAX_DEPTH:
            self._refuse(start, 1, f"more than {MAX_DEPTH} brackets in one another")
        self.at += 1
        tree = self._query(field, depth + 1)
        if not self.text.startswith(")", self.at):
            self._refuse(start, 1, "this bracket is never closed")
        self.at += 1
        return tree

    def _word(self, field: str, word: str, start: int) -> Tree:
        if fuzzy := _FUZZY.match(self.text, self.at):
            self.at = fuzzy.end()
            return self._fuzzy(field, _plain(word), fuzzy[1], start)
        if field == _EXISTS:
            return Leaf(_plain(word), Op.EXISTS)
        try:
            pattern = parse_pattern(word)
        except PatternError as error:
            self._refuse(start, len(word), str(error))
        if word == "*":
            return MatchAll() if field == "*" else _leaf(field, Op.EXISTS, None)
        if pattern.is_literal:
            return _leaf(field, Op.IS, pattern.text)
        return _leaf(field, Op.WILDCARD, word)

    def _fuzzy(self, field: str, word: str, edits: str, start: int) -> Tree:
        name, wild = _named(field)
        if wild or field_type(name) not in TEXT_TYPES | EXACT_TYPES | {FieldType.UNKNOWN}:
            self._refuse(
                start, len(word), "a word with ~ needs one field of text or keywords", "Such as message:word~1."
            )
        if edits not in ("", "0", "1", "2"):
            self._refuse(start, len(word), "the number after ~ is 0, 1 or 2")
        chosen = int(edits) if edits else 2
        by_words = field_type(name) in TEXT_TYPES
        settings: tuple[Scalar, ...] = (fold(word) if by_words else word, chosen, 0, True, by_words)
        return Formula(Call("nearly", (FieldValue(name), *map(Constant, settings))))

    def _no_slop(self) -> None:
        slop = _FUZZY.match(self.text, self.at)
        if slop and slop[1] not in ("", "0"):
            self._refuse(self.at, slop.end() - self.at, "words of a phrase that stand apart (~) cannot be asked for")
        self.at = slop.end() if slop else self.at

    def _range(self, field: str) -> Tree:
        start = self.at
        low = Op.GTE if self.text[start] == "[" else Op.GT
        self.at += 1
        first, first_open = self._bound()
        self._skip()
        if not self.text.startswith("TO", self.at):
            self._refuse(self.at, 1, "a range is written [from TO to]")
        self.at += 2
        second, second_open = self._bound()
        self._skip()
        if self.text[self.at : self.at + 1] not in ("]", "}"):
            self._refuse(start, 1, "this range is never closed")
        high = Op.LTE if self.text[self.at] == "]" else Op.LT
        self.at += 1
        asked = [] if first_open else [_leaf(field, low, first)]
        asked += [] if second_open else [_leaf(field, high, second)]
        return all_of(*asked) if asked else _leaf(field, Op.EXISTS, None)

    def _bound(self) -> tuple[str, bool]:
        """A value at an end of a range, and whether it is `*`: no end."""
        self._skip()
        found = _BOUND.match(self.text, self.at)
        if found is None:
            self._refuse(self.at, 1, "a value must stand here")
        self.at = found.end()
        if found[1] is not None:
            return _plain(found[1]), False
        return _plain(found[2]), found[2] == "*"

    def _count(self, field: str, start: int) -> None:
        self.any_field += _named(field)[1]
        if self.any_field > MAX_ANY_FIELD:
            message = f"more than {MAX_ANY_FIELD} values are asked of any field, or of a field name with a wildcard"
            self._refuse(start, 1, message, "Name the field, such as process.name:perl.")

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def _refuse(self, start: int, width: int, message: str, hint: str | None = None) -> NoReturn:
        raise LanguageError.at(self.text, min(start, max(len(self.text) - 1, 0)), width, message, hint)


def _joined(clauses: list[_Clause]) -> Tree:
    """What is required and not excluded; without anything required one of the others; exclusions alone take from all
    events."""
    required = [clause.tree for clause in clauses if clause.required]
    excluded = [negated(clause.tree) for clause in clauses if clause.excluded]
    others = [clause.tree for clause in clauses if not clause.required and not clause.excluded]
    if required or (excluded and not others):
        return all_of(*required, *excluded)
    return all_of(any_of(*others), *excluded) if others else MatchNone()


def _leaf(field: str, op: Op, value: str | None) -> Leaf:
    name, wild = _named(field)
    return Leaf(name, op, () if value is None else (value,), wild_field=wild)


def _named(field: str) -> tuple[str, bool]:
    """The name of a field, and whether it is a pattern: a star in it is a wildcard even where it is escaped."""
    name = _plain(field)
    if "*" not in name:
        return name, False
    return name.replace("\\", "\\\\").replace("?", "\\?"), True


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: found[1], text)
