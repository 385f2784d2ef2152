"""A query as numbered lines of coloured words: keywords, literals, operators and comments, in three languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_KEYWORDS = {
    "kuery": "and|or|not",
    "eql": "any|where|and|or|not|in|like|regex|sequence|sample|by|with|maxspan|until|true|false|null",
    "esql": (
        "from|where|eval|stats|by|keep|drop|sort|limit|and|or|not|in|like|rlike|is|null|true|false|as|metadata|"
        "dissect|grok|enrich|rename|mv_expand|row|case|asc|desc|inline|lookup|join|on"
    ),
}
_PATTERN = r"""
    (?P<c>//[^\n]*|/\*.*?\*/)
  | (?P<s>\"\"\".*?\"\"\"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`)
  | (?P<k>(?<![\w.@])(?:{keywords})(?![\w.]))
  | (?P<n>(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.]))
  | (?P<o>[()\[\]{{}},|:<>=!~?+*/-]+(?=[\s()"'\w]|$))
"""
_PATTERNS = {
    language: re.compile(_PATTERN.format(keywords=words), re.VERBOSE | re.DOTALL | re.IGNORECASE)
    for language, words in _KEYWORDS.items()
}
# Characters that reorder or hide text would let a query look like another one.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line; `kind` is k, s, n, o or c, or empty for names."""

    kind: str
    text: str


Line = tuple[Token, ...]


def highlight(query: str, language: str | None) -> tuple[Line, ...]:
    """The query's lines in tokens. Purely for the eye: what the query means is the engine's business."""
    text = _HIDDEN.sub(_shown, query.replace("\r\n", "\n").strip("\n").rstrip())
    lines: list[list[Token]] = [[]]
    for token in _tokens(text, _PATTERNS.get(language or "", _PATTERNS["kuery"])):
        first, *rest = token.text.split("\n")
        lines[-1].append(Token(token.kind, first))
        lines += [[Token(token.kind, part)] for part in rest]
    return tuple(tuple(token for token in line if token.text) for line in lines)


def _tokens(text: str, pattern: re.Pattern[str]) -> Iterator[Token]:
    position = 0
    for found in pattern.finditer(text):
        if found.start() > position:
            yield Token("", text[position : found.start()])
        yield Token(found.lastgroup or "", found[0])
        position = found.end()
    if position < len(text):
        yield Token("", text[position:])


def _shown(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"
