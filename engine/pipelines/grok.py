r"""GROK: columns out of a text by patterns with names, `%{IP:source.ip} %{NUMBER:bytes:int}`.

A pattern may fit anywhere in the text. It is read as Elasticsearch's regular expressions are (Oniguruma's): `^` and `$`
are the ends of a line, `.` any character but its end, `(?m)` makes it that too, `\h` is a hexadecimal digit. Everything
runs in RE2, in time linear in the text; what RE2 lacks is an error that names it.

A pattern is compiled twice: for texts that are all ASCII, and with `\w`, `\d` and `\s` of all scripts. There `\b` is
the edge of an ASCII word, except in WORD.
Source: Elasticsearch reference, ES|QL GROK; grok processor.
"""

import re
import struct
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import lru_cache

import re2

from engine.errors import PatternError
from engine.pipelines.extracting import Extraction, Taken, as_value
from engine.pipelines.grok_patterns import GUARDED, PATTERNS
from engine.pipelines.types import One, Type

GrokPattern = Extraction

MAX_LENGTH = 10_000
MAX_CAPTURES = 500
_LONGEST_SOURCE = 200_000
_DEEPEST = 20
_RE2_MEMORY = 16 << 20

_REFERENCE = re.compile(r"%\{([A-Za-z0-9_]+)(?::([A-Za-z0-9_@.\[\]-]+))?(?::([A-Za-z0-9_]+))?\}")
_GROUP = re.compile(r"\(\?<([A-Za-z_][A-Za-z0-9_@.-]*)>")
_FLAGS = re.compile(r"\(\?([a-z]*)(?:-([a-z]*))?([:)])")
_GREEDY = re.compile(r"(?:%\{GREEDYDATA(?::[^}]*)?\}|\.\*)%\{([A-Za-z0-9_]+)[:}]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")
_LOOKING = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "an atomic group",
}

# Letters, marks, numbers and connecting punctuation of all scripts; those that are not ASCII, by themselves.
_WORD_CLASS = r"\p{L}\p{M}\p{N}\p{Pc}"
_SPACE_CLASS = r"\s\x0b\x{85}\p{Z}"
_BEYOND = r"[\p{L}\p{M}\p{N}\p{Pc}]"
# A word begins and ends where `\b` says so of its ASCII characters, and where it does not of the others.
_WORD = rf"(?:(?:\b\w|\B{_BEYOND})[{_WORD_CLASS}]*(?:\w\b|{_BEYOND}\B)|\b\w\b|\B{_BEYOND}\B)"

_OUTSIDE = {"w": f"[{_WORD_CLASS}]", "W": f"[^{_WORD_CLASS}]", "d": r"\p{Nd}", "D": r"\P{Nd}"} | {
    "s": f"[{_SPACE_CLASS}]",
    "S": f"[^{_SPACE_CLASS}]",
}
_INSIDE = {"w": _WORD_CLASS, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": _SPACE_CLASS}
_BOTH = {"h": "[0-9A-Fa-f]", "H": "[^0-9A-Fa-f]", "Z": r"(?:\n?\z)", "R": r"(?:\r\n|[\n\x0b\f\r])"}

_TYPES = {"int": Type.INTEGER, "long": Type.LONG, "float": Type.DOUBLE, "double": Type.DOUBLE, "boolean": Type.BOOLEAN}
Convert = Callable[[str], One | None]


def compile_grok(*patterns: str) -> GrokPattern:
    """Make a pattern ready. Of several that fit, the one whose fit begins first counts, then the first of them.

    The columns are sorted by name. Raises: PatternError.
    """
    return _compiled(patterns)


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> GrokPattern:
    if sum(map(len, patterns)) > MAX_LENGTH:
        raise PatternError(f"a pattern may have at most {MAX_LENGTH:,} characters")
    if any("\ud800" <= character <= "\udfff" for pattern in patterns for character in pattern):
        raise PatternError("the pattern holds half a character")
    source = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)
    reader = _Grok(source)
    return GrokPattern(tuple(sorted(reader.columns.items())), reader.test)


