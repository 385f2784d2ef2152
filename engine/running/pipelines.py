"""A rule's pipeline over the events of a window in memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from engine.document import Document
from engine.pipelines import CompiledQuery, Result, pages_of
from engine.pipelines.reading import to_json
from engine.plan import Pipeline
from engine.rule_types.esql import compiled
from engine.running.events import Event, asks_for_names
from engine.running.rows import metadata_of
from engine.running.rules import Rule

Row: TypeAlias = dict[str, Any]


def window_of(rule: Rule, events: Sequence[Event], now: datetime) -> list[Event]:
    """The events that count when the rule runs at `now`, in order of time."""
    timed = sorted(rule.counted(events, *rule.window(now)), key=lambda pair: (pair[0].nanos, pair[1].line))
    return [event for _, event in timed]


def found_rows(plan: Pipeline, events: Sequence[Event], now: datetime) -> Iterator[tuple[tuple[int, ...], Row]]:
    """The rows that the pipeline makes of these events, each with the lines of those it came from."""
    query = compiled(plan)
    result = run_over(query, events, now)
    named = {column.name for column in query.columns}
    for origins, row in zip(result.origins, result.row_dicts(), strict=True):
        shown = {name: to_json(value) for name, value in row.items() if value is not None or name in named}
        yield tuple(sorted(events[number].line for number in origins)), shown


def run_over(query: CompiledQuery, events: Sequence[Event], now: datetime) -> Result:
    """The rows of a query over events, with the numbers of the events behind each; `now` is what `now()` means."""
    by_name = any(map(asks_for_names, query.hidden.values()))
    documents = (_document(event, by_name=by_name) for event in events)
    pages = pages_of(documents, query.fields, metadata=metadata_of(events))
    return query.run(pages, now=now, lineage=True)


def _document(event: Event, *, by_name: bool) -> Document:
    return Document({**event.document.raw, **event.names}) if by_name else event.document
