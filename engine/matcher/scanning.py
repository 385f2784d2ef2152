"""Which of many patterns fit a text, in one or two scans.

One RE2 Set holds, of each wildcard pattern, something that a machine of few states finds: the pattern itself when its
stars stand only at its ends, else its longest piece, and the pattern's own test then decides. Patterns that have no
piece worth searching are in a second, small Set as they are, and with them the regular expressions.

They must not all be in one Set: every combination of half-found `a*b` is a state of its own, and a sender of random
texts would have us make hundreds of them for each.

A text of ASCII letters is searched once for patterns with and without regard to case. Other texts are folded by our
own table first (engine/folding.py), since RE2's idea of case is another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import re2

from engine.lucene_regex import TextTest, source_test
from engine.matcher.pieces import Found, found_by, quickly
from engine.patterns import Pattern, Wild

_MOST_CHARACTERS = 40_000  # of patterns in one Set, so that its machine fits into its memory
_MEMORY = 24 << 20
_RENEW_AFTER = 200_000


@dataclass(frozen=True, slots=True)
class Searched:
    """A pattern, or the RE2 source of a regular expression, and the bit that stands for it.

    With `fold` it is written for folded texts.
    """

    what: Pattern | str
    bit: int
    fold: bool


class Scanner:
    """The patterns of one field. The machines are built at the first scan that needs them."""

    __slots__ = ("_always", "_ascii", "_folded_literals", "_literals", "_others", "_searched")

    def __init__(self, searched: Iterable[Searched]) -> None:
        self._literals: dict[str, int] = {}
        self._folded_literals: dict[str, int] = {}
        self._always = 0
        self._searched: list[Searched] = []
        self._ascii: list[_Machine] | None = None
        self._others: list[_Machine] | None = None
        for one in searched:
            self._sort_in(one)

    def _sort_in(self, one: Searched) -> None:
        if isinstance(one.what, Pattern) and one.what.is_literal:
            literals = self._folded_literals if one.fold else self._literals
            literals[one.what.text] = literals.get(one.what.text, 0) | one.bit
        elif isinstance(one.what, Pattern) and one.what.parts == (Wild.RUN,):
            self._always |= one.bit
        else:
            self._searched.append(one)

    def scan(self, text: str, in_one_case: str) -> int:
        """The bits of the patterns that the whole text fits, given with what it is when folded. Two to ten
        microseconds."""
        bits = self._literals.get(text, 0) | self._always
        if self._folded_literals:
            bits |= self._folded_literals.get(in_one_case, 0)
        if not self._searched:
            return bits
        if not text.isascii():
            return bits | self._scan_others(text, in_one_case)
        if self._ascii is None:
            self._ascii = _ascii_machines(self._searched)
        encoded = text.encode()
        for machine in self._ascii:
            bits |= machine.scan(text, in_one_case, encoded)
        return bits

    def _scan_others(self, text: str, in_one_case: str) -> int:
        bits = 0
        try:
            encoded = text.encode()
        except UnicodeEncodeError:  # half a surrogate pair, which a Set's UTF-8 cannot carry
            for one in self._searched:
                bits |= one.bit if _test_of(one.what)(in_one_case if one.fold else text) else 0
            return bits
        if self._others is None:
            self._others = _machines(self._searched)
        for machine in self._others:
            bits |= machine.scan(text, in_one_case, encoded)
        return bits


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a machine finds, and for whom."""

    found: Found
    searched: Searched


def _ascii_machines(searched: Iterable[Searched]) -> "list[_Machine]":
    """For texts of ASCII letters, where RE2 may disregard case; a pattern with other letters fits none of them."""
    entries = []
    for one in searched:
        if isinstance(one.what, str) and one.fold:
            continue
        found = found_by(one.what)
        if one.fold and not found.expression.isascii():
            continue
        entries.append(_Entry(found.caseless() if one.fold else found, one))
    regexes = [_Entry(found_by(one.what), one) for one in searched if isinstance(one.what, str) and one.fold]
    return [*_sorted_out(entries, False), *_sorted_out(regexes, True)]


