"""The events an alert rests on, kept with it as compressed JSON, so that retention never empties an alert."""

from collections.abc import Iterable, Iterator, Sequence

import zstandard

from alerts.models import Alert, AlertEvent
from events.store import StoredEvent

SOURCE = "source"
# Events are refused at the door far below this; a larger one here is a damaged row.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_CHUNK = 500


def pack(raw: bytes) -> bytes:
    """The document as it is kept."""
    return zstandard.ZstdCompressor(level=3).compress(raw)


def unpack(data: bytes | memoryview) -> bytes:
    """The document as it was judged."""
    return zstandard.ZstdDecompressor().decompress(bytes(data), max_output_size=MAX_DOCUMENT_BYTES)


def evidence_row(alert: Alert, event: StoredEvent) -> AlertEvent:
    """The row that keeps an alert's source event."""
    return AlertEvent(
        alert=alert,
        role=SOURCE,
        uid=event.uid,
        day=event.day,
        index=event.index,
        time=event.time,
        ingested=event.ingested,
        document=pack(event.raw),
    )


def source_of(alert: Alert) -> StoredEvent | None:
    """The event that raised the alert; None only for an alert whose evidence was purged. One query."""
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


def _sources(teams: dict[int, int]) -> Iterable[tuple[int, StoredEvent]]:
    rows = AlertEvent.objects.filter(alert_id__in=list(teams), role=SOURCE).order_by("alert_id")
    # Plain tuples: previews read thousands of them.
    for alert_id, day, index, uid, time, ingested, document in rows.values_list(*_COLUMNS):
        yield alert_id, StoredEvent(teams[alert_id], day, index, bytes(uid), time, ingested, unpack(document))


_COLUMNS = ("alert_id", "day", "index", "uid", "time", "ingested", "document")
