"""Value lists as the database keeps them, and as this process remembers them: read once a version.

What exceptions ask (`values_of`) and what pipelines join (`table_of`) is remembered with the version that was read, so
that asking again costs one small query. What is remembered is bounded; a list that falls out is read again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import zstandard
from django.db.models.expressions import RawSQL

from engine.languages.value_lists import ListValues
from engine.pipelines.listed import listed
from engine.pipelines.tables import Table
from engine.pipelines.tables import table_of as table_of_cells
from rules.models import ValueList
from rules.value_lists.reading import Item

_MOST_UNPACKED = 64 * 1024 * 1024
_REMEMBERED = 600_000
"""Values (or cells) of lists and tables that a process keeps read, some 100 MB."""


class Stamp(NamedTuple):
    """Names a state of a list: its version, and the transaction that wrote it, so that one that was removed and made
    again is another, and so is one whose change was taken back."""

    version: int
    written_by: str


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: Stamp
    value: Any
    weight: int


class _Memory:
    """What was read of lists, by id, as far as there is room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, list_id: str, stamp: Stamp, read: Callable[[], tuple[Any, int]]) -> Any:
        with self._lock:
            kept = self._kept.get(list_id)
            if kept is not None and kept.stamp == stamp:
                self._kept.move_to_end(list_id)
                return kept.value
        value, weight = read()
        with self._lock:
            self._kept[list_id] = _Kept(stamp, value, weight)
            self._kept.move_to_end(list_id)
            while len(self._kept) > 1 and sum(one.weight for one in self._kept.values()) > _REMEMBERED:
                self._kept.popitem(last=False)
        return value


_values, _tables = _Memory(), _Memory()


def packed(items: Iterable[Item]) -> bytes:
    """A list's items as they are stored."""
    return zstandard.ZstdCompressor(level=3).compress(b"\n".join(map(orjson.dumps, items)))


def unpacked(data: bytes | memoryview) -> list[Item]:
    """The items that were stored; a hundred thousand take some hundredths of a second."""
    if not data:
        return []
    lines = zstandard.ZstdDecompressor().decompress(bytes(data), max_output_size=_MOST_UNPACKED)
    return [orjson.loads(line) for line in lines.split(b"\n")] if lines else []


def digest_of(data: bytes | memoryview) -> str:
    """What tells what a list holds from anything else; some hundredths of a second for a hundred thousand values."""
    lines = zstandard.ZstdDecompressor().decompress(bytes(data), max_output_size=_MOST_UNPACKED) if data else b""
    return sha256(lines).hexdigest()


def stamps(list_ids: Iterable[str]) -> dict[str, Stamp]:
    """The state of each of these lists that exists. One query."""
    rows = ValueList.objects.filter(pk__in=list(list_ids)).annotate(written_by=RawSQL("rules_valuelist.xmin::text", ()))
    return {pk: Stamp(version, by) for pk, version, by in rows.values_list("pk", "version", "written_by")}


def types_of(list_ids: Iterable[str]) -> dict[str, str]:
    """The type of each of these lists that exists; tables are none. One query."""
    rows = ValueList.objects.filter(pk__in=list(list_ids)).exclude(type=ValueList.Type.TABLE)
    return dict(rows.values_list("pk", "type"))


def values_of(list_id: str) -> ListValues | None:
    """The values of a list, for exceptions that ask for it; None where there is none. A table is no such list.

    One small query when nothing changed.
    """
    stamp = stamps([list_id]).get(list_id)
    return None if stamp is None else _values.of(list_id, stamp, lambda: _read_values(list_id))


def _read_values(list_id: str) -> tuple[ListValues | None, int]:
    row = ValueList.objects.filter(pk=list_id).only("type", "data").first()
    if row is None or row.type == ValueList.Type.TABLE:
        return None, 1
    values = ListValues([item for item in unpacked(row.data) if isinstance(item, str)])
    return values, len(values) + 1


def table_of(name: str) -> Table | None:
    """The list or table of this id, as pipelines join it; None where there is none. The same object while it is the
    same."""
    stamp = stamps([name]).get(name)
    return None if stamp is None else _tables.of(name, stamp, lambda: _read_table(name))


def _read_table(name: str) -> tuple[Table | None, int]:
    row = ValueList.objects.filter(pk=name).only("type", "columns", "data").first()
    if row is None:
        return None, 1
    items = unpacked(row.data)
    if row.type != ValueList.Type.TABLE:
        return listed(name, row.type, [item for item in items if isinstance(item, str)]), len(items) + 1
    columns = columns_of(row)
    table = table_of_cells(name, columns, [item for item in items if isinstance(item, list)])
    return table, len(items) * len(columns) + 1


def columns_of(row: ValueList) -> list[tuple[str, str]]:
    """A table's columns, as name and type."""
    return [(one["name"], one["type"]) for one in row.columns]


def columns_json(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The columns as they are stored."""
    return [{"name": name, "type": kind} for name, kind in columns]
