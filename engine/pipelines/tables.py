"""Tables of CSV that a pipeline may read from, or look up in.

    host:keyword, address:ip,            seen:date,            ports:integer
    web-1       , 10.0.0.1,              2026-11-20T10:00:00Z, [443,80]
    "db, old"   , [10.0.0.3,10.0.0.2],   ,

The first line names the columns and their types, by Elasticsearch's names; without one it is keyword. Blanks around a
value do not count, nothing at all is null, `[a,b]` is several values. In quotes a text stands as it is (`""` is a
quote); outside, a backslash before a comma, bracket or quote takes it as it is. Blank lines and comments (`//`) say
nothing.
Several values come as a field's do: keywords, versions and addresses sorted and each once, the others sorted.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from engine.errors import EngineError
from engine.pipelines.page import Page
from engine.pipelines.places import place_of
from engine.pipelines.schema import Schema
from engine.pipelines.types import Address, Column, One, Type, Value
from engine.pipelines.versions import version_key
from engine.scalars import address_of, instant_of, number_of, truth_of

PAGE_SIZE = 1_000
MOST_COLUMNS = 1_000
_ESCAPED = re.compile(r"\\([,\[\]\"])")
_PLAIN = re.compile(r"(?:\\[,\[\]\"]|[^,])*")
_ITEM = re.compile(r"(?:\\[,\[\]\"]|[^,\]])*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BLANKS = re.compile(r"[ \t]*")
_COMMENT = "//"

Cell = str | list[str] | None
Read = Callable[[str], Any]


class TableError(EngineError):
    """A table that cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


class Index(Protocol):
    """Finds the rows of a table by the values of its keys."""

    def get(self, key: tuple[Value, ...], /) -> Sequence[int] | None:
        """The numbers of the rows; nothing where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table in memory: its columns by name, each with a value a row.

    A list's rows are found by its `index` alone, by one value of the type `key`; it has no column of its values.
    """

    name: str
    schema: Schema
    columns: Mapping[str, Column]
    size: int
    index: Index | None = None
    key: Type = Type.KEYWORD

    def pages(self, fields: Iterable[str], size: int = PAGE_SIZE) -> Iterator[Page]:
        """The rows with these columns, some at a time. `_index` is the table's name, `_id` the row's number from 0."""
        wanted = list(fields)
        for start in range(0, self.size, size):
            rows = range(start, min(start + size, self.size))
            yield Page(len(rows), {name: self._part(name, rows) for name in wanted})

    def _part(self, name: str, rows: range) -> Column:
        if name in self.columns:
            return self.columns[name][rows.start : rows.stop]
        if name == "_id":
            return [str(row) for row in rows]
        special: dict[str, Value] = {"_index": self.name, "_version": 1}
        return [special.get(name)] * len(rows)


def read_table(name: str, lines: Iterable[str]) -> Table:
    """The table that these lines write.

    Raises: TableError.
    """
    reader = TableReader()
    rows = [cells for number, line in enumerate(lines, 1) if (cells := reader.cells(line, number)) is not None]
    if not reader.columns:
        raise TableError(1, "there is no header such as `host:keyword,address:ip`")
    return table_of(name, reader.columns, rows)


class TableReader:
    """Reads a table line by line, so that one who wants to can go on after a line that cannot be read."""

    def __init__(self, columns: Sequence[tuple[str, str]] = ()) -> None:
        """Columns (name and type) are given where they are known before the first line."""
        self.columns = list(columns)
        self._header = [(name, *_KINDS[kind]) for name, kind in columns]

    def cells(self, line: str, number: int) -> list[Cell] | None:
        """The row of a line, checked; None for the header, blanks and comments.

        Raises: TableError.
        """
        text = (line.removeprefix("\ufeff") if number == 1 else line).rstrip("\r\n")
        if not text.strip() or text.lstrip().startswith(_COMMENT):
            return None
        if not self._header:
            self.columns = _header(text, number)
            self._header = [(name, *_KINDS[kind]) for name, kind in self.columns]
            return None
        cells = list(_cells(text, number))
        _row(cells, number, self._header)
        return cells


def table_of(name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Cell]]) -> Table:
    """The table of these columns (name and type) and cells.

    Raises: TableError; its line is the row's number from 1, the header counted.
    """
    header = [(column, *_KINDS[kind]) for column, kind in columns]
    values = [_row(cells, number, header) for number, cells in enumerate(rows, 2)]
    read = {column: [row[at] for row in values] for at, (column, _) in enumerate(columns)}
    types = {column: kind for column, kind, _ in header}
    return Table(name, Schema(MappingProxyType(types)), MappingProxyType(read), len(values))


def _header(line: str, number: int) -> list[tuple[str, str]]:
    cells = list(_cells(line, number))
    if len(cells) > MOST_COLUMNS:
        raise TableError(number, f"a table may have at most {MOST_COLUMNS:,} columns")
    header = [_named(cell, number) for cell in cells]
    names = [name for name, _ in header]
    for name in names:
        if names.count(name) > 1:
            raise TableError(number, f"two columns are called {name[:60]}")
    return header


def _named(cell: Cell, number: int) -> tuple[str, str]:
    if not isinstance(cell, str) or not cell.partition(":")[0].strip():
        raise TableError(number, "every column needs a name, such as `host:keyword`")
    name, _, kind = (part.strip() for part in cell.rpartition(":")) if ":" in cell else (cell.strip(), "", "keyword")
    if kind.lower() not in _KINDS:
        raise TableError(number, f"{name[:60]} has the type {kind[:40]}, which is none of {', '.join(_KINDS)}")
    return name, kind.lower()


