"""Reading documents out of their blocks, for rows that a query found.

Neighbouring rows mostly share blocks, so unpacked blocks are kept for a while, within a bound on their bytes.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, TypeVar

from django.db import connection

from events.blocks import Block, unpack
from events.stored import StoredEvent

ROW = "day, team_id, ingested, block_id, position"
"""The columns by which `read_documents` finds a document; queries select them first."""
_ROWS_AT_ONCE = 200
_KEPT_BYTES = 96 * 1024 * 1024
BlockKey = tuple[date, int]
T = TypeVar("T")


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


class BlockShelf:
    """Unpacked blocks, the least recently used dropped when they take too much room."""

    def __init__(self, room_bytes: int = _KEPT_BYTES) -> None:
        self._room = room_bytes
        self._blocks: OrderedDict[BlockKey, tuple[Block, int]] = OrderedDict()

    def take(self, key: BlockKey) -> Block | None:
        """The block, if it is here."""
        if key not in self._blocks:
            return None
        self._blocks.move_to_end(key)
        return self._blocks[key][0]

    def put(self, key: BlockKey, block: Block, size_bytes: int) -> None:
        """Keep a block, dropping others for it."""
        self._blocks[key] = (block, size_bytes)
        self._room -= size_bytes
        while self._room < 0 and len(self._blocks) > 1:
            _, (_, freed) = self._blocks.popitem(last=False)
            self._room += freed


def read_documents(rows: Sequence[tuple[Any, ...]], shelf: BlockShelf | None = None) -> Iterator[StoredEvent]:
    """The events of rows that begin with ROW, in their order. Costs a query for every two hundred rows."""
    shelf = shelf or BlockShelf()
    for some in slices(rows, _ROWS_AT_ONCE):
        found: dict[BlockKey, Block] = _shelved(shelf, {(row[0], row[3]) for row in some})
        for day, team_id, ingested, block_id, position, *_ in some:
            yield found[day, block_id].at(position, team_id, ingested)


def _shelved(shelf: BlockShelf, keys: set[BlockKey]) -> dict[BlockKey, Block]:
    found = {key: block for key in keys if (block := shelf.take(key)) is not None}
    missing = keys - found.keys()
    if missing:
        for key, block, size_bytes in _fetched(missing):
            found[key] = block
            shelf.put(key, block, size_bytes)
    return found


def _fetched(keys: set[BlockKey]) -> Iterator[tuple[BlockKey, Block, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, id, format, dictionary_id, raw_bytes, data "
            "FROM event_block WHERE day = ANY(%s) AND id = ANY(%s)",
            [list({day for day, _ in keys}), [number for _, number in keys]],
        )
        for day, number, form, dictionary_id, raw_bytes, data in cursor:
            yield (day, number), unpack(day, form, dictionary_id, bytes(data)), 2 * raw_bytes  # text and lines
