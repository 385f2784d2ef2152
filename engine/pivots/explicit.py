"""Searches that a guide's author wrote: `{{pivot: label | kql}}`, with a third part for what is usual otherwise.

    {{pivot: Logons by {user.name} | event.category: authentication and user.name: {user.name}}}
    {{pivot: Alerts on this host | host.name: {host.name} | alerts 7d}}
    {{pivot: Hosts used | user.name: {user.name} | by host.name -7d}}
    {{pivot: Hosts with this file | process.hash.sha256: {process.hash.sha256} | seen -30d}}

The third part names, in any order: `events`, `alerts` or `seen`; `by` a field whose values are counted; how far is
looked, such as `24h` (before and after), `-7d` (before), `+1h` (after). A bar in the query itself is no third part
unless every word of what follows is one of these.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from engine.errors import LanguageError
from engine.languages.kql import parse_kql
from engine.pivots.template import LONGEST, PLACE, Search, Span, Table

_SPAN = re.compile(r"([+-]?)([0-9]{1,5})(m|min|h|d|w)")
_UNITS: Mapping[str, timedelta] = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_TABLES = frozenset(Table)
_FIELD = re.compile(r"[A-Za-z0-9_@.-]{1,200}")


@dataclass(frozen=True, slots=True)
class _Options:
    table: Table = Table.EVENTS
    by: str = ""
    span: Span | None = None


@lru_cache(maxsize=1_024)
def read_pivot(text: str) -> Search:
    """The search that the text of a pivot asks for; what is wrong with it stands in `problem`. Kept by the text, since
    pages of alerts read the same few guides all day."""
    label, bar, rest = text.partition("|")
    query, options = _query_and_options(rest)
    wanted = Search(label.strip() or query, query, table=options.table, by=options.by)
    if options.span:
        wanted = replace(wanted, span=options.span)
    if not bar or not query:
        return replace(wanted, problem="This pivot has no query. Write {{pivot: label | query}}.")
    return checked(wanted)


def checked(search: Search) -> Search:
    """The search, with the problem if its query cannot be read whatever values it gets."""
    try:
        parse_kql(PLACE.sub('"x"', search.query))
    except LanguageError as error:
        return replace(search, problem=f"This search cannot be read: {error.message}")
    return search


def _query_and_options(rest: str) -> tuple[str, _Options]:
    query, bar, last = rest.rpartition("|")
    options = _options(last) if bar else None
    return (query.strip(), options) if options else (rest.strip(), _Options())


def _options(text: str) -> _Options | None:
    """The third part, or None when a word of it is none that belongs there."""
    options, before, after = _Options(), None, None
    words = iter(text.split())
    for word in words:
        if word in _TABLES:
            options = replace(options, table=Table(word))
        elif word == "by" and _FIELD.fullmatch(field := next(words, "")):
            options = replace(options, by=field)
        elif found := _SPAN.fullmatch(word):
            length = min(int(found[2]) * _UNITS[found[3]], LONGEST)
            before = length if found[1] in ("", "-") else before
            after = length if found[1] in ("", "+") else after
        else:
            return None
    if before is not None or after is not None:
        options = replace(options, span=Span(before or timedelta(), after or timedelta()))
    return options
