"""Findings in EQL queries, from the words of the query and their places."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from engine.languages.eql.lexer import Kind as Word
from engine.languages.eql.lexer import Token, read_tokens
from engine.linting.finding import Finding, in_query, shown
from engine.linting.values import CONTROL, has_literal_star, is_windows_file
from engine.times import TimeExpressionError, parse_duration

_EQUALITY = ("==", "!=")
_RAW = '"""'


def findings_in_eql(text: str) -> Iterator[Finding]:
    """Findings in the order of their places.

    Raises: LanguageError for a text whose words cannot be read.
    """
    tokens = read_tokens(text)
    if tokens[0].text == "sequence" and not any(_is_maxspan(token) for token in tokens):
        message = "The sequence has no maxspan: its events may lie as far apart as the rule looks back."
        yield in_query(text, tokens[0].start, tokens[0].end, "no_maxspan", message)
    exact = _compared_exactly(tokens)
    for at, token in enumerate(tokens):
        if token.kind is Word.STRING and isinstance(token.value, str):
            yield from _in_string(text, token, token.value, exact.get(at))
    yield from _case(text, [tokens[at] for at, operator in sorted(exact.items()) if operator != "in~"])


def maxspan_of(text: str) -> timedelta | None:
    """The maxspan of a sequence, as far as the words tell; None without one.

    Raises: LanguageError for a text whose words cannot be read.
    """
    tokens = read_tokens(text)
    for at, token in enumerate(tokens):
        if _is_maxspan(token):
            number, unit = tokens[at + 2 : at + 4]
            try:
                return parse_duration(text[number.start : unit.end].replace(" ", ""))
            except TimeExpressionError:
                return None  # milliseconds and what the parser will refuse
    return None


def _is_maxspan(token: Token) -> bool:
    return token.kind is Word.KEYWORD and token.text == "maxspan"


def _compared_exactly(tokens: Sequence[Token]) -> dict[int, str]:
    """The places of words that are compared as they are, with the operator: no wildcard means anything in them."""
    found: dict[int, str] = {}
    lists: list[str | None] = []
    for at, token in enumerate(tokens):
        if token.text == "(" and token.kind is Word.SIGN:
            before = tokens[at - 1] if at else token
            lists.append(before.text if before.kind is Word.KEYWORD and before.text in ("in", "in~") else None)
        elif token.text == ")" and token.kind is Word.SIGN and lists:
            lists.pop()
        elif lists and lists[-1]:
            found[at] = lists[-1]
        elif token.kind is Word.SIGN and token.text in _EQUALITY:
            found[at - 1] = found[at + 1] = token.text
    return found


def _in_string(text: str, token: Token, value: str, operator: str | None) -> Iterator[Finding]:
    if operator and (has_literal_star(value) or value.startswith("?:\\")):
        other = "like~" if operator == "in~" else "like or :"
        message = f"The wildcard in {shown(value)} stands for itself after `{operator}`. Compare with {other} instead."
        yield in_query(text, token.start, token.end, "literal_star", message)
    source = text[token.start : token.end]
    if ("\\" in value or ":\\" in source) and CONTROL.search(value) and not source.startswith(_RAW):
        message = f"A backslash with one letter is a tab or line break here: {shown(source)} is no path. Write two."
        yield in_query(text, token.start, token.end, "dead_escape", message)


def _case(text: str, exact: Sequence[Token]) -> Iterator[Finding]:
    """Names of Windows files compared by case: one finding for all of a rule's, at the first."""
    names = [token for token in exact if isinstance(token.value, str) and is_windows_file(token.value)]
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        message = (
            f"`==` and `in` heed case, Windows does not: other spellings of {shown(str(names[0].value))}{more} are "
            "missed. Compare with `:` or `in~`."
        )
        yield in_query(text, names[0].start, names[0].end, "case_sensitive", message)
