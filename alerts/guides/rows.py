"""What a search found, as lines: when, what, and the most telling text; values with their numbers; other alerts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.guides.counting import Answer
from alerts.guides.pivoting import ShownPivot
from alerts.guides.seen import Seen
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
    """One line: `at` for an event or an alert, `number` for a value (how often) or how common one is (hosts)."""

    url: str
    name: str
    text: str
    at: datetime | None = None
    number: int | None = None


def rows_of(shown: ShownPivot, answer: Answer) -> list[Line]:
    """The lines of an answer."""
    if answer.values:
        return [_of_value(shown, value, number) for value, number in answer.values]
    if answer.seen:
        return [_of_seen(shown, one) for one in answer.seen]
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


def _of_seen(shown: ShownPivot, one: Seen) -> Line:
    try:
        asked = replace(shown, pivot=replace(shown.pivot, query=clause(one.field, one.value)))
        url = shown.url_with(clause(one.field, one.value)) if shown.pivot.by else asked.url
    except UnwritableError:
        url = shown.url
    return Line(url, one.value, _how_common(one), number=one.hosts)


def _how_common(one: Seen) -> str:
    """ "of 212 hosts, since 2026-11-02, here since 2026-11-12"; of a rare value how often it is among the events."""
    of = ngettext("of %(n)s host", "of %(n)s hosts", one.of_hosts) % {"n": f"{one.of_hosts:,}"}
    if one.common is None:
        here = ngettext("%(n)s event here", "%(n)s events here", one.times) % {"n": f"{one.times:,}"}
        return f"{of}, {here}" if one.hosts else f"{of}, {_('not noted before')}, {here}"
    parts = [of, _("since %(day)s") % {"day": _day(one.common.first_day)}]
    if one.common.here_since:
        parts.append(_("here since %(day)s") % {"day": _day(one.common.here_since)})
    return ", ".join(parts)


def _day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


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
