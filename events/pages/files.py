"""What a search finds, as a file: lines of JSON with whole events, or a table for a spreadsheet. Bounded both ways."""

from collections.abc import Iterator, Sequence
from itertools import islice

import orjson

from engine.tree import text_of
from events.pages.asked import Asked
from events.pages.results import columns_of
from events.pages.rows import RowsFound
from events.searching import Pass, Question
from events.stored import StoredEvent

MOST_EVENTS = 10_000
SECONDS = 30.0


def events_of(asked: Asked, team_ids: Sequence[int]) -> Iterator[StoredEvent]:
    """The newest events of a search in KQL or EQL, at most MOST_EVENTS and what is found within SECONDS."""
    if asked.tree is None or asked.window is None:
        return iter(())
    question = Question(asked.tree, asked.window, team_ids, asked.indices)
    return islice(Pass(question, budget_seconds=SECONDS, first_rows=1_000), MOST_EVENTS)


def lines_of(events: Iterator[StoredEvent]) -> Iterator[bytes]:
    """One event a line, with its index and id."""
    for event in events:
        yield orjson.dumps({"_index": event.index, "_id": event.uid.hex()} | orjson.loads(event.raw)) + b"\n"


def header_of(asked: Asked) -> list[str]:
    """The columns of the table, and what leads back to the event."""
    return ["@timestamp", *columns_of(asked), *([] if asked.columns else ["process.command_line", "message"]), "_id"]


def cells_of(events: Iterator[StoredEvent], asked: Asked) -> Iterator[list[object]]:
    """The rows of the table."""
    names = header_of(asked)[1:-1]
    for event in events:
        document = event.document()
        values = [", ".join(map(text_of, document.values(name))) for name in names]
        yield [event.time, *values, event.uid.hex()]


def table_of(found: RowsFound) -> tuple[list[str], list[list[object]]]:
    """The rows of a search in ES|QL."""
    if found.found is None:
        return [], []
    rows = [[_plain(one) for one in row] for row in found.found.rows]
    return [column.name for column in found.found.columns], rows


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
