"""An event is noted on a case: what happened, in a text that can be changed before it is kept, and where it is."""

from django.http import Http404, HttpResponseBase
from django.urls import reverse

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases.checking import MAX_TITLE
from cases.views.noting import Finding, noted
from engine import Document
from engine.tree import text_of
from events.named import event_in
from events.stored import StoredEvent
from soc.web.http import UserRequest

_TOLD = (
    "host.name", "user.name", "event.action", "process.name", "process.command_line", "process.parent.name",
    "file.path", "source.ip", "destination.ip", "dns.question.name", "message",
)  # fmt: skip
_LONGEST_VALUE, _LONGEST_NAME, _MOST_NAMES = 300, 120, 20


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def note_event(request: UserRequest, uid: str) -> HttpResponseBase:
    """The form, and then the case with the note; a 404 for an event that is not there."""
    found = event_in(uid, request.GET.get("day", ""), teams_of(request.user))
    if found is None:
        raise Http404
    return noted(request, _finding(found), {"event": found, "back_url": _address(found)})


def _finding(event: StoredEvent) -> Finding:
    """The event as it is noted, and what a new case is called after it: "perl on nas-01"."""
    document = event.document()
    hosts, users = _texts(document, "host.name"), _texts(document, "user.name")
    [deed, *_] = [*_texts(document, "process.name"), *_texts(document, "event.action"), "Event"]
    where = f" on {hosts[0]}" if hosts else ""
    title = f"{deed[: MAX_TITLE - len(where)]}{where}"
    return Finding(_words(event, document), [event.team_id], title, hosts, users)


def _texts(document: Document, name: str) -> tuple[str, ...]:
    """The first values of a field, in one line each."""
    texts = (" ".join(text_of(value)[:_LONGEST_NAME].split()) for value in document.values(name)[:_MOST_NAMES])
    return tuple(filter(None, texts))


def _words(event: StoredEvent, document: Document) -> str:
    """What happened, each value as code so that nothing in it is read as markup."""
    lines = [f"Event of {event.time:%Y-%m-%d %H:%M:%S} UTC: {_address(event)}", ""]
    for name in _TOLD:
        values = ", ".join(text_of(value) for value in document.values(name))
        if values:
            shown = " ".join(values[:_LONGEST_VALUE].replace("`", "'").split())
            lines.append(f"- {name}: `{shown}`")
    return "\n".join(lines)


def _address(event: StoredEvent) -> str:
    return f"{reverse('events:event', args=[event.uid.hex()])}?day={event.day.isoformat()}"
