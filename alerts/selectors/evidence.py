"""The events kept with an alert, in their order, as pages tell them."""

from collections.abc import Iterable

from alerts.kept import events_of
from alerts.models import Alert
from alerts.selectors.deeds import deed_of
from alerts.selectors.joined_shapes import KeptEvent
from events.store import StoredEvent

SOURCE = "source"


def kept_events(alert: Alert) -> list[KeptEvent]:
    """The alert's events by their place, each decoded once. One query; another for a building block."""
    return [_decoded(role, position, event) for role, position, event in events_of(alert)]


def _decoded(role: str, position: int, event: StoredEvent) -> KeptEvent:
    document = event.document()
    return KeptEvent(role, position, event, document, deed_of(document))


def source_among(events: Iterable[KeptEvent]) -> KeptEvent | None:
    """The event that raised the alert; of joined ones the one that completed them, which is the last."""
    listed = list(events)
    return next((event for event in listed if event.role == SOURCE), listed[-1] if listed else None)
