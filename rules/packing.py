"""How candidates are packed into blocks: some thirty bytes a candidate, a column each of what they have.

While they are gathered, packed and folded they are rows, plain tuples that sort in the order of the events; joining
reads them as `Candidate`. A row and its way into a block cost a microsecond or two.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from struct import unpack as unpack_numbers
from typing import TypeAlias, cast

import msgspec
import zstandard

from engine.joining import Candidate, Order
from engine.tree import Scalar
from events.store import EventRef

KEY_BYTES = 8
UID_BYTES = 16
HEADER_BYTES = 18
"""So many bytes at most begin a block, before what is packed; they tell how large it is.

Source: RFC 8878, 3.1.1.1.
"""
MAX_IN_BLOCK = 50_000
MOST_TEXT = 32 * 1024 * 1024
"""A block holds at most so many characters of values, or one candidate."""
_LEVEL = 1
_MOST_RAW = 256 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

Place: TypeAlias = tuple[str, int]
"""An event's index and day."""
Moment: TypeAlias = tuple[int, int, float | str]
"""Microseconds since 1970; then what orders events of one instant: 0 and a number, 1 and a text, or 2 and nothing."""
Row: TypeAlias = tuple[int, int, float | str, int, bytes, bytes, Place, tuple[str, ...]]
"""A moment, the number of the first filter that let the event in, its uid, the key, the place, and counted values."""


@dataclass(frozen=True)
class Stack:
    """Rows of one filter and team in order, at most as many as a block holds; packed once, however many rules keep
    the same."""

    rows: Sequence[Row]

    @cached_property
    def data(self) -> bytes:
        """Packed."""
        return pack_rows(self.rows)

    @property
    def first_at(self) -> datetime:
        """When its first event was."""
        return at_tick(self.rows[0][0])

    @property
    def last_at(self) -> datetime:
        """When its last event was."""
        return at_tick(self.rows[-1][0])


class _Packed(msgspec.Struct, array_like=True):
    """The candidates of one block, a column each; times are ticks after `start`, in their order."""

    start: int
    places: list[Place]
    place_of: bytes | list[int]
    times: list[int]
    uids: bytes
    keys: bytes
    ranks: bytes
    ties: list[float | str | None] | None
    values: list[tuple[str, ...]] | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def stacks_of(rows: Iterable[Row]) -> list[Stack]:
    """Rows of one filter and team, in order, divided into what one block holds."""
    ordered = sorted(rows)
    return [Stack(ordered[start:end]) for start, end in _cuts(ordered)]


