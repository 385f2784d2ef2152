"""Candidates: events that one filter of a rule let in, kept until they can complete no alert any more.

A block holds what one pass let into one filter, packed in some thirty bytes a candidate: the event's uid, the first
half of its key's hash, its time, and what orders events of the same time. Settling reads what is new and what it may
join with, and folds small blocks together (`fold`). A candidate stored twice, as by a look-back over what batches have
judged, is one: `read` leaves the second out.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from operator import attrgetter, itemgetter
from struct import unpack as unpack_numbers
from typing import Any, cast

import msgspec
import zstandard
from django.db import connection

from engine.joining import Candidate, Order, key_hash, order_of
from engine.joining.keys import Key
from engine.plan import INDICATOR
from engine.tree import Scalar
from events.store import EventRef

KEY_BYTES = 8
UID_BYTES = 16
MAX_IN_BLOCK = 50_000
_MOST_READ = 200_000
_SMALL = 5_000
_FOLD_FROM = 20
_SHORT = 12
_LEVEL = 1
_MOST_RAW = 256 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_INSERT = """
INSERT INTO rules_candidateblock
    (rule_id, logic_hash, team_id, part, first_at, last_at, count, data, settled, created_at, arrived_at)
SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                     %s::int[], %s::bytea[], %s::bool[], %s::timestamptz[], %s::timestamptz[])
"""
_HEADS = """
SELECT id, team_id, part, first_at, last_at, count, settled, created_at, arrived_at FROM rules_candidateblock
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """Whose candidates they are: a rule's, under the logic that let them in, so that a change of it begins anew."""

    rule_id: str
    logic_hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A block without what is in it."""

    id: int
    team_id: int
    part: str
    first_at: datetime
    last_at: datetime
    count: int
    settled: bool
    created_at: datetime
    arrived_at: datetime


class _Packed(msgspec.Struct, array_like=True):
    """The candidates of one block, a column each; times are ticks after `start`, in their order."""

    start: int
    places: list[tuple[str, int]]  # index, day
    place_of: bytes | list[int]
    times: list[int]
    uids: bytes
    keys: bytes
    ranks: bytes
    ties: list[float | str | None] | None
    values: list[tuple[str, ...]] | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode
_by_order = attrgetter("order")


def name_of(key: Key) -> bytes:
    """A key as candidates are stored with it. Half of its hash: of 10^19 pairs of keys one shares it."""
    return key_hash(key)[:KEY_BYTES]


def short(value: str) -> str:
    """A counted value as it is stored: equal for equal values, and short."""
    return value if len(value) <= _SHORT else blake2b(value.encode(), digest_size=_SHORT // 2).hexdigest()


def order(at: datetime, tiebreaker: Scalar | None, rank: int, uid: bytes) -> Order:
    """A candidate's place among the others, which is the same in whatever order they came.

    Of events at the same instant, with nothing else to tell them apart, that of the earlier step comes first: `rank`
    is the number of the first filter that let the event in.
    """
    if isinstance(tiebreaker, bool):
        tiebreaker = str(tiebreaker)
    return order_of(at, float(tiebreaker) if isinstance(tiebreaker, int) else tiebreaker, (rank, uid))


def keep(found: Iterable[tuple[Memory, Sequence[Candidate]]], *, now: datetime, arrived_at: datetime) -> int:
    """Keep what a pass found, as blocks that are to be settled; returns how many candidates. One statement.

    `arrived_at` is when the newest events of the pass arrived.
    """
    groups = [(memory, group) for memory, some in found for group in _groups(some)]
    _insert_rows([_row(memory, group, False, now, arrived_at) for memory, group in groups])
    return sum(len(group) for _, group in groups)


def heads(
    memory: Memory,
    *,
    settled: bool | None = None,
    team_id: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Head]:
    """The blocks of a rule that overlap [start, end], in the order in which they were stored. One query."""
    conditions = {
        "rule_id = %s": memory.rule_id,
        "logic_hash = %s": memory.logic_hash,
        "team_id = %s": team_id,
        "last_at >= %s": start,
        "first_at <= %s": end,
        "settled = %s": settled,
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    with connection.cursor() as cursor:
        cursor.execute(f"{_HEADS} WHERE {' AND '.join(given)} ORDER BY id", list(given.values()))
        return [Head(*row) for row in cursor.fetchall()]


def read(
    blocks: Sequence[Head],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    keys: Set[bytes] | None = None,
) -> Iterator[Candidate]:
    """The candidates of these blocks within [start, end] and with these keys. Costs about a microsecond each; those
    with other keys a tenth. A few megabytes of blocks are in memory at once, and a query each."""
    for some in _pieces(blocks):
        by_id = {head.id: head for head in some}
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, data FROM rules_candidateblock WHERE id = ANY(%s)", [sorted(by_id)])
            rows = cursor.fetchall()
        for number, data in rows:
            head = by_id[number]
            yield from _unpack(bytes(data), head.part, head.team_id, start, end, keys)


def _pieces(blocks: Sequence[Head]) -> Iterator[list[Head]]:
    """Blocks that are read together, in the order in which they were stored."""
    some: list[Head] = []
    count = 0
    for head in sorted(blocks, key=attrgetter("id")):
        if some and count + head.count > _MOST_READ:
            yield some
            some, count = [], 0
        some.append(head)
        count += head.count
    if some:
        yield some


def once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each candidate once, in order."""
    known = {(one.part, one.key, one.ref): one for one in candidates}
    return sorted(known.values(), key=_by_order)


