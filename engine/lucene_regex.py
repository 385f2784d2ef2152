r"""Lucene's regular expressions, judged by RE2 in time linear in the value.

An expression always covers the whole value, and `^` and `$` are ordinary characters. Beyond the usual
(`. ? * + {n,m} | ( ) [a-z] [^a-z] \d \D \s \S \w \W`) Lucene has `@` any text, `#` no text at all, `"…"` a text as it
stands, `<1-99>` a number between, `~` what follows not, and `&` both sides. RE2 has no `~` and no `&`: they are worked
out beside it where the whole expression is made of them; inside a repetition or between other parts they are an error.

Without regard to case, value and expression are folded alike (engine/folding.py); a class such as `[A-Z]` then also
takes the folded forms of its characters, and `[^a-z]` none of them.
Source: Lucene's documentation of RegExp, with all optional operators on, as EQL has them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import re2

from engine.errors import PatternError
from engine.folding import fold as folded
from engine.lucene_classes import CLASSES, NO_CHARACTER, Ranges, class_source, complement, folded_ranges
from engine.lucene_intervals import interval_source, is_bound

MAX_LENGTH = 10_000
MAX_REPEAT = 1_000
MAX_GROUPS = 50
_RE2_MEMORY = 8 << 20
_LONGEST_SOURCE = 200_000
_MOST_INTERVALS = 20
_MOST_WEIGHT = 100_000
_CLASS_WEIGHT = 8
TextTest = Callable[[str], bool]


class RegexError(PatternError):
    """An expression that cannot be read or that RE2 cannot judge; `at` is the place in it."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


@dataclass(frozen=True, slots=True)
class _Plain:
    """A part that RE2 judges; `weight` is roughly how large it is to RE2, with its repetitions written out."""

    source: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class _Either:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Both:
    parts: "tuple[_Node, ...]"
    at: int


@dataclass(frozen=True, slots=True)
class _Except:
    part: "_Node"
    at: int


_Node: TypeAlias = _Plain | _Either | _Both | _Except


@lru_cache(maxsize=4_096)
def regex_test(expression: str, fold: bool = False) -> TextTest:
    """A function that says whether a whole text fits; with `fold` the text must be folded already.

    Raises: RegexError.
    """
    return _test_of(_Reader(expression, fold).read(), expression)


def re2_source(expression: str, fold: bool = False) -> str | None:
    """What RE2 judges a whole text by, so that many expressions can be searched at once; None where it takes more.

    Raises: RegexError.
    """
    node = _Reader(expression, fold).read()
    return node.source if isinstance(node, _Plain) else None


def _test_of(node: _Node, expression: str) -> TextTest:
    match node:
        case _Plain(source):
            return source_test(source)
        case _Either(parts):
            return _any_test([_test_of(part, expression) for part in parts])
        case _Both(parts):
            return _all_test([_test_of(part, expression) for part in parts])
        case _Except(part):
            return _not_test(_test_of(part, expression))


def _any_test(tests: list[TextTest]) -> TextTest:
    return lambda text: any(test(text) for test in tests)


def _all_test(tests: list[TextTest]) -> TextTest:
    return lambda text: all(test(text) for test in tests)


def _not_test(test: TextTest) -> TextTest:
    return lambda text: not test(text)


def source_test(source: str) -> TextTest:
    """Whether RE2 finds that a whole text fits.

    Raises: RegexError.
    """
    if len(source) > _LONGEST_SOURCE:
        raise RegexError("the expression is too large", 0)
    options = re2.Options()
    options.max_mem = _RE2_MEMORY
    options.log_errors = False
    options.dot_nl = True
    options.never_capture = True
    try:
        compiled = re2.compile(source, options)
    except re2.error as error:
        raise RegexError("the expression is too large", 0) from error
    return lambda text: compiled.fullmatch(_encodable(text)) is not None


