"""Which of many wildcard patterns fit a text, in one or two scans.

One RE2 Set holds, of each pattern, something that a machine of few states finds: the pattern itself when its stars
stand only at its ends, else its longest piece, and the pattern's own test then decides. Patterns that have no piece
worth searching are in a second, small Set as they are.

They must not all be in one Set: every combination of half-found `a*b` is a state of its own, and a sender of random
texts would have us make hundreds of them for each.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import re2

from engine.patterns import Pattern, Wild, pattern_test

_SHORTEST_PIECE = 4
_MOST_CHARACTERS = 40_000  # of patterns in one Set, so that its machine fits into its memory
_MEMORY = 24 << 20
_RENEW_AFTER = 200_000

Part = str | Wild


@dataclass(frozen=True, slots=True)
class Searched:
    """A pattern and the bit that stands for it."""

    pattern: Pattern
    bit: int


class PatternScanner:
    """The patterns of one field, all with or all without regard to case. The machines are built at the first scan."""

    __slots__ = ("_always", "_literals", "_sets", "_to_search")

    def __init__(self, patterns: Iterable[Searched]) -> None:
        self._literals: dict[str, int] = {}
        self._always = 0
        self._to_search: list[Searched] = []
        self._sets: list[_Set] | None = None
        for searched in patterns:
            self._sort_in(searched)

    def _sort_in(self, searched: Searched) -> None:
        if searched.pattern.is_literal:
            text = searched.pattern.text
            self._literals[text] = self._literals.get(text, 0) | searched.bit
        elif searched.pattern.parts == (Wild.RUN,):
            self._always |= searched.bit
        else:
            self._to_search.append(searched)

    def scan(self, text: str) -> int:
        """The bits of the patterns that the whole text fits. One to ten microseconds."""
        bits = self._literals.get(text, 0) | self._always
        if self._to_search:
            try:
                encoded = text.encode()
            except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot carry
                return bits | self._one_by_one(text)
            for one in self._built():
                bits |= one.scan(encoded, text)
        return bits

    def _one_by_one(self, text: str) -> int:
        bits = 0
        for searched in self._to_search:
            bits |= searched.bit if pattern_test(searched.pattern)(text) else 0
        return bits

    def _built(self) -> "list[_Set]":
        if self._sets is None:
            entries = list(map(_entry, self._to_search))
            self._sets = [
                _Set(some) for kind in (False, True) for some in _portions([e for e in entries if e.heavy is kind])
            ]
        return self._sets


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is searched for a pattern; where that is only a piece of it, the pattern decides."""

    expression: str
    bit: int
    decides: Pattern | None = None
    heavy: bool = False


def _entry(searched: Searched) -> _Entry:
    segments = _segments(searched.pattern.parts)
    if len([segment for segment in segments if segment]) == 1:
        at = next(number for number, segment in enumerate(segments) if segment)
        return _Entry(_expression(segments, at), searched.bit)
    best = max(range(len(segments)), key=lambda at: _weight(segments[at]))
    if _weight(segments[best]) >= _SHORTEST_PIECE:
        return _Entry(_expression(segments, best), searched.bit, searched.pattern)
    whole = ".*".join(map(_source, segments))
    return _Entry(rf"\A{whole}\z", searched.bit, heavy=True)


def _segments(parts: Sequence[Part]) -> list[list[Part]]:
    """What stands before, between and after the stars; nothing stands before a leading one."""
    segments: list[list[Part]] = [[]]
    for part in parts:
        if part is Wild.RUN:
            segments.append([])
        else:
            segments[-1].append(part)
    return segments


def _weight(segment: list[Part]) -> int:
    """How much a segment tells: the characters of its longest literal."""
    return max((len(part) for part in segment if isinstance(part, str)), default=0)


def _expression(segments: list[list[Part]], at: int) -> str:
    head = r"\A" if at == 0 else ""
    tail = r"\z" if at == len(segments) - 1 else ""
    return f"{head}{_source(segments[at])}{tail}"


def _source(segment: list[Part]) -> str:
    return "".join(re2.escape(part) if isinstance(part, str) else "." for part in segment)


def _portions(entries: list[_Entry]) -> list[list[_Entry]]:
    portions: list[list[_Entry]] = []
    room = 0
    for entry in entries:
        if not portions or len(entry.expression) > room:
            portions.append([])
            room = _MOST_CHARACTERS
        portions[-1].append(entry)
        room -= len(entry.expression)
    return portions


class _Set:
    """One RE2 Set. Its states pile up in memory, so it is made anew after a great many texts."""

    __slots__ = ("_entries", "_scans", "_set", "_tests")

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._tests: dict[int, Callable[[str], bool]] = {}
        self._renew()

    def _renew(self) -> None:
        self._scans = 0
        self._set = re2.Set.SearchSet(_options())
        for entry in self._entries:
            self._set.Add(entry.expression)
        self._set.Compile()

    def scan(self, encoded: bytes, text: str) -> int:
        self._scans += 1
        if self._scans > _RENEW_AFTER:
            self._renew()
        bits = 0
        for number in self._set.Match(encoded) or ():
            entry = self._entries[number]
            if entry.decides is None or self._test_of(number)(text):
                bits |= entry.bit
        return bits

    def _test_of(self, number: int) -> Callable[[str], bool]:
        """The pattern's own test, made when its piece is first found."""
        test = self._tests.get(number)
        if test is None:
            pattern = self._entries[number].decides
            test = self._tests[number] = pattern_test(pattern) if pattern else bool
        return test


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.dot_nl = True
    options.never_capture = True
    return options
