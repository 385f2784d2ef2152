"""The events an alert rests on, kept with it as compressed JSON, so that retention never empties an alert.

A building block keeps nothing of its own: its event lies with its shell, at the position that its facts name.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import zstandard
from django.db import connection

from alerts.models import Alert, AlertEvent
from engine import Document
from engine.few_fields import FewFields, PartlyRead
from events.store import StoredEvent

SOURCE = "source"
INDICATOR = "indicator"
# Events are refused at the door far below this; a larger one here is a damaged row.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_CHUNK = 500
_COLUMNS = "e.day, e.index, e.uid, e.time, e.ingested, e.document"
# What an alert shows as its event: the one it was raised on, or the last of those that were joined.
_SOURCES = f"""
SELECT DISTINCT ON (a.id) a.id, {_COLUMNS}
FROM alerts_alert a JOIN alerts_alertevent e ON e.alert_id = coalesce(a.shell_id, a.id)
WHERE a.id = ANY(%s) AND e.role <> 'indicator'
  AND (a.shell_id IS NULL OR e.position = (a.facts ->> 'position')::int)
ORDER BY a.id, e.position DESC
"""  # noqa: S608  (constants)
_SOURCE_DOCUMENTS = _SOURCES.replace(_COLUMNS, "e.document")


class Evidence(NamedTuple):
    """An event that is kept with an alert, its role and its place."""

    role: str
    position: int
    event: StoredEvent


def pack(raw: bytes) -> bytes:
    """The document as it is kept."""
    return zstandard.ZstdCompressor(level=3).compress(raw)


def unpack(data: bytes | memoryview) -> bytes:
    """The document as it was judged."""
    return zstandard.ZstdDecompressor().decompress(bytes(data), max_output_size=MAX_DOCUMENT_BYTES)


def evidence_row(alert: Alert, event: StoredEvent, role: str = SOURCE, position: int = 0) -> AlertEvent:
    """The row that keeps one of an alert's events."""
    return AlertEvent(
        alert=alert,
        role=role,
        position=position,
        uid=event.uid,
        day=event.day,
        index=event.index,
        time=event.time,
        ingested=event.ingested,
        document=pack(event.raw),
    )


def source_of(alert: Alert) -> StoredEvent | None:
    """The event that raised the alert; of joined events the last. None when its evidence was purged. One query."""
    return sources_of([alert]).get(alert.pk)


def sources_of(alerts: Sequence[Alert]) -> dict[int, StoredEvent]:
    """The source event of each alert, by the alert's number. One query."""
    return dict(_sources({alert.pk: alert.team_id for alert in alerts}))


def iterate_sources(teams: dict[int, int]) -> Iterator[tuple[int, StoredEvent]]:
    """The source events of many alerts (number to team), a few hundred in memory at a time."""
    numbers = list(teams)
    for start in range(0, len(numbers), _CHUNK):
        chunk = {number: teams[number] for number in numbers[start : start + _CHUNK]}
        yield from _sources(chunk)


def iterate_documents(teams: dict[int, int], few: FewFields) -> Iterator[tuple[int, Document]]:
    """The same, as documents of which few fields are asked: no event is made, and nothing else of it is read."""
    numbers = list(teams)
    for start in range(0, len(numbers), _CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(_SOURCE_DOCUMENTS, [numbers[start : start + _CHUNK]])
            rows = cursor.fetchall()
        unpacker = zstandard.ZstdDecompressor()
        for alert_id, document in rows:
            yield alert_id, PartlyRead(unpacker.decompress(document, max_output_size=MAX_DOCUMENT_BYTES), few)


def events_of(alert: Alert) -> list[Evidence]:
    """Every event kept with the alert, in order: at most a hundred of a count, all of a sequence. One query."""
    if alert.shell_id is not None:
        source = source_of(alert)
        return [Evidence(SOURCE, 0, source)] if source else []
    rows = AlertEvent.objects.filter(alert_id=alert.pk).order_by("position", "role", "uid")
    return [Evidence(row.role, row.position, _stored(row, alert.team_id)) for row in rows]


def _stored(row: AlertEvent, team_id: int) -> StoredEvent:
    return StoredEvent(team_id, row.day, row.index, bytes(row.uid), row.time, row.ingested, unpack(row.document))


def _sources(teams: dict[int, int]) -> Iterable[tuple[int, StoredEvent]]:
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, [list(teams)])
        # Plain tuples: previews read thousands of them.
        for alert_id, day, index, uid, time, ingested, document in cursor.fetchall():
            yield alert_id, StoredEvent(teams[alert_id], day, index, bytes(uid), time, ingested, unpack(document))
