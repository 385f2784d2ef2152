"""What a search found, as lines: when, what, and the most telling text; values with their numbers; other alerts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from alerts.guides.counting import Answer
from alerts.guides.pivoting import ShownPivot
from alerts.models import Severity, Status
from alerts.selectors.deeds import what
from alerts.selectors.shapes import AlertBrief
from engine import Document
from engine.pivots import clause
from engine.pivots.writing import UnwritableError
from engine.tree import text_of
from events.stored import StoredEvent

_NAMES = ("process.name", "event.action", "event.dataset")
_TELLING = {
    "file": ("file.path",),
    "network": ("destination.ip", "destination.domain"),
    "registry": ("registry.path",),
    "dns": ("dns.question.name",),
    "process": ("process.command_line", "process.executable"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `at` for an event or an alert, `number` for a value."""

    url: str
    name: str
    text: str
    at: datetime | None = None
    number: int | None = None


def rows_of(shown: ShownPivot, answer: Answer) -> list[Line]:
    """The lines of an answer."""
    if answer.values:
        return [_of_value(shown, value, number) for value, number in answer.values]
    return [*map(_of_event, answer.events), *map(_of_alert, answer.alerts)]


def _of_event(event: StoredEvent) -> Line:
    document = event.document()
    url = f"{reverse('events:event', args=[event.uid.hex()])}?day={event.day.isoformat()}"
    return Line(url, _first(document, _NAMES), _text(document), at=event.time)


def _of_value(shown: ShownPivot, value: str, number: int) -> Line:
    try:
        url = shown.url_with(clause(shown.pivot.by, value))
    except UnwritableError:
        url = shown.url
    return Line(url, "", value, number=number)


def _of_alert(brief: AlertBrief) -> Line:
    state = Status(brief.status).label.lower()
    name = f"{Severity(brief.severity).label}, {state}"
    return Line(reverse("alerts:detail", args=[brief.id]), name, brief.name, at=brief.event_time)


def _text(document: Document) -> str:
    categories = [text_of(value) for value in document.values("event.category")]
    for category in sorted(set(categories) & _TELLING.keys()):
        if found := _first(document, _TELLING[category]):
            return (
                f"{found}:{port}"
                if category == "network" and (port := _first(document, ("destination.port",)))
                else found
            )
    return "".join(part.text for part in what(document))


def _first(document: Document, names: Iterable[str]) -> str:
    return next((text_of(value) for name in names for value in document.values(name)), "")