class _Grok:
    """A pattern in both its forms."""

    def __init__(self, source: str) -> None:
        first = _Translator(source, everywhere=False)
        self._ascii = _re2(first.source)
        self._everywhere = _re2(_Translator(source, everywhere=True).source)
        self._captures = first.captures
        self.columns = {name: _TYPES.get(kind, Type.KEYWORD) for name, kind in first.captures}
        _refuse_two_types(first.captures)
        self._converts = [_CONVERTS.get(kind, str) for _, kind in first.captures]

    def test(self, text: str) -> Taken | None:
        """What the pattern takes from a text; None where it does not fit."""
        plain = text.isascii()
        # RE2 reads UTF-8, which cannot carry half a character.
        readable = text if plain else text.encode("utf-8", "replace").decode("utf-8")
        found = (self._ascii if plain else self._everywhere).search(readable)
        return None if found is None else self._taken(found)

    def _taken(self, found: "re2._Match") -> Taken:
        gathered: dict[str, list[One]] = {name: [] for name in self.columns}
        for number, ((name, _), convert) in enumerate(zip(self._captures, self._converts, strict=True)):
            text = found.group(f"c{number}")
            value = None if text is None else convert(text)
            if value is not None:
                gathered[name].append(value)
        return {name: as_value(values) for name, values in gathered.items()}


def _refuse_two_types(captures: Sequence[tuple[str, str]]) -> None:
    kinds: dict[str, str] = {}
    for name, kind in captures:
        known = kinds.setdefault(name, kind)
        if _TYPES.get(known) is not _TYPES.get(kind):
            raise PatternError(f"{name} cannot have two types")


def _re2(source: str) -> "re2._Regexp":
    options = re2.Options()
    options.max_mem = _RE2_MEMORY
    options.log_errors = False
    try:
        return re2.compile(f"(?m:{source})", options)
    except re2.error as error:
        raise PatternError(_said(error, source)) from None


def _said(error: Exception, source: str) -> str:
    """What is wrong in RE2's words, and where unless that is all of it."""
    words = error.args[0] if error.args else ""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    reason, _, where = said.partition(": ")
    if "too large" in reason or "out of memory" in reason:
        return "the pattern is too large"
    shown = f": {where}" if 0 < len(where) <= 40 and where in source else ""
    return f"the pattern cannot be read: {reason}{shown}"


