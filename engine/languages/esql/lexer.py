"""The words of ES|QL, each with its place in the text.

What a word is depends on where it stands: sources behind FROM (`logs-*`, `cluster:<logs-{now/d}>`), names with `*`
behind KEEP, the name of a policy behind ENRICH, and expressions elsewhere. So the reader asks for one word after
another and says which mode it is in. A name is a whole column's name, its parts plain or in backticks.
Source: Elasticsearch's ES|QL reference, "Basic syntax".
"""

import re
from dataclasses import dataclass
from enum import Enum

from engine.errors import LanguageError
from engine.languages.comments import skipped
from engine.languages.esql.strings import string_at
from engine.patterns import escape

_QUOTED = r"`(?:[^`]|``)+`"
_PART = rf"(?:[A-Za-z][A-Za-z0-9_]*|[_@][A-Za-z0-9_]+|{_QUOTED})"
_PATTERN_PART = rf"(?:[A-Za-z*][A-Za-z0-9_*]*|[_@][A-Za-z0-9_*]+|{_QUOTED})+"
# Each can be read in one way alone, so that nothing is tried twice. Repeating an alternative possessively would say the
# same, but Python before 3.11.5 misreads it (its issue 106052).
_COMMENT = r"//[^\r\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*\*/"
_HIDDEN = rf"(?:[ \r\n\t]|{_COMMENT})*"
_DOT = rf"{_HIDDEN}\.{_HIDDEN}"
_BARE = re.compile(r"[A-Za-z0-9_@.]+")
_PIECE = re.compile(rf"`((?:[^`]|``)+)`|([A-Za-z0-9_@*]+|\.)|{_COMMENT}")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGN = re.compile(r"\?\??|::|==|=~|!=|<=|>=|[()\[\]{},|:<>+\-*/%=.;]")
_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)
_LONGEST_NUMBER = 400
_WORDS = "and as asc by desc false in is like not null nulls on or rlike true where with"
KEYWORDS = frozenset(_WORDS.split())


class Mode(Enum):
    """Where a word stands; the values are what a name looks like there."""

    COMMAND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
    EXPRESSION = re.compile(rf"{_PART}(?:{_DOT}{_PART})*")
    PATTERN = re.compile(rf"{_PATTERN_PART}(?:{_DOT}{_PATTERN_PART})*")
    SOURCE = re.compile(r"(?:[^:\"=|,\[\]/() \t\r\n]|/(?![*/]))+")
    POLICY = re.compile(r"[^\\/?\"<>| ,#\t\r\n:\[\]]+(?::[^\\/?\"<>| ,#\t\r\n:\[\]]+)?")


class Kind(Enum):
    """What a word is."""

    NAME = "name"
    KEYWORD = "keyword"
    STRING = "string"
    NUMBER = "number"
    SOURCE = "source"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the query. `text` is the keyword in small letters, the sign, or the name with its backticks taken off.

    `value` is that of a literal, `pattern` that of a name with `*` in it, `plain` a name of one part without backticks.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    value: int | float | str | None = None
    pattern: str | None = None
    plain: bool = False


def token_at(text: str, position: int, mode: Mode) -> Token:
    """The first word from this place on; at the end of the text an END.

    Raises: LanguageError for a text or comment that is never closed, a bad escape, a character that means nothing.
    """
    start = skipped(text, position)
    if start >= len(text):
        return Token(Kind.END, len(text), len(text))
    if text[start] in "\"'":
        value, end = string_at(text, start)
        return Token(Kind.STRING, start, end, text[start:end], value)
    if mode is Mode.EXPRESSION and (number := _NUMBER.match(text, start)):
        return _number_of(text, number)
    if name := mode.value.match(text, start):
        return _name_of(name, mode)
    if sign := _SIGN.match(text, start):
        return Token(Kind.SIGN, start, sign.end(), sign[0])
    raise _strange(text, start)


def in_range(number: int) -> int | float:
    """A whole number as it is kept: one that no integer type can hold is a floating point number."""
    return number if _SMALLEST <= number <= _LARGEST else float(number)


def _number_of(text: str, found: "re.Match[str]") -> Token:
    written, start = found[0], found.start()
    if len(written) > _LONGEST_NUMBER:
        raise LanguageError.at(text, start, len(written), "this number is too long")
    value = float(written)
    if value == float("inf"):
        raise LanguageError.at(text, start, len(written), "this number is too large")
    return Token(Kind.NUMBER, start, found.end(), written, int(written) if written.isdigit() else value)


def _name_of(found: "re.Match[str]", mode: Mode) -> Token:
    written, start, end = found[0], found.start(), found.end()
    if mode in (Mode.SOURCE, Mode.POLICY):
        return Token(Kind.SOURCE, start, end, written)
    plain = "`" not in written and "." not in written
    if mode is Mode.EXPRESSION and written.lower() in KEYWORDS:
        return Token(Kind.KEYWORD, start, end, written.lower())
    if _BARE.fullmatch(written):
        return Token(Kind.NAME, start, end, written, plain=plain)
    pieces = [(_unquoted(piece[1] or ""), piece[2] or "") for piece in _PIECE.finditer(written)]
    wild = any("*" in bare for _, bare in pieces)
    pattern = "".join(escape(quoted) + bare for quoted, bare in pieces) if wild else None
    return Token(Kind.NAME, start, end, "".join(map("".join, pieces)), pattern=pattern, plain=plain)


def _unquoted(name: str) -> str:
    return name.replace("``", "`")


def _strange(text: str, start: int) -> LanguageError:
    character = text[start]
    if text.startswith("``", start):
        return LanguageError.at(text, start, 2, "the name in these backticks is empty")
    if character == "`":
        return LanguageError.at(text, start, 1, "this backtick is never closed", "Close the name with a backtick.")
    hints = {
        "!": "Write `NOT` to negate a condition, or `!=` for unequal.",
        "&": "Join conditions with `AND`.",
        "~": 'To compare without regard to case write `TO_LOWER(name) == "…"`.',
        "“": 'Write straight quotation marks: `"`.',
        "”": 'Write straight quotation marks: `"`.',
        "„": 'Write straight quotation marks: `"`.',
    }
    if character.isspace():
        return LanguageError.at(text, start, 1, f"U+{ord(character):04X} is no plain space", "Write a plain space.")
    hint = hints.get(character, "A name with other characters than letters, digits, `_` and `@` stands in backticks.")
    shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
    return LanguageError.at(text, start, 1, f"{shown} means nothing here", hint)
