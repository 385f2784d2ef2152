r"""REPLACE: Java's regular expressions as far as RE2 has them, in time linear in the text.

RE2 has no look-around, no back-references and no possessive repetition; a constant expression with one is refused.
Source: Elasticsearch's ES|QL reference, REPLACE; Java's Matcher.replaceAll for `$1`, `${name}` and `\`.
"""

import re
from functools import lru_cache
from typing import Any

import re2

from engine.pipelines.functions.kinds import TEXT, checked, reading
from engine.pipelines.functions.shape import Function, Work
from engine.pipelines.functions.strings import LONGEST, bounded
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value

_MEMORY = 8 << 20
_LONGEST_EXPRESSION = 10_000
_MOST_MATCHES = 100_000
# Bytes that all searches in one text may read together: where a match has no bound, each may read to the end.
_MOST_WORK = 400_000_000
_ENDLESS = re.compile(rb"[*+]|\{[0-9]+,\}")
_LITERAL = frozenset(".^$*+?{}[]\\|()")
Piece = bytes | int


@lru_cache(maxsize=1_024)
def _compiled(expression: str) -> Any:
    """The expression as RE2 reads it; None when it cannot."""
    if len(expression) > _LONGEST_EXPRESSION:
        return None
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(expression.encode("utf-8", "replace"), options)
    except re2.error:
        return None


@lru_cache(maxsize=1_024)
def _pieces(replacement: str, groups: int, names: tuple[tuple[str, int], ...]) -> tuple[Piece, ...] | None:
    """What stands in for a match: texts, and groups by their number; None where it names no group."""
    pieces: list[Piece] = []
    at = 0
    while at < len(replacement):
        character = replacement[at]
        if character == "\\":
            if at + 1 == len(replacement):
                return None
            _put(pieces, replacement[at + 1])
            at += 2
        elif character == "$":
            group, at = _group(replacement, at + 1, groups, dict(names))
            if group is None:
                return None
            pieces.append(group)
        else:
            _put(pieces, character)
            at += 1
    return tuple(pieces)


def _put(pieces: list[Piece], character: str) -> None:
    """Add a character; those side by side are one piece, as each piece costs for every match."""
    written = character.encode("utf-8", "replace")
    if pieces and isinstance(pieces[-1], bytes):
        pieces[-1] += written
    else:
        pieces.append(written)


def _group(text: str, at: int, groups: int, names: dict[str, int]) -> tuple[int | None, int]:
    """The group that is named here, and where the text goes on: as many digits as there are groups for."""
    if text[at : at + 1] == "{":
        end = text.find("}", at)
        return (names.get(text[at + 1 : end]), end + 1) if end > 0 else (None, at)
    if not ("0" <= text[at : at + 1] <= "9"):
        return None, at
    number = int(text[at])
    at += 1
    while "0" <= text[at : at + 1] <= "9" and number * 10 + int(text[at]) <= groups:
        number = number * 10 + int(text[at])
        at += 1
    return (number if number <= groups else None), at


@reading(TEXT)
def _replace(text: str, expression: str, replacement: str) -> Value:
    compiled = _compiled(expression)
    return None if compiled is None else _replaced(text, compiled, replacement)


def _replaced(text: str, compiled: Any, replacement: str) -> str | None:
    """The text with every match replaced; None where it would grow too long or take too many matches."""
    pieces = _pieces(replacement, compiled.groups, _names(compiled))
    source = text.encode("utf-8", "replace")
    if pieces is None or len(source) > LONGEST:
        return None
    made: list[bytes] = []
    length = last = matches = 0
    most = _MOST_MATCHES if _is_short(compiled) else min(_MOST_MATCHES, _MOST_WORK // max(len(source), 1))
    for match in compiled.finditer(source):
        start, end = match.span()
        if start < len(source) and source[start] & 0xC0 == 0x80:
            continue
        filled = b"".join(piece if isinstance(piece, bytes) else match.group(piece) or b"" for piece in pieces)
        made += (source[last:start], filled)
        length += start - last + len(filled)
        last = end
        matches += 1
        if length > LONGEST or matches > most:
            return None
    return bounded(b"".join((*made, source[last:])).decode()) if made else text


def _is_short(compiled: Any) -> bool:
    """Whether every match is bounded, so that no search for one reads far beyond it."""
    return _ENDLESS.search(compiled.pattern) is None


def _names(compiled: Any) -> tuple[tuple[str, int], ...]:
    return tuple((name.decode(), number) for name, number in compiled.groupindex.items())


def _prepare(constants: tuple[Value | Absent, ...]) -> Work:
    _, expression, replacement = constants
    if not isinstance(expression, str):
        return _replace
    compiled = _compiled(expression)
    if compiled is None:
        raise TypeProblem("this regular expression cannot be judged in linear time, or is not written right", 1)
    if not isinstance(replacement, str):
        return _replace
    if _pieces(replacement, compiled.groups, _names(compiled)) is None:
        raise TypeProblem("this names a group that the expression does not have; `\\$` is the character", 2)
    if "\\" not in replacement and "$" not in replacement and expression and not _LITERAL & set(expression):
        return _literally(expression, replacement)

    @reading(TEXT)
    def work(text: str) -> Value:
        return _replaced(text, compiled, replacement)

    return lambda text, *_: work(text)


def _literally(part: str, replacement: str) -> Work:
    """An expression of ordinary characters alone needs no RE2."""

    @reading(TEXT)
    def work(text: str) -> Value:
        if len(text) + text.count(part) * (len(replacement) - len(part)) > LONGEST:
            return None
        return bounded(text.replace(part, replacement))

    return lambda text, *_: work(text)


PATTERNS = (Function("replace", 3, 3, checked(Type.KEYWORD, TEXT), _replace, prepare=_prepare),)
