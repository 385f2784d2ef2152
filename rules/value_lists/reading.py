"""What may stand in a value list, read from lines of text: a value a line, or the rows of a table.

Limits come before parsing. A line that holds no such value is told with its number, and nothing is kept unless whoever
asks says that such lines are to be passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.languages.value_lists import ends_of, networks_between
from engine.pipelines.tables import TableError, TableReader
from engine.scalars import address_of, address_text
from rules.errors import ListRefused
from rules.models import ValueList

MAX_VALUES = 100_000
MAX_BYTES = 10_000_000
MAX_VALUE = 8_192
MAX_COLUMNS = 50
MAX_NETWORKS = 200_000
"""What the ranges of a list may come to: each is kept as the networks that cover it."""
SHOWN_LINES = 20

Kind = ValueList.Type
Item = str | list[Any]
"""A value, or a row's cells."""
Columns = list[tuple[str, str]]


@dataclass(slots=True)
class Content:
    """What was read: each value once, in order. `duplicates` and `passed` were left out; `bad` are the first bad lines,
    with the reason."""

    items: list[Item] = field(default_factory=list)
    columns: Columns = field(default_factory=list)
    duplicates: int = 0
    passed: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def read_lines(kind: str, lines: Iterable[str], *, columns: Columns | None = None, skip_bad: bool = False) -> Content:
    """The content that lines write; `columns` are those of a table that is there already.

    Takes some tenths of a second for a hundred thousand. Raises: ListRefused, with the first bad lines.
    """
    content = Content()
    seen: set[object] = set()
    bound = _Bound()
    for number, read in _read(kind, lines, content, columns or []):
        if isinstance(read, str):
            content.passed += 1
            if len(content.bad) < SHOWN_LINES:
                content.bad.append((number, read))
        elif read.key in seen:
            content.duplicates += 1
        else:
            seen.add(read.key)
            bound.count(read.size)
            content.items.append(read.item)
    if content.bad and not skip_bad:
        raise ListRefused("values", _told(content), content.bad)
    if kind == Kind.TABLE and not content.columns:
        raise ListRefused("values", "The first line names the columns and their types: host:keyword,owner:keyword")
    _check_networks(kind, content.items)
    return content


def check_size(kind: str, items: Sequence[Item]) -> None:
    """Raises: ListRefused for more than a list may hold."""
    bound = _Bound()
    for item in items:
        bound.count(_size(item))
    _check_networks(kind, items)


@dataclass(slots=True)
class _Bound:
    """Counts what a list holds, and stops where it would be too much."""

    values: int = 0
    size: int = 0

    def count(self, size: int) -> None:
        self.values += 1
        self.size += size
        if self.values > MAX_VALUES:
            raise ListRefused("values", f"A list holds up to {MAX_VALUES:,} values.")
        if self.size > MAX_BYTES:
            raise ListRefused("values", "A list holds up to 10 MB of values.")


@dataclass(frozen=True, slots=True)
class _One:
    """An item, what tells it from others, and its size in bytes."""

    item: Item
    key: object
    size: int


def _read(kind: str, lines: Iterable[str], content: Content, columns: Columns) -> Iterator[tuple[int, _One | str]]:
    if kind == Kind.TABLE:
        yield from _rows(lines, content, columns)
        return
    check = _CHECKS[kind]
    for number, line in enumerate(lines, 1):
        text = (line.removeprefix("\ufeff") if number == 1 else line).strip()
        if text:
            yield number, check(text) if "\0" not in text else "holds a NUL character"


def _rows(lines: Iterable[str], content: Content, columns: Columns) -> Iterator[tuple[int, _One | str]]:
    """The rows of a table. Where the columns are known, the first line may name them again, and must name the same."""
    reader = TableReader()
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_BYTES or "\0" in line:
            yield number, "is too long, or holds a NUL character"
            continue
        try:
            cells = reader.cells(line, number)
        except TableError as error:
            if not reader.columns:
                raise ListRefused("values", f"The header cannot be read: {error.message}.") from error
            yield number, error.message
            continue
        if cells is not None:
            yield number, _One(cells, repr(cells), _size(cells))
        elif reader.columns and not content.columns:
            content.columns = _checked_columns(reader.columns, columns)


def _checked_columns(found: Columns, known: Columns) -> Columns:
    if len(found) > MAX_COLUMNS:
        raise ListRefused("values", f"A table has up to {MAX_COLUMNS} columns.")
    if known and found != known:
        written = ",".join(f"{name}:{kind}" for name, kind in known)
        raise ListRefused("values", f"The columns have to be those that the table has: {written}")
    if any(len(name) > 255 for name, _ in found):
        raise ListRefused("values", "The name of a column has up to 255 characters.")
    return found


def _size(item: Item) -> int:
    if isinstance(item, str):
        return len(item.encode())
    return sum(len(str(cell or "").encode()) + 1 for cell in item)


def _word(text: str) -> _One | str:
    if len(text) > MAX_VALUE:
        return f"is longer than {MAX_VALUE:,} characters"
    return _One(text, text, len(text.encode()))


def _address(text: str) -> _One | str:
    number = address_of(text)
    if number is None:
        return f"{text[:60]!r} is no address"
    return _One(text, number, len(text))


def _network(text: str) -> _One | str:
    ends = ends_of(text)
    if ends is None:
        return f"{text[:60]!r} is no address, network (10.0.0.0/8) or range (10.0.0.1-10.0.0.9)"
    return _One("-".join(part.strip() for part in text.split("-")), ends, len(text))


_CHECKS: Mapping[str, Callable[[str], _One | str]] = {
    Kind.KEYWORD: _word,
    Kind.TEXT: _word,
    Kind.IP: _address,
    Kind.IP_RANGE: _network,
}


def key_of(kind: str, item: Item) -> object:
    """What tells an item from others: two ways to write an address are one value."""
    if not isinstance(item, str):
        return repr(item)
    read = _CHECKS[kind](item)
    return item if isinstance(read, str) else read.key


def canonical(kind: str, text: str) -> str:
    """How a value of this kind is looked for: an address in its one way to be written."""
    number = address_of(text.strip()) if kind in (Kind.IP, Kind.IP_RANGE) else None
    return text.strip() if number is None else address_text(number)


def _check_networks(kind: str, items: Sequence[Item]) -> None:
    """Raises: ListRefused where ranges come to too many networks."""
    if kind != Kind.IP_RANGE:
        return
    ranges = (ends_of(item) for item in items if isinstance(item, str) and "-" in item)
    if sum(sum(1 for _ in networks_between(*ends)) for ends in ranges if ends) > MAX_NETWORKS:
        raise ListRefused("values", f"Its ranges come to more than {MAX_NETWORKS:,} networks. Write wider ones.")


def _told(content: Content) -> str:
    number, why = content.bad[0]
    more = f", and {content.passed - 1:,} more lines cannot be read" if content.passed > 1 else ""
    return f"Line {number:,} {why}{more}. Nothing was kept."
