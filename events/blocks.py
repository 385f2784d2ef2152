"""Blocks: up to 1,000 documents of one batch and day, compressed together.

Format 1 is the zstd of: the length of the head in four bytes, the head (msgpack: what identifies each document), then
the documents as lines of JSON. So a batch is judged from its blocks alone, and one document is found by its position.
A position may be missing: that event was a duplicate, which is known only after the positions were given out.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

import msgspec
import zstandard

from events.dictionaries import newest_number, trained
from events.errors import BlockError
from events.normalise import NormalisedEvent
from events.stored import StoredEvent

FORMAT = 1
MAX_DOCUMENTS = 1_000
MAX_BYTES = 4 * 1024 * 1024
SMALL = 100
"""Blocks of fewer documents are compressed with a trained dictionary, where there is one."""
_LEVEL = 3
_FEW = 4
"""Documents are picked out one by one where fewer than one in so many is asked for."""
_PASSED_OVER = 3
"""So many documents of a block are picked out one after the other; taking it apart costs as much as six."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_LENGTH = struct.Struct("<I")


class _Head(msgspec.Struct, array_like=True):
    """What identifies the documents of a block, one entry a document."""

    indices: list[str]
    index_of: list[int]
    uids: bytes
    times: list[int]
    positions: list[int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Head).decode


@dataclass(frozen=True, slots=True)
class Packed:
    """A block ready to be stored."""

    count: int
    raw_bytes: int
    dictionary_id: int | None
    data: bytes


@dataclass(frozen=True)
class Block:
    """A block that was read: its head, and its documents one to a line of `text`, from `start` on."""

    day: date
    head: _Head
    text: bytes
    start: int

    def __len__(self) -> int:
        return len(self.head.positions)

    @cached_property
    def lines(self) -> list[bytes]:
        """All its documents."""
        return self.text[self.start :].split(b"\n")

    def some(self, places: Sequence[int]) -> list[bytes]:
        """The documents at these places, ascending; where they are few the others are passed over."""
        if len(places) * _FEW > len(self):
            return [self.lines[place] for place in places]
        text, at, number, found = self.text, self.start, 0, []
        for place in places:
            while number < place:
                at = text.index(b"\n", at) + 1
                number += 1
            end = text.find(b"\n", at)
            found.append(text[at : end if end >= 0 else None])
        return found

    def events(self, team_id: int, ingested: datetime) -> Iterator[StoredEvent]:
        """All its events, in stored order."""
        return (self._event(place, team_id, ingested) for place in range(len(self)))

    def at(self, position: int, team_id: int, ingested: datetime) -> StoredEvent:
        """The event at a position of the block. Raises BlockError when there is none."""
        place = bisect_left(self.head.positions, position)
        if place == len(self) or self.head.positions[place] != position:
            raise BlockError("the block has no document at this position")
        return self._event(place, team_id, ingested)

    def places(self, positions: Iterable[int]) -> list[int]:
        """Where the documents at these positions are, ascending. Raises BlockError when one is not there."""
        own = self.head.positions
        if own[-1] == len(own) - 1:  # without a gap, as nearly all are
            return sorted(positions)
        place_of = {position: place for place, position in enumerate(own)}
        try:
            return sorted(place_of[position] for position in positions)
        except KeyError:
            raise BlockError("the block has no document at this position") from None

    def _event(self, place: int, team_id: int, ingested: datetime) -> StoredEvent:
        head = self.head
        uid = head.uids[place * 16 : place * 16 + 16]
        time = _EPOCH + timedelta(microseconds=head.times[place])
        index = head.indices[head.index_of[place]]
        return StoredEvent(team_id, self.day, index, uid, time, ingested, self._line(place))

    def _line(self, place: int) -> bytes:
        """One document; for the first few of a block the others are passed over."""
        self._taken.append(place)
        if len(self._taken) > _PASSED_OVER:
            return self.lines[place]
        return self.some([place])[0]

    @cached_property
    def _taken(self) -> list[int]:
        """The places of the documents that were asked for one by one."""
        return []


def split(events: Sequence[NormalisedEvent], places: Sequence[int]) -> list[list[int]]:
    """Divide the events of one day into blocks; gives the places in the request that each block holds."""
    blocks: list[list[int]] = []
    room = 0
    for place in places:
        size = len(events[place].raw)
        if not blocks or len(blocks[-1]) == MAX_DOCUMENTS or size > room:
            blocks.append([])
            room = MAX_BYTES
        blocks[-1].append(place)
        room -= size
    return blocks


def pack(events: Sequence[NormalisedEvent], positions: Sequence[int]) -> Packed:
    """Compress documents into a block; `positions` are theirs, ascending."""
    numbers: dict[str, int] = {}
    head = _Head(
        index_of=[numbers.setdefault(event.index, len(numbers)) for event in events],
        indices=list(numbers),
        uids=b"".join(event.uid for event in events),
        times=[(event.time - _EPOCH) // _TICK for event in events],
        positions=list(positions),
    )
    encoded = _encode(head)
    raw = b"".join((_LENGTH.pack(len(encoded)), encoded, b"\n".join(event.raw for event in events)))
    number = newest_number() if len(events) < SMALL else None
    return Packed(len(events), len(raw), number, _compressor(number).compress(raw))


def unpack(day: date, form: int, dictionary_id: int | None, data: bytes) -> Block:
    """Read a block. A thousand documents take a millisecond or two. Raises BlockError."""
    if form != FORMAT:
        raise BlockError(f"the block has the format {form}")
    try:
        raw = _decompressor(dictionary_id).decompress(data)
        start = _LENGTH.size + _LENGTH.unpack_from(raw)[0]
        head = _decode(memoryview(raw)[_LENGTH.size : start])
    except (zstandard.ZstdError, struct.error, msgspec.DecodeError) as error:
        raise BlockError("the block is damaged") from error
    if not raw.count(b"\n", start) + 1 == len(head.positions) == len(head.times):
        raise BlockError("the block is damaged")
    return Block(day, head, raw, start)


# zstandard's contexts are not safe to share between threads, and making one costs microseconds: so one for each call,
# from parameters and dictionaries that are prepared once.
def _compressor(number: int | None) -> zstandard.ZstdCompressor:
    if number is None:
        return zstandard.ZstdCompressor(level=_LEVEL)
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(number))


def _decompressor(number: int | None) -> zstandard.ZstdDecompressor:
    if number is None:
        return zstandard.ZstdDecompressor()
    return zstandard.ZstdDecompressor(dict_data=_dictionary(number))


@lru_cache(maxsize=16)
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    dictionary = zstandard.ZstdCompressionDict(trained(number))
    dictionary.precompute_compress(level=_LEVEL)
    return dictionary
