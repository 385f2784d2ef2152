"""A row of a pipeline over the event that it came from: the fields of its alert.

Source: Kibana merges a row into its source event: dotted names of columns are fields, nulls are left out.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from engine import Document
from engine.tree import text_of

MOST_VALUES = 1_000
MOST_CHARACTERS = 20_000
MOST_IN_ROW = 100_000
LEAST_CHARACTERS = 1_000
"""So many values and characters of a column are kept with an alert, and about so many characters of a row in all."""
_LARGEST = 10**300


def over(document: Document, row: Mapping[str, Any]) -> Document:
    """The event's fields with the row's columns (JSON values by name) over them.

    A column that says what the event says anyway leaves it as it is: a row has values sorted and each once.
    """
    raw = dict(document.raw)
    for name, value in row.items():
        if not _says_the_same(document, name, value):
            _put(raw, name.split("."), value)
    return Document.of(raw)


def fields_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Those columns of a row that are fields: without nulls, and without what the event is called."""
    return {name: value for name, value in row.items() if value is not None and not name.startswith("_") and name}


def _says_the_same(document: Document, name: str, value: Any) -> bool:
    known = {text_of(one) for one in document.values(name)}
    return bool(known) and known == {str(one) if isinstance(one, str) else text_of(one) for one in _all(value)}


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _put(fields: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a nested field in a copy of what surrounds it; an object is not put away for a value."""
    for name in path[:-1]:
        inner = fields.get(name)
        fields[name] = dict(inner) if isinstance(inner, dict) else {}
        fields = fields[name]
    if not isinstance(fields.get(path[-1]), dict):
        fields[path[-1]] = value


def plain(value: Any) -> Any:
    """A JSON value that can be stored: a query can make what no event may hold, such as a text with a NUL in it."""
    if isinstance(value, str):
        text = value.replace("\x00", "")
        return text if text.isascii() else text.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < _LARGEST else None
    return value


def cut(value: Any, room: int = MOST_IN_ROW) -> tuple[Any, int | None]:
    """A JSON value as it is kept with an alert, and how many values or characters it had where it was cut.

    `room`: about how many characters there is room for; a few are always kept.
    """
    most = max(min(room, MOST_CHARACTERS), LEAST_CHARACTERS)
    if isinstance(value, list):
        shown = list(_within(value[:MOST_VALUES], max(room, LEAST_CHARACTERS)))
        return shown, len(value) if len(shown) < len(value) else None
    if isinstance(value, str) and len(value) > most:
        return value[:most], len(value)
    return value, None


def size_of(value: Any) -> int:
    """About how many characters a JSON value has."""
    if isinstance(value, list):
        return sum(map(size_of, value))
    return len(value) if isinstance(value, str) else 8


def _within(values: list[Any], room: int) -> Iterator[Any]:
    """As many of the values as fit."""
    for value in values:
        one, _ = cut(value)
        room -= size_of(one)
        if room < 0:
            return
        yield one
