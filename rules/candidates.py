"""Candidates: events that one filter of a rule let in, kept until they can complete no alert any more.

A block holds what one pass let into one filter (rules/packing.py): the event's uid, the first half of its key's hash,
its time, and what orders events of the same time. Settling reads what is new and what it may join with, and folds small
blocks together (`fold`). A candidate stored twice, as by a look-back over what batches have judged, is one: `once`
leaves the second out.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from django.db import connection

from engine.joining import Candidate, Order, key_hash
from engine.joining.keys import Key
from engine.plan import INDICATOR
from rules.packing import (
    HEADER_BYTES,
    KEY_BYTES,
    Row,
    Stack,
    order_of_row,
    rows_of,
    size_of,
    stacks_of,
    tick_of,
    unpack,
)

_MOST_READ = 200_000
_MOST_BYTES = 64 * 1024 * 1024
"""Blocks of so many candidates, and of so many bytes when they are unpacked, are in hand together, or one."""
_SMALL = 5_000
_WORTH_FOLDING = 1_000
"""Blocks of fewer candidates that are settled together are folded at once; larger ones are read well as they are."""
_FOLD_FROM = 20
_SHORT = 12
_TICK = timedelta(microseconds=1)
_INSERT = """
INSERT INTO rules_candidateblock
    (rule_id, logic_hash, team_id, part, first_at, last_at, count, data, settled, created_at, arrived_at)
SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                     %s::int[], %s::bytea[], %s::bool[], %s::timestamptz[], %s::timestamptz[])
"""
_HEADS = """
SELECT id, team_id, part, first_at, last_at, count, settled, created_at, arrived_at, substring(data FROM 1 FOR %s)
FROM rules_candidateblock
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """Whose candidates they are: a rule's, under the logic that let them in, so that a change of it begins anew."""

    rule_id: str
    logic_hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A block without what is in it; `size` is how many bytes that takes when it is unpacked."""

    id: int
    team_id: int
    part: str
    first_at: datetime
    last_at: datetime
    count: int
    settled: bool
    created_at: datetime
    arrived_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept of one pass, filter and team."""

    part: str
    team_id: int
    stack: Stack


_by_order = attrgetter("order")


def name_of(key: Key) -> bytes:
    """A key as candidates are stored with it. Half of its hash: of 10^19 pairs of keys one shares it."""
    return key_hash(key)[:KEY_BYTES]


