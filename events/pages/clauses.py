"""Pieces of KQL made from an event's own values, for the links that narrow a search down."""

import re
from urllib.parse import urlencode

from engine.tree import Scalar, text_of

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.@-]+")
LONGEST_VALUE = 300


def clause_of(field: str, value: Scalar) -> str | None:
    """`host.name: "web-1"`; None for a name or value that no query can hold, such as a page-long one."""
    text = text_of(value)
    if not _PLAIN_NAME.fullmatch(field) or not text or len(text) > LONGEST_VALUE or not text.isprintable():
        return None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}: "{escaped}"'


def narrowed(query: str, clause: str, *, without: bool = False) -> str:
    """The query with one clause more, which must hold or must not."""
    more = f"not {clause}" if without else clause
    if not query:
        return more
    kept = f"({query})" if re.search(r"\bor\b", query, re.IGNORECASE) else query
    return f"{kept} and {more}"


def address(path: str, **asked: str) -> str:
    """A link with what is asked in it; what is empty is left out."""
    query = urlencode({name.rstrip("_"): value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path
