"""Pieces of KQL made from an event's own values, for the links that narrow a search down."""

import re
from urllib.parse import urlencode

from engine.fields import NUMBER_TYPES, FieldType, field_type
from engine.tree import Scalar, text_of

PLAIN_NAME = re.compile(r"[A-Za-z0-9_.@-]+")
_CODE_NAME = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z_@][A-Za-z0-9_@]*)*")
_EVENT_QUERY = re.compile(r"\s*([a-zA-Z_*]+|\"[^\"]*\")\s+where\s+([^|\[\]]+?)\s*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
LONGEST_VALUE = 300


def clause_of(field: str, value: Scalar) -> str | None:
    """`host.name: "web-1"`; None for a name or value that no query can hold, such as a page-long one."""
    text = text_of(value)
    if not PLAIN_NAME.fullmatch(field) or not text or len(text) > LONGEST_VALUE or not text.isprintable():
        return None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}: "{escaped}"'


def eql_clause_of(field: str, value: Scalar) -> str | None:
    """`host.name == "web-1"`, for EQL and ES|QL; None as above."""
    text = text_of(value)
    if not _CODE_NAME.fullmatch(field) or clause_of(field, value) is None:
        return None
    kind = field_type(field)
    if (kind in NUMBER_TYPES and _NUMBER.fullmatch(text)) or (kind is FieldType.BOOLEAN and text in ("true", "false")):
        return f"{field} == {text}"
    if not isinstance(value, str) and kind is FieldType.UNKNOWN:
        return f"{field} == {text}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field} == "{escaped}"'


def narrowed_eql(query: str, clause: str, *, without: bool = False) -> str | None:
    """The same of a query for events in EQL; None where the query says more than one condition."""
    found = _EVENT_QUERY.fullmatch(query)
    if found is None:
        return None
    more = f"not {clause}" if without else clause
    head, condition = found.groups()
    kept = f"({condition})" if re.search(r"\bor\b", condition) else condition
    return f"{head} where {more}" if condition == "true" else f"{head} where {kept} and {more}"


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