def _machines(searched: Iterable[Searched]) -> "list[_Machine]":
    """For all other texts: some are asked as they are, some folded."""
    entries = [_Entry(found_by(one.what), one) for one in searched]
    exact = [entry for entry in entries if not entry.searched.fold]
    return [*_sorted_out(exact, False), *_sorted_out([entry for entry in entries if entry.searched.fold], True)]


def _sorted_out(entries: list[_Entry], fold: bool) -> "list[_Machine]":
    """Those that take many states are kept from the others."""
    light = [entry for entry in entries if not entry.found.heavy]
    heavy = [entry for entry in entries if entry.found.heavy]
    return [machine for some in (*_portions(light), *_portions(heavy)) for machine in _machines_of(some, fold)]


def _portions(entries: list[_Entry]) -> list[list[_Entry]]:
    portions: list[list[_Entry]] = []
    room = 0
    for entry in entries:
        if not portions or len(entry.found.expression) > room:
            portions.append([])
            room = _MOST_CHARACTERS
        portions[-1].append(entry)
        room -= len(entry.found.expression)
    return portions


def _machines_of(entries: list[_Entry], fold: bool) -> "list[_Machine]":
    """One Set, or where RE2 cannot hold it several, at last each entry by its own test."""
    made = _made([entry.found.expression for entry in entries])
    if made is not None or len(entries) == 1:
        return [_Machine(entries, made, fold)]  # a single one without a Set is asked by its own test
    middle = len(entries) // 2
    return _machines_of(entries[:middle], fold) + _machines_of(entries[middle:], fold)


def _made(expressions: Iterable[str]) -> re2.Set | None:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.dot_nl = True
    options.never_capture = True
    made = re2.Set.SearchSet(options)
    try:
        for expression in expressions:
            made.Add(expression)
        made.Compile()
    except re2.error:
        return None
    return made


class _Machine:
    """One RE2 Set. Its states pile up in memory, so it is made anew after a great many texts."""

    __slots__ = ("_certain", "_entries", "_fold", "_match", "_scans", "_tests")

    def __init__(self, entries: list[_Entry], made: re2.Set | None, fold: bool) -> None:
        self._entries, self._fold = entries, fold
        self._match = _matching(made)
        self._certain = [entry.searched.bit if entry.found.decides is None else 0 for entry in entries]
        """The bits of the patterns that are found as they are; 0 where a pattern's own test decides."""
        if made is None:
            self._certain[0] = 0
        self._tests: dict[int, TextTest] = {}
        self._scans = 0

    def scan(self, text: str, in_one_case: str, encoded: bytes) -> int:
        """The bits of its patterns that the text fits; `encoded` is the text in UTF-8."""
        bits = 0
        self._scans += 1
        if self._scans > _RENEW_AFTER:
            self._renew()
        for number in self._match(in_one_case.encode() if self._fold else encoded):
            bit = self._certain[number]
            if bit:
                bits |= bit
            elif self._test_of(number)(in_one_case if self._entries[number].searched.fold else text):
                bits |= self._entries[number].searched.bit
        return bits

    def _renew(self) -> None:
        self._scans = 0
        made = _made([entry.found.expression for entry in self._entries])
        if made is not None:
            self._match = _matching(made)

    def _test_of(self, number: int) -> TextTest:
        """The pattern's own test, made when its piece is first found."""
        test = self._tests.get(number)
        if test is None:
            test = self._tests[number] = _test_of(self._entries[number].searched.what)
        return test


_FIRST = (0,)
_Match: TypeAlias = Callable[[bytes], Iterable[int]]


def _matching(made: re2.Set | None) -> _Match:
    """The Set's own function, without the wrapper that takes texts as well. Without a Set the first is always found."""
    if made is None:
        return lambda _text: _FIRST
    own: _Match = getattr(made, "_set", made).Match
    return own


def _test_of(what: Pattern | str) -> TextTest:
    return quickly(what) if isinstance(what, Pattern) else source_test(what)