def settle(memory: Memory, blocks: Sequence[Head], left: Mapping[int, Order | None] | None = None) -> None:
    """Mark blocks as joined. Several of the same filter are folded into one, so that few remain to be read.

    `left` says of some teams up to which place theirs are joined; None: not at all.
    """
    groups: dict[tuple[int, str], list[Head]] = defaultdict(list)
    for head in blocks:
        if left is None or head.team_id not in left:
            groups[head.team_id, head.part].append(head)
    for team_id, cut in (left or {}).items():
        if cut is not None:
            _split(memory, [head for head in blocks if head.team_id == team_id], cut)
    alone = [head.id for group in groups.values() if len(group) == 1 for head in group]
    if alone:
        _execute("UPDATE rules_candidateblock SET settled = true WHERE id = ANY(%s)", [alone])
    several = [group for group in groups.values() if len(group) > 1]
    if several:
        _fold(memory, several)


def _split(memory: Memory, blocks: Sequence[Head], cut: Order) -> None:
    """Of these blocks what lies up to a place is joined, and what lies behind it is not."""
    some = once(read(blocks))
    latest = max(head.created_at for head in blocks), max(head.arrived_at for head in blocks)
    rows = [
        _row(memory, group, settled, *latest)
        for settled in (True, False)
        for group in _groups([one for one in some if (one.order <= cut) is settled])
    ]
    _drop([head.id for head in blocks])
    _insert_rows(rows)


