"""What KQL says when a query cannot be read: the place that a person would point at, and what was probably meant.

Each function gives the error for one situation of the parser; none of them reads on.
"""

import re
from collections.abc import Sequence

from engine.errors import LanguageError
from engine.languages.kql_lexer import Kind, Token

_WORD = re.compile(r"\S+")
_SHOWN = 40
_LOOKS_LIKE = {
    "and": ("&&", "&", "+", "adn", "nad", "an", "ad", "nd", "annd", "andd", "amd", "und"),
    "or": ("||", "|", "ro", "orr", "oor", "oder"),
    "not": ("!", "nto", "ont", "nott", "nicht"),
}
_MEANT = {written: keyword for keyword, spellings in _LOOKS_LIKE.items() for written in spellings}


def leftover(source: str, tokens: Sequence[Token], at: int) -> LanguageError:
    """The query could have ended before this token, but goes on with it."""
    token = tokens[at]
    if token.kind in (Kind.CLOSE, Kind.CLOSE_BRACE):
        return _error(source, token, f"this `{token.text}` closes nothing", "Remove it, or open a bracket before it.")
    if token.kind is Kind.NOT:
        return _error(source, token, "`not` cannot follow a value directly", "Did you mean `and not`?")
    return _misread_keyword(source, tokens, at) or _not_joined(source, tokens, at)


def not_closed(source: str, tokens: Sequence[Token], at: int, opening: Token) -> LanguageError:
    """Inside brackets something else stands where they could have closed."""
    if tokens[at].kind is not Kind.END:
        return leftover(source, tokens, at)
    closing = ")" if opening.kind is Kind.OPEN else "}"
    return _error(source, opening, f"this `{opening.text}` is never closed", f"Close it with `{closing}`.")


def empty_brackets(source: str, opening: Token, closing: Token) -> LanguageError:
    """Brackets with nothing in them."""
    whole = Token(Kind.OPEN, opening.start, closing.end)
    return _error(source, whole, "these brackets are empty", "Put a condition or a value between them.")


def missing_operand(source: str, tokens: Sequence[Token], at: int) -> LanguageError:
    """A condition or a value had to stand here."""
    token, before = tokens[at], tokens[at - 1] if at else None
    if before is not None and before.kind in (Kind.AND, Kind.OR, Kind.NOT) and token.kind not in (Kind.AND, Kind.OR):
        return _error(source, before, f"`{before.text}` needs something on its right")
    if token.kind in (Kind.AND, Kind.OR):
        hint = f'To look for the word itself, write `"{token.text}"`.'
        return _error(source, token, f"`{token.text}` has nothing on its left to join", hint)
    if token.kind in (Kind.COLON, Kind.RANGE):
        return _error(source, token, f"`{token.text}` needs a field on its left", "Such as `process.name:cat`.")
    if token.kind is Kind.OPEN_BRACE:
        return _error(source, token, "`{` needs a field and a colon on its left", "Such as `threat:{ name:x }`.")
    if token.kind is Kind.END:
        return _error(source, token, "the query ends where a condition had to follow")
    return _error(source, token, f"`{token.text}` cannot stand here")


def missing_value(source: str, name: Token, token: Token) -> LanguageError:
    """Nothing usable follows `field:`."""
    hint = f"Write a value, or `{_shown(name.text)}:*` for events that have the field."
    if token.kind is Kind.RANGE:
        hint = f"Without the colon: `{_shown(name.text)} {token.text} …`."
    if token.kind is Kind.COLON:
        hint = r"Write `\:` for a colon in a name or value, or put it in quotation marks."
    place = name if token.kind is Kind.END else token
    return _error(source, place, f"`{_shown(name.text)}:` needs a value", hint)


def field_in_list(source: str, tokens: Sequence[Token], at: int, field: str) -> LanguageError:
    """`f:(a and b:c)`: a field inside the values of another."""
    misread = _misread_keyword(source, tokens, at)
    if misread:
        return misread
    hint = rf"Close the list of `{_shown(field)}` first; a colon in a value is written `\:`."
    return _error(source, tokens[at - 1], "only values can stand inside the brackets of a field", hint)


def _misread_keyword(source: str, tokens: Sequence[Token], at: int) -> LanguageError | None:
    """The value before, or the one at hand, has a word in it that was surely meant as `and`, `or` or `not`."""
    for token in (tokens[at - 1], tokens[at]):
        if token.kind is not Kind.LITERAL or token.quoted:
            continue
        for word in _WORD.finditer(source, token.start, token.end):
            meant = _MEANT.get(word[0].lower())
            if meant and (word.start() > token.start or token is tokens[at]):
                place = Token(Kind.LITERAL, word.start(), word.end())
                return _error(source, place, f"`{word[0]}` joins nothing in this language", f"Did you mean `{meant}`?")
    return None


def _not_joined(source: str, tokens: Sequence[Token], at: int) -> LanguageError:
    token, before = tokens[at], tokens[at - 1]
    if token.kind is Kind.OPEN and before.kind is Kind.LITERAL:
        return _before_bracket(source, token, before)
    if token.kind in (Kind.COLON, Kind.RANGE):
        return _second_colon(source, token, before)
    if token.kind is Kind.LITERAL and not token.quoted and token.text.lower() in ("and", "or", "not"):
        return _error(source, token, f"`{token.text}` needs a space on both sides")
    return _error(source, token, "`and` or `or` is missing before this", "Did you mean `and`?")


def _before_bracket(source: str, token: Token, before: Token) -> LanguageError:
    """`foo and(bar)`: a keyword without its space was read as part of the value."""
    last = before.text.rpartition(" ")[2]
    if last.lower() in ("and", "or", "not") and not before.quoted:
        place = Token(Kind.LITERAL, before.end - len(last), before.end)
        return _error(source, place, f"`{last}` needs a space behind it", f"Write `{last} (`.")
    hint = r"Write `\(` for a bracket in a value, or put the value in quotation marks."
    return _error(source, token, "a bracket cannot follow a value directly", hint)


def _second_colon(source: str, token: Token, before: Token) -> LanguageError:
    """`a:1 b:2` (a forgotten `and`) or `a:b:c` (a colon that belongs to the value)."""
    words = [] if before.quoted else list(_WORD.finditer(source, before.start, before.end))
    if len(words) > 1:
        field = Token(Kind.LITERAL, words[-1].start(), words[-1].end())
        return _error(source, field, f"`and` or `or` is missing before `{_shown(words[-1][0])}`", "Did you mean `and`?")
    hint = rf"Write `\{token.text}` for the character in a value, or put the value in quotation marks."
    return _error(source, token, f"`{token.text}` cannot follow a value", hint)


def _error(source: str, token: Token, message: str, hint: str | None = None) -> LanguageError:
    return LanguageError.at(source, token.start, token.width, message, hint)


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