def short(value: str) -> str:
    """A counted value as it is stored: equal for equal values, and short."""
    return value if len(value) <= _SHORT else blake2b(value.encode(), digest_size=_SHORT // 2).hexdigest()


def keep(found: Iterable[tuple[Memory, Iterable[Kept]]], *, now: datetime, arrived_at: datetime) -> int:
    """Keep what a pass found, as blocks that are to be settled; returns how many candidates. One statement.

    `arrived_at` is when the newest events of the pass arrived.
    """
    rows = [_row(memory, one, False, now, arrived_at) for memory, some in found for one in some]
    _insert_rows(rows)
    return sum(count for *_, count, _, _, _, _ in rows)


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
        cursor.execute(f"{_HEADS} WHERE {' AND '.join(given)} ORDER BY id", [HEADER_BYTES, *given.values()])
        return [Head(*(*row, size_of(bytes(start)))) for *row, start in cursor.fetchall()]


def read(
    blocks: Sequence[Head],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    keys: Set[bytes] | None = None,
) -> Iterator[Candidate]:
    """The candidates of these blocks within [start, end] and with these keys. Costs about a microsecond each; those
    with other keys a tenth. One block is unpacked at a time; a query for some tens of megabytes of them."""
    for head, data in _data(blocks):
        yield from unpack(data, part=head.part, team_id=head.team_id, start=start, end=end, keys=keys)


def _data(blocks: Sequence[Head]) -> Iterator[tuple[Head, bytes]]:
    """The blocks with what is in them."""
    for some in _pieces(blocks):
        by_id = {head.id: head for head in some}
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, data FROM rules_candidateblock WHERE id = ANY(%s)", [sorted(by_id)])
            rows = cursor.fetchall()
        for number, data in rows:
            yield by_id[number], bytes(data)


def _pieces(blocks: Sequence[Head]) -> Iterator[list[Head]]:
    """Blocks that are in hand together, in the order in which they were stored."""
    some: list[Head] = []
    count = size = 0
    for head in sorted(blocks, key=attrgetter("id")):
        if some and (count + head.count > _MOST_READ or size + head.size > _MOST_BYTES):
            yield some
            some, count, size = [], 0, 0
        some.append(head)
        count, size = count + head.count, size + head.size
    if some:
        yield some


def once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each candidate once, in order."""
    known = {(one.part, one.key, one.ref): one for one in candidates}
    return sorted(known.values(), key=_by_order)


def settle(memory: Memory, blocks: Sequence[Head], left: Mapping[int, Order | None] | None = None) -> None:
    """Mark blocks as joined. Several small ones of the same filter are folded into one, so that few remain to be read.

    `left` says of some teams up to which place theirs are joined; None: not at all.
    """
    groups: dict[tuple[int, str], list[Head]] = defaultdict(list)
    alone: list[int] = []
    for head in blocks:
        if left is None or head.team_id not in left:
            if head.count < _WORTH_FOLDING:
                groups[head.team_id, head.part].append(head)
            else:
                alone.append(head.id)
    for team_id, cut in (left or {}).items():
        if cut is not None:
            _split(memory, [head for head in blocks if head.team_id == team_id], cut)
    together = [some for group in groups.values() for some in _pieces(group)]
    alone += [some[0].id for some in together if len(some) == 1]
    if alone:
        _execute("UPDATE rules_candidateblock SET settled = true WHERE id = ANY(%s)", [alone])
    for some in together:
        if len(some) > 1:
            _fold(memory, some)


def _split(memory: Memory, blocks: Sequence[Head], cut: Order) -> None:
    """Of these blocks what lies up to a place is joined, and what lies behind it is not."""
    by_part: dict[tuple[int, str], list[Head]] = defaultdict(list)
    for head in blocks:
        by_part[head.team_id, head.part].append(head)
    for (team_id, part), group in by_part.items():
        for some in _pieces(group):
            rows = [
                _row(memory, Kept(part, team_id, stack), settled, *_latest(some))
                for settled, half in _cut(_rows(some), cut)
                for stack in stacks_of(half)
            ]
            _drop([head.id for head in some])
            _insert_rows(rows)


def _latest(blocks: Sequence[Head]) -> tuple[datetime, datetime]:
    """When the newest of these blocks was stored, and when the newest of their events arrived."""
    return max(head.created_at for head in blocks), max(head.arrived_at for head in blocks)


def _cut(rows: Iterable[Row], cut: Order) -> Iterator[tuple[bool, list[Row]]]:
    halves: dict[bool, list[Row]] = {True: [], False: []}
    for row in rows:
        halves[order_of_row(row) <= cut].append(row)
    return iter(halves.items())


def fold(memory: Memory, *, part: str, within: timedelta) -> None:
    """Make few blocks of many small ones that are settled and came within the same stretch of time.

    So that they can still be dropped when that is past, a stretch is to be shorter than they are kept.
    """
    groups: dict[tuple[int, int], list[Head]] = defaultdict(list)
    for head in heads(memory, settled=True):
        if head.part == part and head.count < _SMALL:
            groups[head.team_id, tick_of(head.created_at) // (within // _TICK)].append(head)
    for group in groups.values():
        if len(group) >= _FOLD_FROM:
            for some in _pieces(group):
                if len(some) > 1:
                    _fold(memory, some, within=within)


def _fold(memory: Memory, group: Sequence[Head], *, within: timedelta | None = None) -> None:
    """Some blocks of one filter and team become one, as old as the newest of them."""
    team_id, part = group[0].team_id, group[0].part
    rows = _rows(group)
    if within is not None and part == INDICATOR:
        rows = _without_repeats(rows, within // _TICK)
    folded = [_row(memory, Kept(part, team_id, stack), True, *_latest(group)) for stack in stacks_of(rows)]
    _drop([head.id for head in group])
    _insert_rows(folded)


def _rows(blocks: Sequence[Head]) -> list[Row]:
    """The rows of some blocks of one filter and team, each candidate once."""
    known: dict[Hashable, Row] = {}
    for _, data in _data(blocks):
        rows = rows_of(data)
        known.update(zip([row[4:7] for row in rows], rows, strict=True))  # by uid, key and place
    return list(known.values())


def _without_repeats(rows: Iterable[Row], ticks: int) -> list[Row]:
    """Of indicators that say the same only the first and the last of a stretch: feeds send everything again and again.

    What meets one between them meets one of the two, since a stretch is shorter than indicators count.
    """
    first: dict[Hashable, Row] = {}
    last: dict[Hashable, Row] = {}
    for row in sorted(rows):
        at, *_, key, _, values = row
        name = (key, values, at // ticks)
        first.setdefault(name, row)
        last[name] = row
    return list({*first.values(), *last.values()})


def forget(memory: Memory, *, part: str | None = None, before: datetime) -> int:
    """Drop settled blocks that neither reach `before` nor came after it; returns how many. One statement."""
    return _execute(
        "DELETE FROM rules_candidateblock WHERE rule_id = %s AND logic_hash = %s AND settled AND last_at < %s "
        "AND created_at < %s AND (%s::text IS NULL OR part = %s)",
        [memory.rule_id, memory.logic_hash, before, before, part, part],
    )


def forget_all(memory: Memory) -> int:
    """Drop everything that a rule let in; returns how many blocks. One statement."""
    sql = "DELETE FROM rules_candidateblock WHERE rule_id = %s AND logic_hash = %s"
    return _execute(sql, [memory.rule_id, memory.logic_hash])


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


def _insert_rows(rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        _execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])


def _row(memory: Memory, kept: Kept, settled: bool, created_at: datetime, arrived_at: datetime) -> tuple[Any, ...]:
    stack = kept.stack
    whose = (memory.rule_id, memory.logic_hash, kept.team_id, kept.part)
    return (*whose, stack.first_at, stack.last_at, len(stack.rows), stack.data, settled, created_at, arrived_at)


def _drop(ids: list[int]) -> None:
    _execute("DELETE FROM rules_candidateblock WHERE id = ANY(%s)", [ids])


def _execute(sql: str, values: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
