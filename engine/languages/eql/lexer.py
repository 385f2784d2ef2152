"""The words of EQL: names, literals, operators and brackets, each with its place in the text.

A name is a whole field name (`process.parent.name`), its parts plain or in backticks. Keywords are small letters only.
Strings stand in double quotes with escapes, or in three double quotes without. Reading takes time linear in the text.
Source: Elasticsearch's EQL syntax reference.
"""

import re
from dataclasses import dataclass
from enum import Enum

from engine.errors import LanguageError
from engine.languages.comments import skipped
from engine.languages.eql.strings import string_at
from engine.tree import Scalar

MAX_TOKENS = 60_000
_PART = r"(?:[A-Za-z_@][A-Za-z0-9_]*|`(?:[^`]|``)*`)"
_NAME = re.compile(rf"{_PART}(?:[ \r\n\t]*\.[ \r\n\t]*{_PART})*")
_NAME_PART = re.compile(r"`((?:[^`]|``)*)`|([A-Za-z0-9_@]+)")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGN = re.compile(r"==|!=|<=|>=|!\[|[()\[\],|:<>+\-*/%=?.]")
_LARGEST_LONG = 2**63 - 1
_LONGEST_NUMBER = 400


class Kind(Enum):
    """What a token is; the values are what error messages call it."""

    NAME = "name"
    KEYWORD = "keyword"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"
    END = "end of the query"


_WORDS = (
    "and any by false in in~ join like like~ maxspan not null of or regex regex~ sample sequence true until where with"
)
KEYWORDS = frozenset(_WORDS.split())


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the query. `text` is the keyword, sign or name (its backticks taken off), `value` that of a literal.

    `folded` is the `~` behind a function's name, `plain` a name of one part without backticks.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    value: Scalar | None = None
    folded: bool = False
    plain: bool = False

    @property
    def width(self) -> int:
        return max(self.end - self.start, 1)


def read_tokens(text: str) -> list[Token]:
    """All words of a query, with an END after the last.

    Raises: LanguageError for a string or comment that is never closed, a bad escape, a character that means nothing.
    """
    tokens: list[Token] = []
    position = skipped(text, 0)
    while position < len(text):
        token = _token_at(text, position)
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise LanguageError.at(text, position, 1, f"a query may have at most {MAX_TOKENS:,} words")
        position = skipped(text, token.end)
    tokens.append(Token(Kind.END, len(text), len(text)))
    return tokens


def _token_at(text: str, start: int) -> Token:
    character = text[start]
    if character in "\"'" or text.startswith(('?"', "?'"), start):
        value, end = string_at(text, start)
        return Token(Kind.STRING, start, end, text[start:end], value)
    if character.isascii() and (character.isdigit() or (character == "." and text[start + 1 : start + 2].isdigit())):
        return _number_at(text, start)
    if name := _NAME.match(text, start):
        return _name_of(text, start, name)
    if sign := _SIGN.match(text, start):
        return Token(Kind.SIGN, start, sign.end(), sign[0])
    raise _strange(text, start)


def _number_at(text: str, start: int) -> Token:
    found = _NUMBER.match(text, start)
    if found is None or len(found[0]) > _LONGEST_NUMBER:
        raise LanguageError.at(text, start, 1, "this number cannot be read")
    written = found[0]
    whole = int(written) if written.isdigit() else None
    value = whole if whole is not None and whole <= _LARGEST_LONG else float(written)
    if value == float("inf"):
        raise LanguageError.at(text, start, len(written), "this number is too large")
    return Token(Kind.NUMBER, start, found.end(), written, value)


def _name_of(text: str, start: int, found: "re.Match[str]") -> Token:
    written, end = found[0], found.end()
    if text.startswith("~", end):
        if f"{written}~" in KEYWORDS:
            return Token(Kind.KEYWORD, start, end + 1, f"{written}~")
        return Token(Kind.NAME, start, end + 1, _unquoted(written), folded=True, plain=_is_plain(written))
    if written in KEYWORDS:
        return Token(Kind.KEYWORD, start, end, written)
    return Token(Kind.NAME, start, end, _unquoted(written), plain=_is_plain(written))


def _is_plain(written: str) -> bool:
    return "`" not in written and "." not in written


def _unquoted(written: str) -> str:
    if _is_plain(written):
        return written
    parts = _NAME_PART.finditer(written)
    return ".".join(part[2] if part[1] is None else part[1].replace("``", "`") for part in parts)


def _strange(text: str, start: int) -> LanguageError:
    character = text[start]
    if character == "`":
        return LanguageError.at(text, start, 1, "this backtick is never closed", "Close the name with a backtick.")
    hints = {
        "!": "Write `not` to negate a condition, or `!=` for unequal.",
        "&": "Join conditions with `and`.",
        "~": "A `~` follows directly behind a function or keyword: `startsWith~(…)`, `in~ (…)`.",
        "“": 'Write straight quotation marks: `"`.',
        "”": 'Write straight quotation marks: `"`.',
    }
    hint = hints.get(character, "A name with other characters than letters, digits and `_` stands in backticks.")
    return LanguageError.at(text, start, 1, f"`{character}` means nothing here", hint)
