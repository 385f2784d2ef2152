"""Columns out of lines of JSON, reading of each event only the fields that a pipeline asks for.

A typed decoder (engine/matcher/decode.py) skips the rest of an event while the JSON is read, and what stands there in
the usual shape is the column as it is. An event of another shape is read in full: slower, and with the same answer,
which is always that of engine/pipelines/reading.py. Costs some two microseconds an event for a handful of fields.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from types import NoneType
from typing import Any

import msgspec
import orjson

from engine.document import Document
from engine.fields import EXACT_TYPES, TEXT_TYPES, FieldType, field_type, source_field
from engine.matcher.decode import Shape
from engine.matcher.reading import outer_names
from engine.pipelines.reading import reader
from engine.pipelines.types import Column, Value

_LEAST, _MOST = -(2**63), 2**63 - 1
_REMEMBERED = 50_000
"""Converted texts kept for each column: hosts' addresses and dates recur."""
_TEXT = str | None | tuple[str | None, ...]
_KINDS: dict[FieldType, Any] = {
    **dict.fromkeys([*EXACT_TYPES, *TEXT_TYPES, FieldType.IP, FieldType.DATE], _TEXT),
    FieldType.LONG: int | None | tuple[int | None, ...],
    FieldType.DOUBLE: float | None | tuple[float | None, ...],
    FieldType.BOOLEAN: bool | None | tuple[bool | None, ...],
    FieldType.UNKNOWN: str | int | float | bool | None | tuple[str | int | float | bool | None, ...],
}
_PLAIN: dict[FieldType, frozenset[type]] = {
    **dict.fromkeys([*EXACT_TYPES, *TEXT_TYPES], frozenset({str, NoneType})),
    FieldType.DATE: frozenset({datetime, NoneType}),
    FieldType.LONG: frozenset({int, NoneType}),
    FieldType.DOUBLE: frozenset({float, NoneType}),
    FieldType.BOOLEAN: frozenset({bool, NoneType}),
    FieldType.UNKNOWN: frozenset({str, bool, float, int, NoneType}),
}
"""What a column holds as it is decoded (dates after `_date`); addresses never do."""


class LineDocument(Document):
    """An event that is parsed only when somebody asks it something. `line` must be one JSON object."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._part_of = None

    @cached_property
    def _raw(self) -> dict[str, Any]:  # type: ignore[override]
        found: dict[str, Any] = orjson.loads(self._line)
        return found


class LineReader:
    """Reads the same fields of many events."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._readers = {name: reader(name) for name in fields}
        kinds = {name: _kind_of(name) for name in _apart(fields)}
        self._shape = Shape(kinds, {})
        self._columns = [_Converted(name, self._shape.place_of[name]) for name in kinds]
        self._beside = sorted(set(fields) - kinds.keys())
        self._nothing = self._shape.decode(b"{}")

    def columns(self, lines: Sequence[bytes]) -> dict[str, Column]:
        """The columns of some events, one row each, in their order."""
        events, odd = self._decoded(lines)
        found = {column.name: column.of(events) for column in self._columns}
        found |= {name: [None] * len(lines) for name in self._beside}
        for place in range(len(lines)) if self._beside else odd:
            document = Document.of(lines[place])
            for name, read in self._readers.items():
                found[name][place] = read(document)
        return found

    def _decoded(self, lines: Sequence[bytes]) -> tuple[list[Any], list[int]]:
        """The events as structs, and the places of those that do not fit, for which nothing stands there."""
        decode, events, odd = self._shape.decode, [], []
        for place, line in enumerate(lines):
            try:
                events.append(decode(line))
            except msgspec.MsgspecError:
                events.append(self._nothing)
                odd.append(place)
        return events, odd


class _Converted:
    """One column: what was decoded, made what the type of the column holds."""

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self._get = attrgetter(place)
        self._read: Callable[[Document], Value] = reader(name)
        self._plain = _PLAIN.get(_type_of(name), frozenset({NoneType}))
        self._dates = _type_of(name) is FieldType.DATE
        self._known: dict[str | tuple[str, ...], Value] = {}

    def of(self, events: Sequence[Any]) -> Column:
        """The column."""
        raw: list[Any] = list(map(self._get, events))
        if self._dates:
            raw = [_date(value) if type(value) is str else value for value in raw]
        kinds = set(map(type, raw))
        if not kinds <= self._plain:
            raw = [value if type(value) in self._plain else self._value(value) for value in raw]
            kinds = set(map(type, raw))
        if int in kinds and not all(type(value) is not int or _LEAST <= value <= _MOST for value in raw):
            raw = [self._number(value) for value in raw]
        return raw

    def _value(self, value: Any) -> Value:
        """Of a single text, of an array, or of whatever JSON stands there."""
        if type(value) is tuple:
            if len(value) == 1 and type(value[0]) in self._plain:
                return value[0]  # type: ignore[no-any-return]
            if not all(map(isinstance, value, repeat(str))):
                return self._read(Document({self.name: list(value)}))
        elif type(value) is not str:
            return self._read(Document({self.name: _unpacked(value)}))
        if value not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[value] = self._read(Document({self.name: list(value) if type(value) is tuple else value}))
        return self._known[value]

    def _number(self, value: Value) -> Value:
        """Whole numbers beyond 64 bits are read as the JSON reader of documents reads them."""
        if type(value) is not int or _LEAST <= value <= _MOST:
            return value
        return self._read(Document({self.name: orjson.loads(str(value))}))


def _date(text: str) -> str | datetime:
    """A date in the form in which nearly all are stored, `2026-11-20T12:00:00.000Z`; any other text as it is."""
    if (
        len(text) == 24
        and text[7] == "-"
        and text[10] == "T"
        and text[19] == "."
        and text[23] == "Z"
        and text.isascii()
    ):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    return text


def _unpacked(value: Any) -> Any:
    return orjson.loads(bytes(value)) if isinstance(value, msgspec.Raw) else value


def _type_of(name: str) -> FieldType:
    return field_type(source_field(name))


def _kind_of(name: str) -> Any:
    return _KINDS.get(_type_of(name), msgspec.Raw)


def _apart(fields: Sequence[str]) -> list[str]:
    """The fields none of which lies in another, so that one decoder can read them; the others are read in full."""
    places = {source_field(name) for name in fields}
    inside = {place for place in places if any(outer in places for outer in outer_names(place))}
    outside = {outer for place in inside for outer in outer_names(place)}
    return [name for name in fields if source_field(name) not in inside | outside]
