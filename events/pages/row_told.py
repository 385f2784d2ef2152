"""A row behind which no one event stands, told by its values: no address names it, since asked again the search may
answer otherwise. The button of the row says what it holds, and the pages about the row read that.

What is told is bounded, and comes back from whoever wrote the address: it is shown and never believed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.urls import reverse

from engine.fields import FieldType, field_type
from engine.pipelines.types import One, Value
from engine.pipelines.writing import text_of_double
from engine.tree import text_of
from events.pages.cells import SHOWN_VALUES
from events.pages.clauses import LONGEST_VALUE, address
from events.pages.links import Links
from events.pages.one_event import Field
from events.pages.one_event import Value as Shown
from events.pages.row_links import MOST_COLUMNS, alone, fields_by_column
from events.pages.rows_asked import RowsAsked

MOST_TOLD = 2_000
"""Characters of a row, in all; a page has a thousand rows."""
_OF_ALERTS = "kibana.alert."


@dataclass(frozen=True, slots=True)
class Told:
    """A column of the row with its values as texts; one longer than LONGEST_VALUE is the beginning of a text."""

    column: str
    values: tuple[str, ...]


def columns_told(names: Sequence[str]) -> str:
    """What says the names of the columns, once for all rows."""
    return orjson.dumps([_bounded(name) for name in names[:MOST_COLUMNS]]).decode()


def row_told(row: Sequence[Value]) -> str:
    """What the button of a row says: its values, as many as there is room for. Some microseconds a value."""
    told = ([_bounded(_text(one)) for one in _several(value)[:SHOWN_VALUES]] for value in row[:MOST_COLUMNS])
    return orjson.dumps(list(_in_room(told))).decode()


def read_row(columns: str, row: str) -> tuple[Told, ...]:
    """The row that an address tells of; empty for what tells of none."""
    pairs = [
        (name, [_shown(one) for one in texts[:SHOWN_VALUES] if isinstance(one, str)])
        for name, texts in zip(_read(columns)[:MOST_COLUMNS], _read(row), strict=False)
        if isinstance(name, str) and isinstance(texts, list)
    ]
    in_room = _in_room(texts for _name, texts in pairs)
    return tuple(Told(_shown(name), tuple(texts)) for (name, _), texts in zip(pairs, in_room, strict=False))


def _in_room(columns: Iterable[list[str]]) -> Iterator[list[str]]:
    """The columns as far as there is room for them, at least one."""
    room = MOST_TOLD
    for at, texts in enumerate(columns):
        room -= sum(map(len, texts)) + 4
        if room < 0 and at:
            break
        yield texts


def _shown(text: str) -> str:
    """A text that an address tells, as a page may show it: no page holds a NUL."""
    return _bounded(text.replace("\0", ""))


def fields_of_row(told: Sequence[Told], asked: RowsAsked, *, may_except: bool) -> list[Field]:
    """The row as an event's fields are shown. What stands in a field of the events leads on: to them, and to an
    exception for who may write one (`may_except`), but for what alerts say of themselves."""
    prepared, fields = asked.prepared, _fields(told, asked)

    def value(column: str, text: str) -> Shown:
        field = fields.get(column)
        search = alone(asked, prepared, field, text) if field and prepared else None
        if field is None or search is None:
            return Shown(text, Links())
        excepted = may_except and not field.startswith(_OF_ALERTS)
        except_url = address(reverse("alerts:exception_for"), add=field, value=text) if excepted else ""
        return Shown(text, Links(alone=search), except_url=except_url)

    return [Field(one.column, tuple(value(one.column, text) for text in one.values)) for one in told]


def _fields(told: Sequence[Told], asked: RowsAsked) -> dict[str, str]:
    """The fields of events that the columns hold: of groups those they are grouped by, else columns named like one."""
    if asked.prepared is None:
        return {}
    if asked.prepared.compiled.aggregating:
        return fields_by_column(asked.prepared.query)
    return {one.column: one.column for one in told if field_type(one.column) is not FieldType.UNKNOWN}


def _several(value: Value) -> tuple[One, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _text(value: One) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return text_of_double(value)
    return text_of(value) if isinstance(value, str | int) else str(value)


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _read(text: str) -> list[object]:
    try:
        found = orjson.loads(text[: 64 * MOST_TOLD])
    except orjson.JSONDecodeError:
        return []
    return found if isinstance(found, list) else []
