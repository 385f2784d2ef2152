"""Wildcard patterns: `*` any run of characters, `?` any one, a backslash takes the next character literally.

A pattern always covers the whole value. Whatever stands in it, matching takes time linear in the value: patterns
without `?` are a chain of substring searches, the others run in RE2. Python's own `re` never sees a pattern.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import re2

from engine.errors import PatternError

MAX_PATTERN_LENGTH = 32_768
MAX_RUNS = 500
"""How many `*` a pattern with `?` may have: every one of them is a place where RE2 may be at any character."""

_RE2_MEMORY = 64 << 20


class Wild(Enum):
    """The two wildcards of a parsed pattern."""

    RUN = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern taken apart: literal pieces and wildcards in turn, with runs of `*` made one."""

    parts: tuple[str | Wild, ...]

    @property
    def is_literal(self) -> bool:
        return all(isinstance(part, str) for part in self.parts)

    @property
    def literal_prefix(self) -> str:
        """What every matching value begins with."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else ""

    @property
    def text(self) -> str:
        """The literal text of a pattern without wildcards."""
        return "".join(part for part in self.parts if isinstance(part, str))


def parse_pattern(text: str) -> Pattern:
    """Take a pattern apart. A backslash at the very end stands for itself.

    Raises: PatternError when it is too long.
    """
    if len(text) > MAX_PATTERN_LENGTH:
        raise PatternError(f"a pattern may have at most {MAX_PATTERN_LENGTH:,} characters")
    parts: list[str | Wild] = []
    literal: list[str] = []
    characters = iter(text)
    for character in characters:
        if character not in "*?":
            literal.append(next(characters, "\\") if character == "\\" else character)
            continue
        if literal:
            parts.append("".join(literal))
            literal.clear()
        if character == "?" or not parts or parts[-1] is not Wild.RUN:
            parts.append(Wild(character))
    if literal:
        parts.append("".join(literal))
    return Pattern(tuple(parts))


def escape(text: str) -> str:
    """The pattern that matches exactly this text."""
    for special in "\\*?":
        text = text.replace(special, "\\" + special)
    return text


def pattern_test(pattern: Pattern) -> Callable[[str], bool]:
    """A function that says whether a whole value fits the pattern, in time linear in the value.

    Raises: PatternError for more than MAX_RUNS of `*` beside a `?`, or when RE2 cannot hold the pattern.
    """
    if pattern.is_literal:
        return pattern.text.__eq__
    if Wild.ONE in pattern.parts:
        if pattern.parts.count(Wild.RUN) > MAX_RUNS:
            raise PatternError(f"a pattern with `?` may have at most {MAX_RUNS} `*`")
        return _re2_test(pattern)
    return _chain_test(pattern)


def _chain_test(pattern: Pattern) -> Callable[[str], bool]:
    """First piece at the start, last at the end, those between in order: the leftmost find is always right."""
    parts = pattern.parts
    head = parts[0] if isinstance(parts[0], str) else ""
    tail = parts[-1] if isinstance(parts[-1], str) else ""
    inner = [part for part in parts[bool(head) : len(parts) - bool(tail)] if isinstance(part, str)]
    shortest = len(head) + len(tail) + sum(map(len, inner))

    def fits(value: str) -> bool:
        if len(value) < shortest or not (value.startswith(head) and value.endswith(tail)):
            return False
        position, end = len(head), len(value) - len(tail)
        for piece in inner:
            found = value.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True

    return fits


def _re2_test(pattern: Pattern) -> Callable[[str], bool]:
    options = re2.Options()
    options.max_mem = _RE2_MEMORY
    options.log_errors = False
    options.dot_nl = True
    options.never_capture = True
    source = {Wild.RUN: ".*", Wild.ONE: "."}
    parts = (re2.escape(_encodable(part)) if isinstance(part, str) else source[part] for part in pattern.parts)
    expression = "".join(parts)
    try:
        compiled = re2.compile(expression, options)
    except re2.error as error:
        raise PatternError("the pattern is too large") from error

    def fits(value: str) -> bool:
        return compiled.fullmatch(_encodable(value)) is not None

    return fits


def _encodable(value: str) -> str:
    """RE2 reads UTF-8; a lone surrogate, which UTF-8 cannot carry, counts as one unknown character."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
