"""A search with an alert's values in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.errors import LanguageError
from engine.languages.kql import parse_kql
from engine.pivots.template import ANCESTORS, PLACE, TREE, Search, Span, Table
from engine.pivots.writing import UnwritableError, one_of

_LONGEST_IN_LABEL = 40
_NO_SUCH = {TREE: "the alert is about no process", ANCESTORS: "the alert names no parent process"}
_UNREADABLE = "This search cannot be read: {}"


@dataclass(frozen=True, slots=True)
class Pivot:
    """A search ready to be asked, or with `problem` why it cannot be."""

    label: str
    query: str
    span: Span
    table: Table
    by: str = ""
    problem: str = ""
    note: str = ""

    @property
    def asks(self) -> tuple[str, Span, Table, str]:
        """What makes two pivots the same."""
        return self.query, self.span, self.table, self.by


def fill(search: Search, values: Mapping[str, Sequence[str]]) -> Pivot:
    """The search with these values (field to values) in its places. Never raises: why not is part of the answer."""
    problem = search.problem
    query = search.query
    if not problem and not search.note:
        try:
            query = _filled(search, values)
            problem = _problem_of(query)
        except UnwritableError as error:
            problem = str(error)
        query = "" if problem else query
    return Pivot(_label(search.label, values), query, search.span, search.table, search.by, problem, search.note)


@lru_cache(maxsize=512)
def _problem_of(query: str) -> str:
    """Why a query cannot be read, or nothing. Kept by the query: the page, the numbers and each search ask in turn."""
    try:
        parse_kql(query)
    except LanguageError as error:
        return _UNREADABLE.format(error.message)
    return ""


def _filled(search: Search, values: Mapping[str, Sequence[str]]) -> str:
    for place in search.places:
        if not values.get(place):
            raise UnwritableError(_NO_SUCH.get(place) or f"the alert has no {place}")
    return PLACE.sub(lambda found: _written(found[1], search, values), search.query)


def _written(place: str, search: Search, values: Mapping[str, Sequence[str]]) -> str:
    try:
        return one_of(values[place], together=search.together)
    except UnwritableError as error:
        raise UnwritableError(f"{place}: {error}") from error


def _label(label: str, values: Mapping[str, Sequence[str]]) -> str:
    """The label with the first value of each place; where the alert has none, the name of the field."""
    return PLACE.sub(lambda found: _short(next(iter(values.get(found[1], ())), found[1])), label)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_IN_LABEL else f"{value[: _LONGEST_IN_LABEL - 1]}…"