def _cuts(ordered: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """From where to where rows go into one block."""
    start, text = 0, 0
    for place, row in enumerate(ordered):
        size = sum(map(len, row[7])) if row[7] else 0
        if place - start == MAX_IN_BLOCK or (text + size > MOST_TEXT and place > start):
            yield start, place
            start, text = place, 0
        text += size
    if start < len(ordered):
        yield start, len(ordered)


def moment_of(at: datetime, tiebreaker: Scalar | None) -> Moment:
    """An event's place in time, by the tie-breaking field where it has one."""
    if tiebreaker is None:
        return tick_of(at), 2, 0.0
    if isinstance(tiebreaker, bool):
        tiebreaker = str(tiebreaker)
    return (tick_of(at), 1, tiebreaker) if isinstance(tiebreaker, str) else (tick_of(at), 0, float(tiebreaker))


def order_of_row(row: Row) -> Order:
    """A row's place among all candidates, as that of `Candidate`."""
    return (at_tick(row[0]).timestamp(), row[1], row[2], (row[3], row[4]))


def tick_of(at: datetime) -> int:
    """An instant as it is stored."""
    return (at - _EPOCH) // _TICK


def at_tick(tick: int) -> datetime:
    """The instant that is stored so."""
    return _EPOCH + timedelta(microseconds=tick)


def pack_rows(rows: Sequence[Row]) -> bytes:
    """Rows of one filter and team, in order, as they are stored."""
    ticks, kinds, ties, ranks, uids, keys, where, values = zip(*rows, strict=True)
    start = ticks[0]
    places: dict[Place, int] = {}
    for place in where:
        if place not in places:
            places[place] = len(places)
    place_of = bytes(len(rows)) if len(places) == 1 else [places[place] for place in where]
    packed = _Packed(
        start=start,
        places=list(places),
        place_of=bytes(place_of) if len(places) <= 256 else cast(list[int], place_of),
        times=[tick - start for tick in ticks],
        uids=b"".join(uids),
        keys=b"".join(keys),
        ranks=bytes(ranks),
        ties=_ties(kinds, ties),
        values=list(values) if any(values) else None,
    )
    return zstandard.ZstdCompressor(level=_LEVEL).compress(_encode(packed))


def _ties(kinds: Sequence[int], ties: Sequence[float | str]) -> list[float | str | None] | None:
    if set(kinds) == {2}:
        return None
    return [None if kind == 2 else tie for kind, tie in zip(kinds, ties, strict=True)]


def rows_of(data: bytes) -> list[Row]:
    """What `pack_rows` packed. Costs half a microsecond a row."""
    packed = _unpacked(data)
    count = len(packed.times)
    ties = packed.ties or [None] * count
    return list(
        zip(
            [packed.start + time for time in packed.times],
            [2 if tie is None else int(isinstance(tie, str)) for tie in ties],
            [0.0 if tie is None else tie for tie in ties],
            packed.ranks,
            _cut(packed.uids, UID_BYTES),
            _cut(packed.keys, KEY_BYTES),
            [packed.places[number] for number in packed.place_of],
            packed.values or [()] * count,
            strict=True,
        )
    )


def unpack(
    data: bytes,
    *,
    part: str,
    team_id: int,
    start: datetime | None = None,
    end: datetime | None = None,
    keys: Set[bytes] | None = None,
) -> Iterator[Candidate]:
    """The candidates of a block within [start, end] and with these keys. Costs about a microsecond each; those with
    other keys a tenth."""
    packed = _unpacked(data)
    first = None if start is None else tick_of(start) - packed.start
    last = None if end is None else tick_of(end) - packed.start
    places = [(index, date.fromordinal(day)) for index, day in packed.places]
    for number in range(len(packed.times)) if keys is None else _with_keys(packed.keys, keys):
        ticks = packed.times[number]
        if first is not None and ticks < first:
            continue
        if last is not None and ticks > last:
            return  # they are in order
        key = packed.keys[number * KEY_BYTES : number * KEY_BYTES + KEY_BYTES]
        at = at_tick(packed.start + ticks)
        uid = packed.uids[number * UID_BYTES : number * UID_BYTES + UID_BYTES]
        tie = None if packed.ties is None else packed.ties[number]
        index, day = places[packed.place_of[number]]
        value = () if packed.values is None else packed.values[number]
        kind = 2 if tie is None else int(isinstance(tie, str))
        order = (at.timestamp(), kind, 0 if tie is None else tie, (packed.ranks[number], uid))
        yield Candidate(part, key, at, order, EventRef(team_id, day, index, uid), value)


def size_of(start: bytes) -> int:
    """How many bytes a block takes when it is unpacked, told by its first HEADER_BYTES."""
    return max(zstandard.frame_content_size(start), 0)


def _unpacked(data: bytes) -> _Packed:
    return _decode(zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_RAW))


def _cut(column: bytes, size: int) -> list[bytes]:
    return [column[place : place + size] for place in range(0, len(column), size)]


def _with_keys(column: bytes, keys: Set[bytes]) -> list[int]:
    """The places of a column that have one of these keys. Most blocks of indicators have none: that is told at once."""
    wanted = {int.from_bytes(key, "big") for key in keys if len(key) == KEY_BYTES}
    numbers = unpack_numbers(f">{len(column) // KEY_BYTES}Q", column)
    if wanted.isdisjoint(numbers):
        return []
    return [place for place, number in enumerate(numbers) if number in wanted]
