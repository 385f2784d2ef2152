r"""Lucene's regular expressions, judged by RE2 in time linear in the value.

An expression always covers the whole value, and `^` and `$` are ordinary characters. Beyond the usual
(`. ? * + {n,m} | ( ) [a-z] [^a-z] \d \D \s \S \w \W`) Lucene has `@` any text, `#` no text at all, `"…"` a text as it
stands, `<1-99>` a number between, `~` what follows not, and `&` both sides. RE2 has no `~` and no `&`: they are worked
out beside it where the whole expression is made of them. Between other parts `~` may stand before characters and
classes in a row (`a~bc`), and `&` beside a mere text (`a(.*>&1|b)`), which can be written without them; all else is an
error.

Without regard to case, value and expression are folded alike (engine/folding.py); a class such as `[A-Z]` then also
takes the folded forms of its characters, and `[^a-z]` none of them.
Source: Lucene's documentation of RegExp, with all optional operators on, as EQL has them.
"""

from collections.abc import Callable
from functools import lru_cache

import re2

from engine.errors import PatternError
from engine.folding import fold as folded
from engine.lucene_classes import CLASSES, NO_CHARACTER, Ranges, complement, folded_ranges
from engine.lucene_intervals import interval_source, is_bound
from engine.lucene_parts import (
    CLASS_WEIGHT,
    Both,
    Either,
    Except,
    Node,
    Plain,
    any_of,
    escaped,
    literal_of,
    one_of,
    plain_parts,
    steps_of,
    unlike,
)

MAX_LENGTH = 10_000
MAX_REPEAT = 1_000
MAX_GROUPS = 50
_RE2_MEMORY = 8 << 20
_LONGEST_SOURCE = 200_000
_MOST_INTERVALS = 20
_MOST_WEIGHT = 100_000
_NOTHING = Plain(NO_CHARACTER, CLASS_WEIGHT)
TextTest = Callable[[str], bool]


class RegexError(PatternError):
    """An expression that cannot be read or that RE2 cannot judge; `at` is the place in it."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


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
    return node.source if isinstance(node, Plain) else None


def _test_of(node: Node, expression: str) -> TextTest:
    match node:
        case Plain(source):
            return source_test(source)
        case Either(parts):
            return _any_test([_test_of(part, expression) for part in parts])
        case Both(parts):
            return _all_test([_test_of(part, expression) for part in parts])
        case Except(part):
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

    def read(self) -> Node:
        if not self.text:
            return Plain("")
        node = self._either()
        if self._more():
            raise self._error("this `)` closes nothing")
        self._weigh(sum(part.weight for part in plain_parts(node)), 0)
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

    def _either(self) -> Node:
        parts = [self._both()]
        while self._match("|"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        if all(isinstance(part, Plain) for part in parts):
            return any_of([part for part in parts if isinstance(part, Plain)])
        return Either(tuple(parts))

    def _both(self) -> Node:
        start = self.at
        parts = [self._row()]
        while self._match("&"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Both(tuple(parts), start)

    def _row(self) -> Node:
        """Parts one after another; Lucene reads the first whatever it is."""
        start = self.at
        parts = [self._repeated()]
        while self._more() and not self._peek(")|&"):
            parts.append(self._repeated())
        if len(parts) == 1:
            return parts[0]
        plain = [self._plain(part, start) for part in parts]
        return Plain("".join(part.source for part in plain), sum(part.weight for part in plain), steps_of(plain))

    def _plain(self, node: Node, start: int) -> Plain:
        """The part as RE2 reads it.

        Raises: RegexError when it is made of what RE2 lacks.
        """
        match node:
            case Plain():
                return node
            case Either(parts):
                return any_of([self._plain(part, start) for part in parts])
            case Both(parts, at):
                return self._shared([self._plain(part, start) for part in parts], at)
            case Except(Except(part)):
                return self._plain(part, start)
            case Except(Plain(steps=steps)) if steps is not None:
                return Plain(unlike(steps), (len(steps) + 1) * 2 * CLASS_WEIGHT)
            case Except(at=at):
                raise self._error("`~` (not) can only stand before plain characters here; `\\~` is the character", at)

    def _shared(self, parts: list[Plain], at: int) -> Plain:
        """What all parts fit, where one of them is a mere text: that text or nothing.

        Raises: RegexError where none is.
        """
        for part in parts:
            text = literal_of(part)
            if text is not None:
                return part if all(source_test(other.source)(text) for other in parts) else _NOTHING
        raise self._error("`&` (both sides) can only join whole expressions here; `\\&` is the character", at)

    def _repeated(self) -> Node:
        start = self.at
        node = self._negated()
        while self._peek("?*+{"):
            mark = self._next()
            count, times = self._counts() if mark == "{" else (mark, 1)
            plain = self._plain(node, start)
            node = Plain(f"(?:{plain.source}){count}", self._weigh(plain.weight * times, start))
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

    def _negated(self) -> Node:
        start, negations = self.at, 0
        while self._match("~"):
            negations += 1
        node = self._one()
        if negations == 0:
            return node
        once = Except(node, start)
        return once if negations % 2 else Except(once, start)

    def _one(self) -> Node:
        start = self.at
        if self._match("["):
            return self._class()
        if self._match("."):
            return Plain(".", CLASS_WEIGHT, ((".", NO_CHARACTER),))
        for mark, part in (("#", NO_CHARACTER), ("@", "(?:.*)")):
            if self._match(mark):
                return Plain(part, CLASS_WEIGHT)
        if self._match('"'):
            return self._quoted(start)
        if self._match("("):
            return self._group(start)
        if self._match("<"):
            return Plain(self._interval(start))
        if ranges := self._predefined():
            return one_of(ranges, False)
        return self._literal(self._character())

    def _group(self, start: int) -> Node:
        if self._match(")"):
            return Plain("", steps=())
        self.groups += 1
        if self.groups > MAX_GROUPS:
            raise self._error(f"more than {MAX_GROUPS} groups in one another", start)
        node = self._either()
        if not self._match(")"):
            raise self._error("this `(` is never closed; `\\(` is the character", start)
        self.groups -= 1
        return Plain(f"(?:{node.source})", node.weight, node.steps) if isinstance(node, Plain) else node

    def _quoted(self, start: int) -> Plain:
        end = self.text.find('"', self.at)
        if end < 0:
            raise self._error('this `"` is never closed; `\\"` is the character', start)
        content, self.at = self.text[self.at : end], end + 1
        parts = [self._literal(character) for character in content]
        return Plain("(?:" + "".join(part.source for part in parts) + ")", len(parts) + 1, steps_of(parts))

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

    def _class(self) -> Plain:
        """A class in square brackets; the first character in it may be the closing bracket."""
        start = self.at - 1
        negated = self._match("^")
        ranges = self._class_part()
        while self._more() and not self._peek("]"):
            ranges += self._class_part()
        if not self._match("]"):
            raise self._error("this `[` is never closed; `\\[` is the character", start)
        return one_of(folded_ranges(ranges) if self.fold else ranges, negated)

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

    def _literal(self, character: str) -> Plain:
        source = escaped(ord(folded(character) if self.fold else character))
        return Plain(source, 1, ((source, f"[^{source}]"),))