def _row(cells: Sequence[Cell], number: int, header: Sequence[tuple[str, Type, Read]]) -> Column:
    if len(cells) != len(header):
        raise TableError(number, f"there are {len(cells)} values for {len(header)} columns")
    return [_value(cell, column, number) for cell, column in zip(cells, header, strict=True)]


def _value(cell: Cell, column: tuple[str, Type, Read], number: int) -> Value:
    if cell is None:
        return None
    name, kind, read = column
    if isinstance(cell, str):
        return _one(cell, name, kind, read, number)
    values = [_one(item, name, kind, read, number) for item in cell]
    return settled(values, kind)


def _one(text: str, name: str, kind: Type, read: Read, number: int) -> One:
    value: One | None = read(text)
    if value is None:
        raise TableError(number, f"{name[:60]} holds {text[:60]!r}, which is no {kind}")
    return value


def settled(values: list[Any], kind: Type) -> Value:
    """Several values in the order in which fields have them; one alone, or null, where there are no more."""
    if kind in (Type.KEYWORD, Type.IP, Type.VERSION):
        values = list(set(values))
    if kind not in (Type.TEXT, Type.GEO_POINT):
        values.sort(key=version_key if kind is Type.VERSION else None)
    if not values:
        return None
    return tuple(values) if len(values) > 1 else values[0]


def _cells(line: str, number: int) -> Iterator[Cell]:
    at = 0
    while True:
        cell, at = _cell(line, at, number)
        yield cell
        if at >= len(line):
            return
        if line[at] != ",":
            raise TableError(number, f"a comma had to follow in column {at + 1}")
        at += 1


def _cell(line: str, at: int, number: int) -> tuple[Cell, int]:
    """The value that begins here, and where it ends."""
    at = _past_blanks(line, at)
    if line.startswith('"', at):
        text, at = _quoted(line, at, number)
        return text, _past_blanks(line, at)
    if line.startswith("[", at):
        return _several(line, at + 1, number)
    found = _PLAIN.match(line, at)
    text = found[0].strip() if found else ""
    return (_ESCAPED.sub(r"\1", text) or None), found.end() if found else at


def _several(line: str, at: int, number: int) -> tuple[list[str], int]:
    items: list[str] = []
    while True:
        at = _past_blanks(line, at)
        if line.startswith('"', at):
            text, at = _quoted(line, at, number)
            items.append(text)
            at = _past_blanks(line, at)
        elif found := _ITEM.match(line, at):
            items += [_ESCAPED.sub(r"\1", found[0].strip())] if found[0].strip() else []
            at = found.end()
        if line.startswith("]", at):
            return items, _past_blanks(line, at + 1)
        if not line.startswith(",", at):
            raise TableError(number, "a `[` is never closed")
        at += 1


def _quoted(line: str, at: int, number: int) -> tuple[str, int]:
    found = _QUOTED.match(line, at)
    if found is None:
        raise TableError(number, "a quote is never closed on its line")
    return found[1].replace('""', '"'), found.end()


def _past_blanks(line: str, at: int) -> int:
    found = _BLANKS.match(line, at)
    return found.end() if found else at


def _whole(least: int, most: int) -> Read:
    def read(text: str) -> int | None:
        number = number_of(text)
        return number if isinstance(number, int) and least <= number <= most else None

    return read


def _fraction(text: str) -> float | None:
    number = number_of(text)
    return None if number is None else float(number)


def _rounded(code: str) -> Read:
    """Numbers as narrow fields keep them: `float` 32 bits, `half_float` 16."""

    def read(text: str) -> float | None:
        number = _fraction(text)
        try:
            return None if number is None else float(struct.unpack(code, struct.pack(code, number))[0])
        except OverflowError:
            return None

    return read


def _address(text: str) -> Address | None:
    number = address_of(text)
    return None if number is None else Address(number)


_INTEGER = Type.INTEGER, _whole(-(2**31), 2**31 - 1)
_DATE = Type.DATETIME, instant_of
_KINDS: Mapping[str, tuple[Type, Read]] = MappingProxyType(
    {
        "keyword": (Type.KEYWORD, str),
        "text": (Type.TEXT, str),
        "wildcard": (Type.KEYWORD, str),
        "integer": _INTEGER,
        "int": _INTEGER,
        "short": (Type.INTEGER, _whole(-(2**15), 2**15 - 1)),
        "byte": (Type.INTEGER, _whole(-128, 127)),
        "long": (Type.LONG, _whole(-(2**63), 2**63 - 1)),
        "unsigned_long": (Type.UNSIGNED_LONG, _whole(0, 2**64 - 1)),
        "double": (Type.DOUBLE, _fraction),
        "scaled_float": (Type.DOUBLE, _fraction),
        "float": (Type.DOUBLE, _rounded("f")),
        "half_float": (Type.DOUBLE, _rounded("e")),
        "boolean": (Type.BOOLEAN, truth_of),
        "date": _DATE,
        "datetime": _DATE,
        "date_nanos": (Type.DATE_NANOS, instant_of),
        "ip": (Type.IP, _address),
        "version": (Type.VERSION, str),
        "geo_point": (Type.GEO_POINT, place_of),
    }
)
