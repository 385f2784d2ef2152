"""One ES|QL query over events or tables in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from engine.document import Document
from engine.errors import LanguageError
from engine.indices import index_matches, split_patterns
from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import From, Query
from engine.pipelines import EVENTS, Budget, Multivalue, Result, compile_query, pages_of
from engine.pipelines.tables import Table
from engine.pipelines.types import Value
from engine.running.events import Event, asks_for_names

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def run_esql(
    text: str,
    events: Sequence[Event],
    *,
    tables: Mapping[str, Table] | None = None,
    now: datetime | None = None,
    multivalue: Multivalue = Multivalue.STRICT,
    budget: Budget | None = None,
) -> Result:
    """The rows of a query. FROM names one of the tables, or index patterns of events; an event that names no index
    satisfies every pattern. LOOKUP JOIN looks in the tables.

    `now` is what `now()` means; without it 1970, so give it where there are no events. An event without `_id` goes by
    the line it stands on.
    Raises: LanguageError, PatternError, BudgetExceeded.
    """
    query = parse_esql(text)
    known = tables or {}
    table = _table(query, known)
    source = EVENTS if table is None else table.schema
    compiled = compile_query(query, source, multivalue=multivalue, tables=known)
    at = now or _BEGINNING
    if table is not None:
        return compiled.run(table.pages(compiled.fields), now=at, budget=budget)
    chosen = chosen_events(query, events)
    named = any(map(asks_for_names, compiled.hidden.values()))
    documents = (_document(event, named=named) for event in chosen)
    pages = pages_of(documents, compiled.fields, metadata=metadata_of(chosen))
    return compiled.run(pages, now=at, budget=budget)


def _table(query: Query, tables: Mapping[str, Table]) -> Table | None:
    """The table that the query reads, if it reads one.

    Raises: LanguageError for a table beside something else.
    """
    first = query.commands[0]
    if not isinstance(first, From):
        return None
    named = [pattern for pattern in first.patterns if pattern in tables]
    if named and len(first.patterns) > 1:
        start, end = first.place
        message = f"the table {named[0][:60]} can only be read by itself"
        raise LanguageError.at(query.text, start, end - start, message)
    return tables[named[0]] if named else None


def chosen_events(query: Query, events: Sequence[Event]) -> Sequence[Event]:
    """The events that the query's FROM lets in; ROW reads none."""
    first = query.commands[0]
    if not isinstance(first, From):
        return ()
    patterns = split_patterns(first.patterns)
    return [event for event in events if event.index is None or index_matches(patterns, event.index)]


def metadata_of(events: Sequence[Event]) -> Callable[[int], Mapping[str, Value]]:
    """`_id` and `_index` of the events, by their place in the list."""

    def of(number: int) -> Mapping[str, Value]:
        event = events[number]
        return {"_id": event.names.get("_id", [str(event.line)])[0], "_index": event.index}

    return of


def _document(event: Event, *, named: bool) -> Document:
    return Document({**event.document.raw, **event.names}) if named else event.document
