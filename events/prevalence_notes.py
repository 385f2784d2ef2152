"""Noting the values of new events for "how common is this here", behind the judging and never in its way.

Batches are read once, in the order of their numbers. The place reached and the rows are committed together, under the
lock of one row: a run that is killed leaves nothing behind, and two workers never do the same. Numbers are given out
before batches are committed, so a run stays behind what may still be on its way; while judging is behind it waits
too, but for minutes only, and then goes on in small pieces.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile
from time import monotonic
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction

from engine.document import Document
from engine.errors import DocumentError
from engine.few_fields import FewFields
from engine.tree import text_of
from events.blocks import Block, unpack
from events.errors import BlockError
from events.models import Batch, ValuesLearnt
from events.prevalence import ANY_VALUE, FIELDS, HOSTS, hash_of, host_hash

log = structlog.get_logger(__name__)

SECONDS = 2.0
SECONDS_WHILE_BUSY = 0.5
EVENTS = 20_000
"""The most events that one run notes: what they said is held in memory until it is written."""
WAITS_AT_MOST = timedelta(minutes=3)
BEHIND = timedelta(seconds=2)
"""A batch that waits longer than this has judging behind; on a busy desk there is always one that has just come."""
UNDERWAY = timedelta(seconds=30)
"""How long before its commit a request may have read the clock."""
KEPT = timedelta(days=30)
_BATCHES_AT_ONCE = 200
_FORGOTTEN_AT_ONCE = 20_000
_MOST_VALUES = 16  # of a field of one event
_MOST_REMEMBERED = 100_000

# What is still being written has a transaction that was begun earlier and has a number of its own.
_OLDEST_OPEN = """
SELECT min(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xid IS NOT NULL
    AND pid <> pg_backend_pid()
"""
_BLOCKS = """
SELECT batch_id, day, format, dictionary_id, data FROM event_block
WHERE batch_id = ANY(%s) AND day = ANY(%s) AND day >= %s ORDER BY batch_id, id
"""
# Sorted by key, as two runs that follow each other closely would else wait for each other. A day before the first or
# after the last is one that was not counted; of days between nothing is known, so `days` is the least it can be.
_WRITE = """
INSERT INTO events_seenvalue AS kept (team_id, field, value, host, first_day, last_day, days)
SELECT team_id, field, value, host, %(day)s::date, %(day)s::date, 1
FROM unnest(%(teams)s::bigint[], %(fields)s::smallint[], %(values)s::bytea[], %(hosts)s::bytea[])
    AS new (team_id, field, value, host)
ON CONFLICT (team_id, field, value, host) DO UPDATE SET
    first_day = least(kept.first_day, excluded.first_day), last_day = greatest(kept.last_day, excluded.last_day),
    days = kept.days + 1
WHERE kept.last_day < excluded.last_day OR kept.first_day > excluded.first_day
"""
_FORGET = """
DELETE FROM events_seenvalue WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM events_seenvalue WHERE last_day < %s ORDER BY last_day LIMIT %s))
"""

Key = tuple[int, int, bytes, bytes]
Bags = tuple[set[Any], ...]
_FEW = FewFields(["host.name", *FIELDS])
_READERS: tuple[Callable[[Any], Any], ...] = tuple(_FEW.getters[name] for name in FIELDS)
_NUMBERS = tuple(FIELDS.values())
_written: dict[date, set[Key]] = {}


@dataclass(slots=True)
class _Found:
    """What the events of a run said: for each team, day and host the values of each field, each once."""

    bags: dict[tuple[int, date, str], Bags] = field(default_factory=dict)
    events: int = 0

    def of(self, team_id: int, day: date, host: str) -> Bags:
        key = (team_id, day, host)
        bags = self.bags.get(key)
        if bags is None:
            bags = self.bags[key] = tuple(set() for _ in FIELDS)
        return bags


def note(*, now: datetime, seconds: float = SECONDS) -> int:
    """Note the values of the next events; gives how many events were read, 0 when there was nothing to do or it waited.

    Takes `seconds` at most, and a few microseconds an event.
    """
    with transaction.atomic():
        ValuesLearnt.objects.get_or_create(pk=1)
        place = ValuesLearnt.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        seconds = _may_take(place, now, seconds) if place else 0.0
        if place is None or not seconds:
            return 0
        found = _Found()
        reached = _read_on(place.batch_id, found, now, monotonic() + seconds)
        new = _write(found)
        place.batch_id, place.at = reached
        place.save()
    # Only what is committed is there.
    for day, keys in new.items():
        _remember(day, keys, now)
    return found.events


def forget_old(now: datetime) -> int:
    """Drop what was not seen for thirty days, a portion at a time; gives how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [now.date() - KEPT, _FORGOTTEN_AT_ONCE])
        return int(cursor.rowcount)


def forget_written() -> None:
    """Forget which rows this process wrote: the database may have been rolled back."""
    _written.clear()


def _may_take(place: ValuesLearnt, now: datetime, seconds: float) -> float:
    """How long the run may take: not at all while judging is behind, unless it has waited long enough."""
    if not Batch.objects.filter(state=Batch.State.PENDING, ingested_at__lt=now - BEHIND).exists():
        return seconds
    waited_long = place.at is None or now - place.at > WAITS_AT_MOST
    return min(seconds, SECONDS_WHILE_BUSY) if waited_long else 0.0


