"""Errors about commands: unknown ones with the nearest name, those that are not supported, and a missing pipe."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from engine.errors import LanguageError
from engine.languages.esql.lexer import Kind, Token
from engine.languages.esql.reader import Reader, shown

_NOT_RUN = (
    "change_point dedup explain fork fuse highlight insist insist_ load meta metrics mmr promql registered_domain "
    "rerank sample set show ts uri_parts user_agent"
)
_UNSUPPORTED = frozenset(_NOT_RUN.split())
_KQL = re.compile(r"(?:not +)?[A-Za-z_@][A-Za-z0-9_@.-]*[ ]*:", re.IGNORECASE)
_SHOWN = "FROM logs-* | WHERE …"
_SQL = {
    "select": "KEEP",
    "group": "STATS … BY",
    "order": "SORT",
    "having": "WHERE",
    "project": "KEEP",
    "fields": "KEEP",
}
_SQL |= {"filter": "WHERE", "head": "LIMIT", "take": "LIMIT", "summarize": "STATS", "extend": "EVAL", "search": "WHERE"}


def no_first_command(reader: Reader) -> LanguageError:
    """The query begins with something else than FROM or ROW."""
    token = reader.token
    if token.kind is Kind.END:
        return reader.error(token, "the query is empty", f"Such as `{_SHOWN}`.")
    if reader.is_sign("|"):
        return reader.error(token, "a query begins with `FROM`, not with `|`", f"Such as `{_SHOWN}`.")
    if error := _unsupported(reader, token):
        return error
    near = _nearest(token, ["from", "row"])
    hint = f"Did you mean `{near}`?" if near else f"Such as `{_SHOWN}`."
    if _KQL.match(reader.source, token.start):
        hint = 'To search by KQL write `FROM logs-* | WHERE KQL("…")`.'
    return reader.error(token, f"a query begins with `FROM` or `ROW`, not with {shown(token)}", hint)


def no_later_command(reader: Reader, names: Iterable[str]) -> LanguageError:
    """No command stands behind a pipe."""
    token = reader.token
    if token.kind is Kind.END or reader.is_sign("|"):
        hint = "To join conditions write `OR`." if reader.is_sign("|") else "Remove the `|`, or write a command."
        return reader.error(token, f"a command had to follow `|`, not {shown(token)}", hint)
    if error := _unsupported(reader, token):
        return error
    word = token.text.lower()
    if word in ("from", "row"):
        return reader.error(token, f"`{word.upper()}` can only begin a query", "Remove it, or what stands before it.")
    if meant := _SQL.get(word):
        return reader.error(token, f"{shown(token)} is no command", f"Did you mean `{meant}`?")
    known = sorted(names)
    near = _nearest(token, known)
    hint = f"Did you mean `{near}`?" if near else f"Commands are {', '.join(known).upper()}."
    return reader.error(token, f"{shown(token)} is no command", hint)


def no_pipe(reader: Reader, names: Iterable[str]) -> LanguageError | None:
    """The error for a command without a `|` before it; None when something else is left over."""
    token = reader.token
    word = token.text.lower()
    if token.kind in (Kind.NAME, Kind.KEYWORD, Kind.SOURCE) and (word in names or word in _UNSUPPORTED):
        return reader.error(token, f"a `|` is missing before {shown(token)}", f"Write `| {token.text} …`.")
    if token.kind is Kind.SOURCE:
        hint = "Separate index patterns with commas."
        return reader.error(token, f"a comma or `|` is missing before {shown(token)}", hint)
    return None


def _unsupported(reader: Reader, token: Token) -> LanguageError | None:
    word = token.text.lower()
    if token.kind is not Kind.NAME or word not in _UNSUPPORTED:
        return None
    return reader.error(token, f"the command `{word.strip('_').upper()}` of ES|QL is not supported")


def _nearest(token: Token, names: list[str]) -> str | None:
    """The name that a word most looks like, in capitals."""
    near = get_close_matches(token.text.lower()[:40], names, 1, 0.6)
    return near[0].upper() if near else None