def _encodable(text: str) -> str:
    """RE2 reads UTF-8; a lone surrogate, which UTF-8 cannot carry, counts as one unknown character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class _Reader:
    """Reads an expression in the order of Lucene's own parser: or, both, one after another, repeated, not, one."""

    def __init__(self, text: str, fold: bool) -> None:
        if len(text) > MAX_LENGTH:
            raise RegexError(f"an expression may have at most {MAX_LENGTH:,} characters", MAX_LENGTH)
        self.text = text
        self.fold = fold
        self.at = 0
        self.groups = 0
        self.intervals = 0

    def read(self) -> _Node:
        if not self.text:
            return _Plain("")
        node = self._either()
        if self._more():
            raise self._error("this `)` closes nothing")
        self._weigh(sum(part.weight for part in _plain_parts(node)), 0)
        return node

    def _weigh(self, weight: int, at: int) -> int:
        """The weight, unless it is too much.

        Raises: RegexError.
        """
        if weight > _MOST_WEIGHT:
            raise self._error("the expression is too large", at)
        return weight

    def _more(self) -> bool:
        return self.at < len(self.text)

    def _peek(self, characters: str) -> bool:
        return self._more() and self.text[self.at] in characters

    def _match(self, character: str) -> bool:
        found = self._peek(character)
        self.at += found
        return found

    def _next(self) -> str:
        if not self._more():
            raise self._error("the expression ends where a character had to follow")
        self.at += 1
        return self.text[self.at - 1]

    def _error(self, message: str, at: int | None = None) -> RegexError:
        return RegexError(message, min(self.at if at is None else at, max(len(self.text) - 1, 0)))

    def _either(self) -> _Node:
        parts = [self._both()]
        while self._match("|"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        if all(isinstance(part, _Plain) for part in parts):
            plain = [part for part in parts if isinstance(part, _Plain)]
            return _Plain("(?:" + "|".join(part.source for part in plain) + ")", sum(part.weight for part in plain))
        return _Either(tuple(parts))

    def _both(self) -> _Node:
        start = self.at
        parts = [self._row()]
        while self._match("&"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else _Both(tuple(parts), start)

    def _row(self) -> _Node:
        """Parts one after another; Lucene reads the first whatever it is."""
        start = self.at
        parts = [self._repeated()]
        while self._more() and not self._peek(")|&"):
            parts.append(self._repeated())
        if len(parts) == 1:
            return parts[0]
        plain = [self._plain(part, start) for part in parts]
        return _Plain("".join(part.source for part in plain), sum(part.weight for part in plain))

    def _plain(self, node: _Node, start: int) -> _Plain:
        """The part as RE2 reads it.

        Raises: RegexError when it is made of what RE2 lacks.
        """
        match node:
            case _Plain():
                return node
            case _Either(parts):
                plain = [self._plain(part, start) for part in parts]
                return plain[0]
            case _Both(at=at):
                raise self._error("`&` (both sides) can only join whole expressions here; `\\&` is the character", at)
            case _Except(at=at):
                raise self._error("`~` (not) can only stand before a whole expression here; `\\~` is the character", at)

    def _repeated(self) -> _Node:
        start = self.at
        node = self._negated()
        while self._peek("?*+{"):
            mark = self._next()
            count, times = self._counts() if mark == "{" else (mark, 1)
            plain = self._plain(node, start)
            node = _Plain(f"(?:{plain.source}){count}", self._weigh(plain.weight * times, start))
        return node

    def _counts(self) -> tuple[str, int]:
        """How RE2 writes a repetition, and how often it is written out."""
        least = self._number()
        most: int | None = least
        if self._match(","):
            most = self._number() if self._peek("0123456789") else None
        if not self._match("}"):
            raise self._error("`}` had to follow; `\\{` is the character")
        if max(least, most or 0) > MAX_REPEAT:
            raise self._error(f"a repetition of more than {MAX_REPEAT:,} times cannot be judged")
        if most is not None and most < least:
            raise self._error("this repetition ends before it begins")
        count = f"{{{least}}}" if most == least else f"{{{least},{'' if most is None else most}}}"
        return count, max(least, most or 0, 1)

    def _number(self) -> int:
        start = self.at
        while self._peek("0123456789"):
            self.at += 1
        if start == self.at:
            raise self._error("a number had to follow `{`; `\\{` is the character")
        if self.at - start > 9:
            raise self._error("this number is too large", start)
        return int(self.text[start : self.at])

    def _negated(self) -> _Node:
        start, negations = self.at, 0
        while self._match("~"):
            negations += 1
        node = self._one()
        if negations == 0:
            return node
        once = _Except(node, start)
        return once if negations % 2 else _Except(once, start)

    def _one(self) -> _Node:
        start = self.at
        if self._match("["):
            return _Plain(self._class(), _CLASS_WEIGHT)
        for mark, part in ((".", "."), ("#", NO_CHARACTER), ("@", "(?:.*)")):
            if self._match(mark):
                return _Plain(part, _CLASS_WEIGHT)
        if self._match('"'):
            return _Plain(self._quoted(start), self.at - start)
        if self._match("("):
            return self._group(start)
        if self._match("<"):
            return _Plain(self._interval(start))
        if ranges := self._predefined():
            return _Plain(class_source(ranges, False), _CLASS_WEIGHT)
        return _Plain(self._literal(self._character()))

    def _group(self, start: int) -> _Node:
        if self._match(")"):
            return _Plain("")
        self.groups += 1
        if self.groups > MAX_GROUPS:
            raise self._error(f"more than {MAX_GROUPS} groups in one another", start)
        node = self._either()
        if not self._match(")"):
            raise self._error("this `(` is never closed; `\\(` is the character", start)
        self.groups -= 1
        return _Plain(f"(?:{node.source})", node.weight) if isinstance(node, _Plain) else node

    def _quoted(self, start: int) -> str:
        end = self.text.find('"', self.at)
        if end < 0:
            raise self._error('this `"` is never closed; `\\"` is the character', start)
        content, self.at = self.text[self.at : end], end + 1
        return "(?:" + "".join(map(self._literal, content)) + ")"

    def _interval(self, start: int) -> str:
        end = self.text.find(">", self.at)
        if end < 0:
            raise self._error("this `<` is never closed; `\\<` is the character", start)
        first, dash, last = self.text[self.at : end].partition("-")
        if not (dash and is_bound(first) and is_bound(last)):
            raise self._error(
                "only an interval of numbers may stand here, such as `<1-99>`; `\\<` is the character", start
            )
        self.intervals += 1
        if self.intervals > _MOST_INTERVALS:
            raise self._error(f"more than {_MOST_INTERVALS} intervals in one expression", start)
        self.at = end + 1
        low, high = sorted((int(first), int(last)))
        digits = len(first) if len(first) == len(last) else 0
        return interval_source(low, high, digits)

    def _predefined(self) -> Ranges:
        r"""The ranges of `\d` and the like; none when something else stands here."""
        name = self.text[self.at + 1 : self.at + 2]
        if not self._peek("\\") or name.lower() not in CLASSES or not name:
            return ()
        self.at += 2
        ranges = CLASSES[name.lower()]
        return complement(ranges) if name.isupper() else ranges

    def _character(self) -> str:
        self._match("\\")
        return self._next()

    def _class(self) -> str:
        """A class in square brackets; the first character in it may be the closing bracket."""
        start = self.at - 1
        negated = self._match("^")
        ranges = self._class_part()
        while self._more() and not self._peek("]"):
            ranges += self._class_part()
        if not self._match("]"):
            raise self._error("this `[` is never closed; `\\[` is the character", start)
        return class_source(folded_ranges(ranges) if self.fold else ranges, negated)

    def _class_part(self) -> Ranges:
        if ranges := self._predefined():
            return ranges
        start = self.at
        first = last = ord(self._character())
        if self._match("-"):
            last = ord(self._character())
        if last < first:
            raise self._error("this range ends before it begins; `\\-` is the character", start)
        return ((first, last),)

    def _literal(self, character: str) -> str:
        return _escaped(ord(folded(character) if self.fold else character))


def _plain_parts(node: _Node) -> Iterator[_Plain]:
    """The parts that RE2 judges, of which the whole is made."""
    match node:
        case _Plain():
            yield node
        case _Either(parts) | _Both(parts):
            for part in parts:
                yield from _plain_parts(part)
        case _Except(part):
            yield from _plain_parts(part)


def _escaped(code: int) -> str:
    character = chr(code)
    if character.isascii() and (character.isalnum() or character == "_"):
        return character
    return r"\?" if 0xD800 <= code <= 0xDFFF else f"\\x{{{code:X}}}"
