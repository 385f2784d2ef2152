"""A query as numbered lines of coloured words: keywords, literals, operators and comments, in three languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.languages.esql.units import UNITS

_KEYWORDS = {
    "kuery": "and|or|not",
    "eql": "any|where|and|or|not|in|like|regex|sequence|sample|by|with|maxspan|until|true|false|null",
    "esql": (
        "from|metadata|row|where|eval|(?:inline\\s+)?stats|inlinestats|by|keep|drop|rename|sort|limit|dissect|grok|enrich|"
        "mv_expand|completion|lookup\\s+join|append_separator|on|with|as|asc|desc|nulls\\s+(?:first|last)|"
        "and|or|not|in|like|rlike|is|null|true|false"
    ),
}
_PATTERN = r"""
    {comments}(?P<s>\"\"\".*?\"\"\"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`)
  | (?P<k>(?<![\w.@])(?:{keywords})(?![\w.]))
  | (?P<n>(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.]))
  | (?P<o>{operators})
"""
# In KQL a slash or a star belongs to the value it stands in: /tmp/* is no comment.
_COMMENTS = r"(?P<c>//[^\n]*|/\*.*?\*/) | "
_OPERATORS = r"""[()\[\]{},|:<>=!~?+*/-]+(?=[\s()"'\w]|$)"""
_KQL_OPERATORS = r"[(){}:]|<=?|>=?"
# In ES|QL names have hyphens and stars only behind FROM and KEEP, so operators are those that stand apart; what stands
# in backticks is a name (the group `name` is no kind of its own), and a number may have a unit of time.
_ESQL = r"""
    (?P<c>//[^\n]*|/\*.*?\*/) | (?P<s>\"\"\"[^\n]*?\"\"\"+|"(?:\\.|[^"\\\n])*") | (?P<name>`[^`\n]*`)
  | (?P<k>(?<![\w.@*-])(?:{keywords})(?![\w.*-]))
  | (?P<n>(?<![\w.-])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?(?:\s*(?:{units})\b)?(?![\w.]))
  | (?P<o>::?|[()\[\]{{}},|<>=!?%;]+|(?<=\()\*(?=\))|(?<=\s)[+*/-](?=[\s\w(]))
"""


def _pattern(language: str) -> re.Pattern[str]:
    if language == "esql":
        text = _ESQL.format(keywords=_KEYWORDS[language], units="|".join(sorted(UNITS, key=len, reverse=True)))
        return re.compile(text, re.VERBOSE | re.DOTALL | re.IGNORECASE)
    kql = language == "kuery"
    text = _PATTERN.format(
        keywords=_KEYWORDS[language],
        comments="" if kql else _COMMENTS,
        operators=_KQL_OPERATORS if kql else _OPERATORS,
    )
    return re.compile(text, re.VERBOSE | re.DOTALL | re.IGNORECASE)


_KINDS = frozenset("ksnoc")
_PATTERNS = {language: _pattern(language) for language in _KEYWORDS}
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
        yield Token(found.lastgroup if found.lastgroup in _KINDS else "", found[0])
        position = found.end()
    if position < len(text):
        yield Token("", text[position:])


def _shown(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"
