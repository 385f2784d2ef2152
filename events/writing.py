"""How rows and blocks of a batch get into the database: one COPY, one sorted INSERT, one INSERT of blocks.

The rows go through a temporary table because COPY knows no ON CONFLICT. Positions are given out before duplicates are
known; blocks are packed afterwards, of the documents that are new. Rows are inserted in the order of their key, so that
two batches with the same events wait for each other instead of locking each other out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

from events.blocks import FORMAT, pack, split
from events.columns import Values
from events.normalise import NormalisedEvent

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS event_in (
    block_id bigint, position smallint, day date, time timestamptz, odd boolean, uid bytea, index text,
    dataset text, category text[], action text[], host_name text, user_name text, process_entity_id text,
    process_parent_entity_id text, source_ip text, destination_ip text
) ON COMMIT DELETE ROWS;
"""
_COLUMNS = (
    "block_id, position, day, time, odd, uid, index, dataset, category, action, host_name, user_name, "
    "process_entity_id, process_parent_entity_id, source_ip, destination_ip"
)
_COPY = f"COPY event_in ({_COLUMNS}) FROM STDIN"
_MOVE = (
    f"INSERT INTO event (team_id, ingested, {_COLUMNS}) "  # noqa: S608  (a constant)
    f"SELECT %s, %s, {_COLUMNS} FROM event_in ORDER BY day, uid, block_id, position "
    "ON CONFLICT DO NOTHING RETURNING block_id, position"
)
_NUMBERS = (
    "SELECT nextval(pg_get_serial_sequence('events_batch', 'id')), "
    "ARRAY(SELECT nextval('event_block_id') FROM generate_series(1, %s)), "
    "set_config('synchronous_commit', 'on', true)"
)
_BLOCK = (
    "INSERT INTO event_block (day, id, batch_id, format, dictionary_id, count, raw_bytes, data) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_SPECIAL = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_IN_ARRAY = str.maketrans({"\\": "\\\\", '"': '\\"'})


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: its number, and for each event whether it is new."""

    batch_id: int
    created: list[bool]


def write(events: Sequence[NormalisedEvent], *, team_id: int, ingested_at: datetime) -> Written:
    """Store rows and blocks inside the caller's transaction. The days must exist (events/partitions.py)."""
    plan = [(day, places) for day, all_places in _by_day(events) for places in split(events, all_places)]
    with connection.cursor() as cursor:
        batch_id, block_ids = _numbers(cursor, len(plan))
        _stage(cursor, _copy_lines(events, plan, block_ids))
        cursor.execute(_MOVE, [team_id, ingested_at])
        new = set(cursor.fetchall())
        created = [False] * len(events)
        blocks = []
        for (day, places), block_id in zip(plan, block_ids, strict=True):
            kept = [position for position in range(len(places)) if (block_id, position) in new]
            if kept:
                for position in kept:
                    created[places[position]] = True
                packed = pack([events[places[position]] for position in kept], kept)
                numbers = (FORMAT, packed.dictionary_id, packed.count, packed.raw_bytes)
                blocks.append((day, block_id, batch_id, *numbers, packed.data))
        cursor.executemany(_BLOCK, blocks)
    return Written(batch_id, created)


def _by_day(events: Sequence[NormalisedEvent]) -> Iterable[tuple[date, list[int]]]:
    days: dict[date, list[int]] = {}
    for place, event in enumerate(events):
        days.setdefault(event.day, []).append(place)
    return sorted(days.items())


def _numbers(cursor: CursorWrapper, blocks: int) -> tuple[int, list[int]]:
    cursor.execute(_NUMBERS, [blocks])
    batch_id, block_ids, _ = cursor.fetchone()
    return batch_id, block_ids


def _stage(cursor: CursorWrapper, lines: Iterable[str]) -> None:
    """Fill the temporary table, which lasts as long as the connection and empties itself at every commit."""
    cursor.execute(_STAGE)
    cursor.execute("DELETE FROM event_in")  # of an earlier batch in the same transaction
    with cursor.copy(_COPY) as copy:
        copy.write("\n".join(lines).encode())


def _copy_lines(
    events: Sequence[NormalisedEvent], plan: Sequence[tuple[date, list[int]]], block_ids: Sequence[int]
) -> Iterable[str]:
    for (day, places), block_id in zip(plan, block_ids, strict=True):
        for position, place in enumerate(places):
            event = events[place]
            dataset, category, action, *rest = event.columns
            odd = "t" if event.odd else "f"
            fixed = f"{block_id}\t{position}\t{day}\t{event.time}\t{odd}\t\\\\x{event.uid.hex()}\t{_text(event.index)}"
            columns = (_text(dataset), _array(category), _array(action), *map(_text, rest))
            yield "\t".join((fixed, *columns))


def _text(value: str | None) -> str:
    if value is None:
        return "\\N"
    if value.isalnum() or not ("\\" in value or "\t" in value or "\n" in value or "\r" in value):
        return value
    return value.translate(_SPECIAL)


def _array(values: Values | None) -> str:
    if values is None:
        return "\\N"
    if len(values) == 1 and values[0].isalnum() and values[0].lower() != "null":
        return "{" + values[0] + "}"
    quoted = ",".join(f'"{value.translate(_IN_ARRAY)}"' for value in values)
    return _text("{" + quoted + "}")
