"""One event on a page of its own: every field with the links that narrow a search down, and the raw document."""

from dataclasses import dataclass

import orjson
from django.urls import reverse

from engine.tree import Scalar, text_of
from events.pages.clauses import address, clause_of, narrowed
from events.process_tree import ProcessTree, around
from events.stored import StoredEvent


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a field; the links are empty where no query could hold it."""

    text: str
    filter_url: str
    exclude_url: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field and its values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class EventPage:
    """What the page shows."""

    event: StoredEvent
    fields: list[Field]
    raw: str
    tree: ProcessTree | None
    search_url: str
    raw_url: str


def event_page(event: StoredEvent, *, query: str, start: str, end: str) -> EventPage:
    """The page of an event that was found by a query. Costs a few look-ups for the process's relatives."""
    search = reverse("events:search")
    flat = event.document().flat

    def value(field: str, scalar: Scalar) -> Value:
        clause = clause_of(field, scalar)
        if clause is None:
            return Value(text_of(scalar), "", "")
        urls = [
            address(search, q=narrowed(query, clause, without=without), from_=start, to=end)
            for without in (False, True)
        ]
        return Value(text_of(scalar), *urls)

    fields = [Field(name, tuple(value(name, one) for one in flat[name])) for name in sorted(flat)]
    raw_url = address(reverse("events:raw", args=[event.uid.hex()]), day=event.day.isoformat())
    back = address(search, q=query, from_=start, to=end)
    return EventPage(event, fields, pretty(event), around(event=event), back, raw_url)


def pretty(event: StoredEvent) -> str:
    """The document as it is stored, with its index and id, laid out to be read."""
    content = {"_index": event.index, "_id": event.uid.hex()} | orjson.loads(event.raw)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
