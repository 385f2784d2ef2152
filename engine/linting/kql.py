"""Findings in KQL queries, from the words of the query and their places."""

from collections.abc import Iterator
from itertools import pairwise

from engine.languages.kql_lexer import Kind as Word
from engine.languages.kql_lexer import Token, read_tokens
from engine.linting.finding import Finding, in_query, shown
from engine.linting.values import CONTROL, has_literal_question_mark, has_literal_star


def findings_in_kql(text: str) -> Iterator[Finding]:
    """Findings in the order of their places.

    Raises: LanguageError for a query that cannot be read.
    """
    tokens = read_tokens(text)
    for token, following in pairwise(tokens):
        if token.kind is Word.LITERAL and following.kind not in (Word.COLON, Word.RANGE):
            yield from _in_quoted(text, token) if token.quoted else _in_unquoted(text, token)


def _in_quoted(text: str, token: Token) -> Iterator[Finding]:
    if has_literal_star(token.text):
        message = f"The star in {shown(token.text)} stands for itself, since the value is quoted. Take the quotes away."
        yield in_query(text, token.start, token.end, "literal_star", message)
    source = text[token.start : token.end]
    if CONTROL.search(token.text) and not CONTROL.search(source):
        message = f"A backslash with t, r or n is a tab or line break here: {shown(source)} is no path. Write two."
        yield in_query(text, token.start, token.end, "dead_escape", message)


def _in_unquoted(text: str, token: Token) -> Iterator[Finding]:
    source = text[token.start : token.end].strip()
    if "\n" in source:
        first, _, rest = source.partition("\n")
        message = (
            f"{shown(first.strip())} and {shown(rest.strip())} are one value with a line break in it, which nothing "
            "has. An `or` is missing between them."
        )
        yield in_query(text, token.start, token.end, "lost_or", message)
    if has_literal_question_mark(token.text):
        message = f"The ? in {shown(source)} stands for itself: KQL knows only the wildcard *."
        yield in_query(text, token.start, token.end, "literal_question_mark", message)
