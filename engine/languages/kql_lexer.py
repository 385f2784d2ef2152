"""The words of KQL: brackets, operators, keywords and literals, each with its place in the text.

The one thing to know: an unquoted literal may hold spaces. It ends before a special character and before ` and `,
` or ` and ` not `; keywords count only with white space around them. A non-breaking space is a space.
Reading takes time linear in the text.
"""

import re
from dataclasses import dataclass
from enum import Enum

from engine.errors import LanguageError

SPACES = " \t\r\n\xa0"
_SPACE_RUN = re.compile(f"[{SPACES}]+")
_KEYWORD = re.compile(f"(and|or|not)(?=[{SPACES}])", re.IGNORECASE)
_PLAIN_RUN = re.compile(rf'[^\\():<>"*{{}}{SPACES}]+')
_QUOTED_RUN = re.compile(r'[^"\\]+')
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED_KEYWORD = re.compile(rf'\\(and|or|not(?=[{SPACES}():<>"{{}}]|$))', re.IGNORECASE)
_WHITE = {"t": "\t", "r": "\r", "n": "\n"}
_SPECIAL = '\\():<>"*{}'
_ENDS_LITERAL = '():<>"{}'


class Kind(Enum):
    """What a token is; the values are what error messages call it."""

    OPEN = "("
    CLOSE = ")"
    OPEN_BRACE = "{"
    CLOSE_BRACE = "}"
    COLON = ":"
    RANGE = "<, >, <= or >="
    AND = "and"
    OR = "or"
    NOT = "not"
    LITERAL = "value"
    END = "end of the query"


_SINGLE = {kind.value: kind for kind in (Kind.OPEN, Kind.CLOSE, Kind.OPEN_BRACE, Kind.CLOSE_BRACE, Kind.COLON)}
_KEYWORDS = {"and": Kind.AND, "or": Kind.OR, "not": Kind.NOT}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the query. For a literal `text` is what it says and `pattern` the same with its wildcards."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    pattern: str | None = None
    quoted: bool = False

    @property
    def width(self) -> int:
        return max(self.end - self.start, 1)


def read_tokens(text: str) -> list[Token]:
    """All words of a query, with an END after the last.

    Raises: LanguageError for a quote that is never closed and for a backslash that escapes nothing.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        space = _SPACE_RUN.match(text, position)
        if space:
            position = space.end()
            continue
        tokens.append(_token_at(text, position))
        position = tokens[-1].end
    tokens.append(Token(Kind.END, len(text), len(text)))
    return tokens


def _token_at(text: str, start: int) -> Token:
    character = text[start]
    if character in _SINGLE:
        return Token(_SINGLE[character], start, start + 1, character)
    if character in "<>":
        end = start + (2 if text.startswith("=", start + 1) else 1)
        return Token(Kind.RANGE, start, end, text[start:end])
    if character == '"':
        return _quoted_at(text, start)
    return _keyword_at(text, start) or _Unquoted(text, start).token()


def _keyword_at(text: str, start: int) -> Token | None:
    """`and` and `or` need white space on both sides; `not` only behind it."""
    found = _KEYWORD.match(text, start)
    if found is None:
        return None
    kind = _KEYWORDS[found[1].lower()]
    if kind is not Kind.NOT and (start == 0 or text[start - 1] not in SPACES):
        return None
    return Token(kind, start, found.end(), found[1])


def _quoted_at(text: str, start: int) -> Token:
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        if text[position] == '"':
            return Token(Kind.LITERAL, start, position + 1, _joined(parts), quoted=True)
        part, position = _quoted_part(text, position)
        parts.append(part)
    raise LanguageError.at(text, start, 1, "this quotation mark is never closed", 'Close the value with `"`.')


def _quoted_part(text: str, position: int) -> tuple[str, int]:
    """A run of plain characters or one escape. A backslash that escapes nothing here is a plain character."""
    run = _QUOTED_RUN.match(text, position)
    if run:
        return run[0], run.end()
    following = text[position + 1 : position + 2]
    if following in _WHITE:
        return _WHITE[following], position + 2
    code = _UNICODE_ESCAPE.match(text, position)
    if code:
        return chr(int(code[1], 16)), code.end()
    return (following, position + 2) if following and following in '\\"' else ("\\", position + 1)


class _Unquoted:
    """An unquoted literal while it is being read."""

    def __init__(self, text: str, start: int) -> None:
        self.source = text
        self.start = self.position = start
        self.parts: list[str] = []
        self.patterns: list[str] = []
        self.wild = False

    def token(self) -> Token:
        while self._read_part():
            pass
        text = _joined(self.parts)
        pattern = _joined(self.patterns).strip() if self.wild else None
        return Token(Kind.LITERAL, self.start, self.position, text.strip(), pattern)

    def _read_part(self) -> bool:
        """Take the next piece; False when the literal ends here."""
        at = self.position
        if plain := _PLAIN_RUN.match(self.source, at):
            self._take_plain(plain[0], plain.end())
        elif spaces := _SPACE_RUN.match(self.source, at):
            return self._read_spaces(spaces[0], spaces.end())
        elif self.source.startswith("\\", at):
            self._read_escape()
        elif self.source.startswith("*", at):
            self.wild = True
            self._take("*", "*", at + 1)
        else:
            return False
        return True

    def _read_spaces(self, spaces: str, end: int) -> bool:
        """Spaces belong to the literal only when more of it follows."""
        following = self.source[end : end + 1]
        if not following or following in _ENDS_LITERAL or _KEYWORD.match(self.source, end):
            return False
        self._take(spaces, spaces, end)
        return True

    def _read_escape(self) -> None:
        at = self.position
        following = self.source[at + 1 : at + 2]
        keyword = _ESCAPED_KEYWORD.match(self.source, at)
        code = _UNICODE_ESCAPE.match(self.source, at)
        if keyword:
            self._take_plain(keyword[1], keyword.end())
        elif following and following in _WHITE:
            self._take_plain(_WHITE[following], at + 2)
        elif code:
            self._take_plain(chr(int(code[1], 16)), code.end())
        elif following and following in _SPECIAL:
            self._take_plain(following, at + 2)
        else:
            raise LanguageError.at(
                self.source,
                at,
                2 if following else 1,
                "a backslash must be doubled in a value without quotes",
                r"Write `\\` for a backslash, or put the value in quotation marks.",
            )

    def _take_plain(self, text: str, end: int) -> None:
        self._take(text, _escaped(text), end)

    def _take(self, text: str, pattern: str, end: int) -> None:
        self.parts.append(text)
        self.patterns.append(pattern)
        self.position = end


def _escaped(text: str) -> str:
    """Plain text in the notation of patterns (engine/tree.py), where `?` and backslash are special too."""
    return re.sub(r"([\\*?])", r"\\\1", text)


def _joined(parts: list[str]) -> str:
    r"""The parts as one text. Two \u escapes may make one character; a half alone becomes the replacement character."""
    text = "".join(parts)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