def _read_on(after: int, found: _Found, now: datetime, deadline: float) -> tuple[int, datetime]:
    """Read batch after batch until nothing is left or the time is up; gives the place reached."""
    horizon = _horizon(now)
    oldest = now.date() - KEPT
    at = horizon
    while True:
        batches = list(
            Batch.objects.filter(pk__gt=after, parent=None)
            .order_by("pk")
            .only("pk", "team_id", "days", "ingested_at", "events")[:_BATCHES_AT_ONCE]
        )
        # Not all that are old enough: of two requests the one that read the clock later may have the smaller number.
        ready = list(takewhile(lambda batch: batch.ingested_at < horizon, batches))
        for some in _portions(ready):
            _note_batches(some, found, oldest)
            after, at = some[-1].pk, some[-1].ingested_at
            if monotonic() > deadline or found.events >= EVENTS:
                return after, at
        if len(ready) < _BATCHES_AT_ONCE:
            return after, horizon


def _horizon(now: datetime) -> datetime:
    """Batches that were taken in before this have been committed, and so has every batch with a smaller number."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_OPEN)
        open_since = (cursor.fetchone() or (None,))[0]
    return min(now, open_since or now) - UNDERWAY


def _portions(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Some thousand events at a time, so that the clock is looked at often."""
    some: list[Batch] = []
    for batch in batches:
        some.append(batch)
        if sum(one.events for one in some) >= 4_000:
            yield some
            some = []
    if some:
        yield some


def _note_batches(batches: Sequence[Batch], found: _Found, oldest: date) -> None:
    team_of = {batch.pk: batch.team_id for batch in batches}
    days = sorted({day for batch in batches for day in batch.days})
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [list(team_of), days, oldest])
        rows = cursor.fetchall()
    for batch_id, day, form, dictionary_id, data in rows:
        try:
            _note_block(unpack(day, form, dictionary_id, bytes(data)), team_of[batch_id], found)
        except BlockError:
            log.exception("the values of a block could not be noted", batch=batch_id)


def _note_block(block: Block, team_id: int, found: _Found) -> None:
    """Alerts that were written back (indices with a dot) only repeat what events said."""
    ours = [name.startswith(".") for name in block.head.indices]
    found.events += len(block)
    lines: Iterable[bytes] = block.lines
    if any(ours):
        lines = [line for line, at in zip(block.lines, block.head.index_of, strict=True) if not ours[at]]
    decode, host_name = _FEW.decode, _FEW.getters["host.name"]
    for line in lines:
        try:
            event = decode(line)
        except (msgspec.DecodeError, RecursionError):
            _note_slowly(line, team_id, block.day, found)
            continue
        host = host_name(event)
        bags = found.of(team_id, block.day, host if type(host) is str else _first(host))
        for bag, reader in zip(bags, _READERS, strict=True):
            value = reader(event)
            if value is None:
                continue
            if type(value) is tuple:
                bag.update(value[:_MOST_VALUES])
            else:
                bag.add(value)


def _note_slowly(line: bytes, team_id: int, day: date, found: _Found) -> None:
    try:
        document = Document.of(line)
    except DocumentError:
        return
    bags = found.of(team_id, day, _first(document.values("host.name")))
    for bag, name in zip(bags, FIELDS, strict=True):
        bag.update(document.values(name)[:_MOST_VALUES])


def _first(values: Any) -> str:
    """The first of several names; empty for none."""
    listed = values if type(values) is tuple else (values,)
    return next((text_of(one) for one in listed if one is not None), "")


def _write(found: _Found) -> dict[date, set[Key]]:
    """Write what this process has not written yet; gives the rows by day, the oldest day first."""
    by_day: dict[date, set[Key]] = {}
    for (team_id, day, host), bags in found.bags.items():
        by_day.setdefault(day, set()).update(_keys(team_id, host, bags))
    for day in sorted(by_day):
        new = by_day[day] - _written.get(day, set())
        by_day[day] = new
        if new:
            _upsert(day, sorted(new))
    return by_day


def _keys(team_id: int, host: str, bags: Bags) -> Iterator[Key]:
    of_host = host_hash(host)
    if host:
        yield team_id, HOSTS, ANY_VALUE, of_host
    for number, bag in zip(_NUMBERS, bags, strict=True):
        for value in bag:
            if value is not None and value != "":
                yield team_id, number, hash_of(text_of(value)), of_host


def _upsert(day: date, keys: Sequence[Key]) -> None:
    teams, fields, values, hosts = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {"day": day, "teams": list(teams), "fields": list(fields), "values": list(values), "hosts": list(hosts)},
        )


def _remember(day: date, keys: set[Key], now: datetime) -> None:
    """Rows of today and yesterday need not be written again by this process; what is older comes seldom."""
    for past in [one for one in _written if one < now.date() - timedelta(days=1)]:
        del _written[past]
    if day >= now.date() - timedelta(days=1):
        known = _written.setdefault(day, set())
        if len(known) + len(keys) > _MOST_REMEMBERED:
            known.clear()
        known |= keys