class _Translator:
    """Reads a pattern from left to right and writes it for RE2, with the patterns that it names in their places."""

    def __init__(self, pattern: str, *, everywhere: bool) -> None:
        self.captures: list[tuple[str, str]] = []
        self._everywhere = everywhere
        self._length = 0
        self.source = self._translated(pattern, 0)

    def _translated(self, pattern: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise PatternError("the pattern leads through too many others")
        parts: list[str] = []
        at = 0
        while at < len(pattern):
            part, at = self._next(pattern, at, depth)
            parts.append(part)
            self._length += len(part)
            if self._length > _LONGEST_SOURCE:
                raise PatternError("the pattern is too large")
        return "".join(parts)

    def _next(self, pattern: str, at: int, depth: int) -> tuple[str, int]:
        """What the next part of the pattern is for RE2, and where the one after it begins."""
        character = pattern[at]
        if character == "%" and pattern.startswith("%{", at):
            return self._reference(pattern, at, depth)
        if character == "\\":
            return self._escape(pattern, at, _OUTSIDE)
        if character == "[":
            return self._class(pattern, at)
        if character == "(":
            return self._group(pattern, at)
        if character == "." and (guard := _guard(pattern, at)):
            return guard, at + 2
        return character, at + 1

    def _reference(self, pattern: str, at: int, depth: int) -> tuple[str, int]:
        found = _REFERENCE.match(pattern, at)
        if found is None:
            raise PatternError("`%{` begins a pattern such as %{IP:source.ip} or %{NUMBER:bytes:int}")
        name, column, kind = found.groups()
        if name not in PATTERNS:
            raise PatternError(_unknown(name))
        opening = self._capture(column, kind or "") if column else "(?:"
        return f"{opening}{self._named(pattern, at, name, depth)})", found.end()

    def _named(self, pattern: str, at: int, name: str, depth: int) -> str:
        if name == "WORD" and self._everywhere:
            return _WORD
        return _guard(pattern, at) or self._translated(PATTERNS[name], depth + 1)

    def _capture(self, column: str, kind: str) -> str:
        if len(self.captures) >= MAX_CAPTURES:
            raise PatternError(f"a pattern may name at most {MAX_CAPTURES} columns")
        self.captures.append((_dotted(column), kind))
        return f"(?P<c{len(self.captures) - 1}>"

    def _escape(self, pattern: str, at: int, classes: dict[str, str]) -> tuple[str, int]:
        if at + 1 == len(pattern):
            raise PatternError("a backslash at the end of a pattern escapes nothing")
        letter = pattern[at + 1]
        if classes is _OUTSIDE and letter in _BOTH:
            return _BOTH[letter], at + 2
        if letter == "h" and classes is _INSIDE:
            return "0-9A-Fa-f", at + 2
        if letter in "123456789k" and classes is _OUTSIDE:
            raise PatternError("a pattern cannot refer back to a group")
        if self._everywhere and letter in classes:
            return classes[letter], at + 2
        if letter.isalnum() or not letter.isascii():
            return (pattern[at : at + 2], at + 2) if letter.isascii() else (letter, at + 2)
        return f"\\{letter}", at + 2

    def _class(self, pattern: str, at: int) -> tuple[str, int]:
        """A class of characters, to its `]`."""
        start = at
        at += 2 if pattern.startswith("[^", at) else 1
        parts = [pattern[start:at]]
        if pattern.startswith("]", at):
            parts.append("\\]")
            at += 1
        while at < len(pattern) and pattern[at] != "]":
            part, at = self._of_class(pattern, at)
            parts.append(part)
        if at >= len(pattern):
            raise PatternError("a `[` is never closed; `\\[` is the character")
        return "".join(parts) + "]", at + 1

    def _of_class(self, pattern: str, at: int) -> tuple[str, int]:
        if pattern[at] == "\\":
            return self._escape(pattern, at, _INSIDE)
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0:
            return pattern[at : end + 2], end + 2
        if pattern[at] == "[" or pattern.startswith("&&", at):
            raise PatternError("a class cannot hold another class; `\\[` is the character")
        return pattern[at], at + 1

    def _group(self, pattern: str, at: int) -> tuple[str, int]:
        """The opening of a group."""
        if not pattern.startswith("(?", at):
            return "(?:", at + 1
        for opening, name in _LOOKING.items():
            if pattern.startswith(opening, at):
                raise PatternError(f"`{opening}` ({name}) cannot be judged in time linear in the text")
        if pattern.startswith("(?#", at):
            end = pattern.find(")", at)
            return "", len(pattern) if end < 0 else end + 1
        if named := _GROUP.match(pattern, at):
            return self._capture(named[1], ""), named.end()
        if flags := _FLAGS.match(pattern, at):
            return _flags(flags), flags.end()
        raise PatternError("`(?` has to go on as `(?:` or `(?<name>`")


def _guard(pattern: str, at: int) -> str | None:
    """What `.*` has to be where a number follows at once: it may not end within that number."""
    found = _GREEDY.match(pattern, at)
    return rf"(?:.*[^\n{GUARDED[found[1]]}])?" if found and found[1] in GUARDED else None


def _flags(found: re.Match[str]) -> str:
    """Flags in a group: `m` there is `s` here."""
    on, off, end = found[1], found[2] or "", found[3]
    for flag in on + off:
        if flag not in "im":
            raise PatternError(f"the flag {flag} is not known; i and m are")
    minus = f"-{off}" if off else ""
    return f"(?{on}{minus}{end}".replace("m", "s")


def _dotted(column: str) -> str:
    """`[a][b]` is another way to write `a.b`."""
    return column[1:-1].replace("][", ".") if column.startswith("[") and column.endswith("]") else column


def _unknown(name: str) -> str:
    near = get_close_matches(name.upper(), PATTERNS, 1)
    return f"there is no pattern called {name[:60]}" + (f"; did you mean {near[0]}?" if near else "")


def _whole(size: int) -> Convert:
    def convert(text: str) -> int | None:
        digits = text[1:] if text[:1] in "+-" else text
        if not (digits.isascii() and digits.isdigit() and len(digits) < 40):
            return None
        number = int(text)
        return number if -(2 ** (size - 1)) <= number < 2 ** (size - 1) else None

    return convert


def _double(text: str) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and abs(number) != float("inf") else None


def _single(text: str) -> float | None:
    """A number with the precision of 32 bits, as `float` is there."""
    number = _double(text)
    try:
        return None if number is None else float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return None


_CONVERTS: dict[str, Convert] = {
    "int": _whole(32),
    "long": _whole(64),
    "double": _double,
    "float": _single,
    "boolean": lambda text: text.lower() == "true",
}