def fold(memory: Memory, *, part: str, within: timedelta) -> None:
    """Make few blocks of many small ones that are settled and came within the same stretch of time.

    So that they can still be dropped when that is past, a stretch is to be shorter than they are kept.
    """
    groups: dict[tuple[int, int], list[Head]] = defaultdict(list)
    for head in heads(memory, settled=True):
        if head.part == part and head.count < _SMALL:
            groups[head.team_id, (head.created_at - _EPOCH) // within].append(head)
    small = [group for group in groups.values() if len(group) >= _FOLD_FROM]
    if small:
        _fold(memory, small, within=within)


def _fold(memory: Memory, groups: Sequence[Sequence[Head]], *, within: timedelta | None = None) -> None:
    """Each group of blocks of one filter and team becomes one, as old as its newest."""
    folded = [
        _row(memory, some, True, max(head.created_at for head in group), max(head.arrived_at for head in group))
        for group in groups
        for some in _groups(_without_repeats(once(read(group)), within))
    ]
    _drop([head.id for group in groups for head in group])
    _insert_rows(folded)


def _without_repeats(some: Sequence[Candidate], within: timedelta | None) -> list[Candidate]:
    """Of indicators that say the same only the first and the last of a stretch: feeds send everything again and again.

    What meets one between them meets one of the two, since a stretch is shorter than indicators count.
    """
    if within is None or not some or some[0].part != INDICATOR:
        return list(some)
    first: dict[tuple[Hashable, ...], Candidate] = {}
    last: dict[tuple[Hashable, ...], Candidate] = {}
    for one in some:
        name = (one.key, one.value, (one.at - _EPOCH) // within)
        first.setdefault(name, one)
        last[name] = one
    return once([*first.values(), *last.values()])


def forget(memory: Memory, *, part: str | None = None, before: datetime) -> int:
    """Drop settled blocks that neither reach `before` nor came after it; returns how many. One statement."""
    return _execute(
        "DELETE FROM rules_candidateblock WHERE rule_id = %s AND logic_hash = %s AND settled AND last_at < %s "
        "AND created_at < %s AND (%s::text IS NULL OR part = %s)",
        [memory.rule_id, memory.logic_hash, before, before, part, part],
    )


def forget_other_logics(memories: Sequence[Memory]) -> int:
    """Drop what these rules' earlier logics let in; returns how many blocks. One statement."""
    sql = (
        "DELETE FROM rules_candidateblock block USING unnest(%s::text[], %s::bytea[]) AS now (rule_id, logic_hash) "
        "WHERE block.rule_id = now.rule_id AND block.logic_hash <> now.logic_hash"
    )
    return _execute(sql, [[memory.rule_id for memory in memories], [memory.logic_hash for memory in memories]])


def forget_of_others(rule_ids: Sequence[str], *, before: datetime) -> int:
    """Drop what was kept before `before` for rules that are not among these; returns how many blocks."""
    sql = "DELETE FROM rules_candidateblock WHERE created_at < %s AND NOT rule_id = ANY(%s)"
    return _execute(sql, [before, list(rule_ids)])


def pack(candidates: Sequence[Candidate]) -> bytes:
    """Candidates of one filter and team, in order, as they are stored."""
    refs: list[EventRef] = [_ref(one) for one in candidates]
    places: dict[tuple[str, int], int] = {}
    place_of = [places.setdefault((ref.index, ref.day.toordinal()), len(places)) for ref in refs]
    start = _ticks(candidates[0].at)
    ties = [_tie(one.order) for one in candidates]
    packed = _Packed(
        start=start,
        places=list(places),
        place_of=bytes(place_of) if len(places) <= 256 else place_of,
        times=[_ticks(one.at) - start for one in candidates],
        uids=b"".join([ref.uid for ref in refs]),
        keys=b"".join([_key(one) for one in candidates]),
        ranks=bytes([_rank(one.order) for one in candidates]),
        ties=ties if any(tie is not None for tie in ties) else None,
        values=[one.value for one in candidates] if any(one.value for one in candidates) else None,
    )
    return zstandard.ZstdCompressor(level=_LEVEL).compress(_encode(packed))


def unpack(data: bytes, *, part: str, team_id: int) -> list[Candidate]:
    """What `pack` wrote."""
    return list(_unpack(data, part, team_id, None, None, None))


def _unpack(
    data: bytes,
    part: str,
    team_id: int,
    start: datetime | None,
    end: datetime | None,
    keys: Set[bytes] | None,
) -> Iterator[Candidate]:
    packed = _decode(zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_RAW))
    first = None if start is None else _ticks(start) - packed.start
    last = None if end is None else _ticks(end) - packed.start
    places = [(index, date.fromordinal(day)) for index, day in packed.places]
    for number in range(len(packed.times)) if keys is None else _with_keys(packed.keys, keys):
        ticks = packed.times[number]
        if first is not None and ticks < first:
            continue
        if last is not None and ticks > last:
            return  # they are in order
        key = packed.keys[number * KEY_BYTES : number * KEY_BYTES + KEY_BYTES]
        at = _EPOCH + timedelta(microseconds=packed.start + ticks)
        uid = packed.uids[number * UID_BYTES : number * UID_BYTES + UID_BYTES]
        tie = None if packed.ties is None else packed.ties[number]
        index, day = places[packed.place_of[number]]
        value = () if packed.values is None else packed.values[number]
        place = order_of(at, tie, (packed.ranks[number], uid))
        yield Candidate(part, key, at, place, EventRef(team_id, day, index, uid), value)


def _with_keys(column: bytes, keys: Set[bytes]) -> list[int]:
    """The places of a column that have one of these keys. Most blocks of indicators have none: that is told at once."""
    wanted = {int.from_bytes(key, "big") for key in keys if len(key) == KEY_BYTES}
    numbers = unpack_numbers(f">{len(column) // KEY_BYTES}Q", column)
    if wanted.isdisjoint(numbers):
        return []
    return [place for place, number in enumerate(numbers) if number in wanted]


def _groups(candidates: Sequence[Candidate]) -> Iterator[Sequence[Candidate]]:
    """What goes into one block: candidates of one filter and team, in order, up to a size."""
    by_block: dict[tuple[int, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        by_block[_ref(one).team_id, one.part].append(one)
    for _, group in sorted(by_block.items(), key=itemgetter(0)):
        group.sort(key=_by_order)
        for place in range(0, len(group), MAX_IN_BLOCK):
            yield group[place : place + MAX_IN_BLOCK]


def _insert_rows(rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        _execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])


def _row(
    memory: Memory, group: Sequence[Candidate], settled: bool, created_at: datetime, arrived_at: datetime
) -> tuple[Any, ...]:
    first, last = group[0], group[-1]
    whose = (memory.rule_id, memory.logic_hash, _ref(first).team_id, first.part)
    return (*whose, first.at, last.at, len(group), pack(group), settled, created_at, arrived_at)


def _drop(ids: list[int]) -> None:
    _execute("DELETE FROM rules_candidateblock WHERE id = ANY(%s)", [ids])


def _execute(sql: str, values: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _ticks(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _ref(candidate: Candidate) -> EventRef:
    """Candidates that are stored refer to events in the store."""
    return cast(EventRef, candidate.ref)


def _key(candidate: Candidate) -> bytes:
    return cast(bytes, candidate.key)


def _tie(order: Order) -> float | str | None:
    return None if order[1] == 2 else cast(float | str, order[2])


def _rank(order: Order) -> int:
    return cast(tuple[int, bytes], order[3])[0]
