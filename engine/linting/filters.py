"""Findings in the `filters` of a rule, which are written in Elasticsearch's own query language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.linting.finding import Finding, shown

# A backslash takes the next character literally there, so one before an ordinary character is lost.
_LOST_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\\*?])")
_MAX_DEPTH = 30


def findings_in_filters(filters: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Wildcard patterns with the single backslashes of a Windows path, which match no path."""
    for at, one in enumerate(filters):
        query = one.get("query")
        for pattern in _patterns(query, 0):
            if _LOST_BACKSLASH.search(pattern):
                message = (
                    f"A backslash takes the next character literally in {shown(pattern)}, so it matches no path. "
                    "Write two for one."
                )
                yield Finding("dead_escape", message, f"filters[{at}].query")


def _patterns(query: Any, depth: int) -> Iterator[str]:
    """The patterns of all `wildcard` clauses in a query."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(query, list):
        for item in query:
            yield from _patterns(item, depth + 1)
    elif isinstance(query, Mapping):
        for key, value in query.items():
            if key == "wildcard" and isinstance(value, Mapping):
                yield from (pattern for field in value.values() if (pattern := _pattern_of(field)))
            else:
                yield from _patterns(value, depth + 1)


def _pattern_of(field: Any) -> str:
    pattern = field.get("value", field.get("wildcard")) if isinstance(field, Mapping) else field
    return pattern if isinstance(pattern, str) else ""
