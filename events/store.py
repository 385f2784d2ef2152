"""The store: everything the rest of the program knows about how events are kept, and nothing of rows or blocks.

Here are writing and exact reading; questions (`search`, `scan`, `count`, `histogram`, `terms`) are in
events/searching.py and events/summing.py and handed on from here. All SQL on events is behind this file.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db import connection

from engine.portions import portions
from events.blocks import Block, unpack
from events.documents import ROW, read_documents
from events.models import Batch
from events.normalise import NormalisedEvent
from events.searching import SearchKey, SearchPage, Window, scan, search
from events.stored import EventRef, StoredEvent
from events.summing import Counted, Histogram, Terms, count, histogram, terms
from events.writing import write

__all__ = [
    "Counted", "EventRef", "Histogram", "PutReport", "SearchKey", "SearchPage", "StoredEvent", "Terms", "Window",
    "count", "get", "get_many", "histogram", "put_batch", "read_batch", "read_batches", "scan", "search", "terms",
]  # fmt: skip

Answer = Callable[[list[bool]], Any]
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PutReport:
    """What became of a batch. `batch_id` is None when nothing was stored and nothing need be remembered."""

    batch_id: int | None
    created: list[bool]


def put_batch(
    *,
    team_id: int,
    events: Sequence[NormalisedEvent],
    ingested_at: datetime,
    api_key_id: str | None = None,
    request_key: str | None = None,
    answer: Answer | None = None,
) -> PutReport:
    """Store a request's events and the batch that waits to be judged, inside the caller's transaction.

    `answer` makes of the created flags what a repetition of `request_key` is to be answered. The days must exist
    (events/partitions.py), and `event.ingested` must be stamped with `ingested_at`.
    Costs six short statements, whatever the number of events; some 20 µs of the server an event.

    Raises: IntegrityError when `request_key` was stored by now; DatabaseError for a missing day or a deadlock.
    """
    written = write(events, team_id=team_id, ingested_at=ingested_at)
    new = sum(written.created)
    if not new and request_key is None:
        return PutReport(None, written.created)
    Batch.objects.create(
        pk=written.batch_id,
        team_id=team_id,
        api_key_id=api_key_id,
        request_key=request_key,
        ingested_at=ingested_at,
        days=sorted({event.day for event, is_new in zip(events, written.created, strict=True) if is_new}),
        events=new,
        answer=answer(written.created) if answer and request_key else None,
        state=Batch.State.PENDING if new else Batch.State.DONE,
        done_at=None if new else ingested_at,
    )
    return PutReport(written.batch_id, written.created)


def read_batch(batch: Batch) -> list[StoredEvent]:
    """The events of a batch, or of the half that it stands for, in stored order, from its blocks alone."""
    return read_batches([batch])[batch.pk]


def read_batches(batches: Sequence[Batch]) -> dict[int, list[StoredEvent]]:
    """The events of several batches, by batch. Costs one query, whatever their number."""
    roots = {batch.parent_id or batch.pk for batch in batches}
    days = {day for batch in batches for day in batch.days}
    by_root: dict[int, list[Block]] = {root: [] for root in roots}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch_id, day, format, dictionary_id, data FROM event_block "
            "WHERE batch_id = ANY(%s) AND day = ANY(%s) ORDER BY id",
            [list(roots), list(days)],
        )
        for batch_id, day, form, dictionary_id, data in cursor.fetchall():
            by_root[batch_id].append(unpack(day, form, dictionary_id, bytes(data)))
    return {batch.pk: _events_of(batch, by_root[batch.parent_id or batch.pk]) for batch in batches}


def get(*, team_ids: Sequence[int], uid: bytes, day: date | None = None) -> StoredEvent | None:
    """One event of these teams by its uid, or None. Costs two look-ups; without `day`, one in every day's index."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ROW} FROM event WHERE uid = %s AND team_id = ANY(%s)"  # noqa: S608
            + (" AND day = %s" if day else " AND %s::date IS NULL")
            + " ORDER BY day DESC LIMIT 1",
            [uid, list(team_ids), day],
        )
        return next(read_documents(cursor.fetchall()), None)


def get_many(refs: Iterable[EventRef]) -> dict[EventRef, StoredEvent]:
    """The events that are still stored, by reference. Costs two queries for every five hundred."""
    found: dict[EventRef, StoredEvent] = {}
    for some in portions(set(refs), _ASKED_AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {ROW} FROM event WHERE day = ANY(%s) AND uid = ANY(%s)",  # noqa: S608
                [list({ref.day for ref in some}), [ref.uid for ref in some]],
            )
            wanted = set(some)
            found |= {event.ref: event for event in read_documents(cursor.fetchall()) if event.ref in wanted}
    return found


def _events_of(batch: Batch, blocks: Iterable[Block]) -> list[StoredEvent]:
    events = (event for block in blocks for event in block.events(batch.team_id, batch.ingested_at))
    return list(islice(events, batch.first or 0, batch.last))
