"""Stored documents by the block, for questions that read very many of them.

For a page of events a row is fetched for each (events/searching.py). Here the database says only which documents of
which blocks are asked for, and whole blocks are unpacked one after the other, newest first: some two microseconds an
event.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from sys import byteorder
from typing import Any, NamedTuple

from django.db import connection, transaction
from psycopg import Cursor
from psycopg.errors import QueryCanceled
from psycopg.pq import Format

from engine.indices import index_matches
from events.blocks import Block, unpack
from events.overlaying import lines_today
from events.searching import Question, Window

_AT_ONCE = 8
"""Blocks in memory together, some megabytes each at the most."""
_GROWTH = 8
_LARGEST_PART = 64_000
Chosen = tuple[date, int, int, int, bytes]
"""Day and number of a block, whose it is, how many of its documents are asked for, and their positions in two bytes
each."""


class OutOfTime(Exception):  # noqa: N818
    """The database took longer than it may."""


class Events(NamedTuple):
    """Some events: their documents; and if anybody asks which they are, uids, times in microseconds, indices."""

    lines: list[bytes]
    uids: list[bytes]
    ticks: list[int]
    indices: list[str]

    def at(self, rows: Sequence[int]) -> "Events":
        """Those of these rows."""
        lines = [self.lines[row] for row in rows]
        if not self.uids:
            return Events(lines, [], [], [])
        uids, ticks = [self.uids[row] for row in rows], [self.ticks[row] for row in rows]
        return Events(lines, uids, ticks, [self.indices[row] for row in rows])

    def today(self, team_id: int) -> "Events":
        """The same, of those that are named and all this team's, with alerts among them as they are today."""
        return self._replace(lines=lines_today(self.indices, [(team_id, uid) for uid in self.uids], self.lines))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Documents of one block, in stored order, which are all of one team; `places` are theirs in the block."""

    team_id: int
    block: Block
    places: Sequence[int]

    def events(self, *, named: bool) -> Events:
        """The documents; with `named` also which events they are."""
        block, head = self.block, self.block.head
        chosen = block.lines if len(self.places) == len(block) else block.some(self.places)
        if not named:
            return Events(chosen, [], [], [])
        uids = [head.uids[place * 16 : place * 16 + 16] for place in self.places]
        indices = [head.indices[head.index_of[place]] for place in self.places]
        return Events(chosen, uids, [head.times[place] for place in self.places], indices)


def whole(question: Question, seconds_left: Callable[[], float]) -> Iterator[Stretch]:
    """The documents that a question's columns let in, the newest blocks first; what they say is for others to judge.

    Raises: OutOfTime.
    """
    chosen = _chosen(question, seconds_left)
    for start in range(0, len(chosen), _AT_ONCE):
        yield from _read(chosen[start : start + _AT_ONCE], question.indices, seconds_left)


def parts(question: Question, seconds_left: Callable[[], float], first: int) -> Iterator[Iterator[Stretch]]:
    """The same for one part of the window after the other (`cuts`).

    Raises: OutOfTime.
    """
    for window in cuts(question, seconds_left, first):
        yield whole(replace(question, window=window), seconds_left)


def cuts(question: Question, seconds_left: Callable[[], float], first: int) -> Iterator[Window]:
    """The parts of the window, from its end: about `first` events in the first part and more in the next, so that
    whoever needs only a few events reads few. All events of one moment are in one part.

    Raises: OutOfTime.
    """
    window, size = question.window, first
    while True:
        where, values = replace(question, window=window).where()
        statement = f"SELECT time FROM event WHERE {where} ORDER BY time DESC OFFSET {int(size)} LIMIT 1"  # noqa: S608
        found = _fetch(statement, values, seconds_left())
        if not found:
            break
        cut: datetime = found[0][0]
        yield replace(window, start=cut)
        window, size = replace(window, end=cut), min(size * _GROWTH, _LARGEST_PART)
    yield window


def _chosen(question: Question, seconds_left: Callable[[], float]) -> list[Chosen]:
    where, values = question.where()
    statement = (
        "SELECT day, block_id, min(team_id), count(*), string_agg(int2send(position), ''::bytea) FROM event "  # noqa: S608
        f"WHERE {where} GROUP BY day, block_id ORDER BY block_id DESC"
    )
    return _fetch(statement, values, seconds_left())


def _read(chosen: Sequence[Chosen], indices: Sequence[str], seconds_left: Callable[[], float]) -> Iterator[Stretch]:
    statement = (
        "SELECT day, id, format, dictionary_id, data FROM event_block WHERE day = ANY(%s::date[]) AND id = ANY(%s)"
    )
    days = list({str(day) for day, *_ in chosen})
    rows = _fetch(statement, [days, [number for _, number, *_ in chosen]], seconds_left())
    found = {(day, number): rest for day, number, *rest in rows}
    for day, number, team_id, count, positions in chosen:
        if (day, number) in found:  # else the day was dropped meanwhile
            form, dictionary_id, data = found.pop((day, number))
            stretch = _stretch(team_id, unpack(day, form, dictionary_id, data), count, positions, indices)
            if stretch.places:
                yield stretch


def _stretch(team_id: int, block: Block, count: int, positions: bytes, indices: Sequence[str]) -> Stretch:
    """The documents of a block at these positions whose index is asked for."""
    head = block.head
    places: Sequence[int] = range(len(block)) if count == len(block) else block.places(_numbers(positions))
    wanted = [index_matches(indices, name) for name in head.indices]
    if not all(wanted):
        places = [place for place in places if wanted[head.index_of[place]]]
    return Stretch(team_id, block, places)


def _numbers(packed: bytes) -> "array[int]":
    numbers = array("h", packed)
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def _fetch(statement: str, values: Sequence[Any], seconds: float) -> list[tuple[Any, ...]]:
    """The rows of a statement in binary form, which spares spelling blocks out.

    Raises: OutOfTime.
    """
    if seconds <= 0:
        raise OutOfTime
    try:
        with transaction.atomic(), Cursor(connection.connection) as cursor:
            cursor.format = Format.BINARY
            setting = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"
            usual = cursor.execute(setting, [str(max(int(seconds * 1000), 1))]).fetchone()
            rows = cursor.execute(statement, values).fetchall()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [usual[0] if usual else "0"])
            return rows
    except QueryCanceled:
        raise OutOfTime from None
