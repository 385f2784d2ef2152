"""An event is noted on a case: what happened, in a text that can be changed before it is kept, and where it is."""

from django.http import Http404, HttpResponseBase
from django.urls import reverse

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases.views.noting import noted
from engine.tree import text_of
from events.named import event_in
from events.stored import StoredEvent
from soc.web.http import UserRequest

_TOLD = (
    "host.name", "user.name", "event.action", "process.name", "process.command_line", "process.parent.name",
    "file.path", "source.ip", "destination.ip", "dns.question.name", "message",
)  # fmt: skip
_LONGEST_VALUE = 300


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def note_event(request: UserRequest, uid: str) -> HttpResponseBase:
    """The form, and then the case with the note; a 404 for an event that is not there."""
    found = event_in(uid, request.GET.get("day", ""), teams_of(request.user))
    if found is None:
        raise Http404
    return noted(request, _words(found), [found.team_id], {"event": found, "back_url": _address(found)})


def _words(event: StoredEvent) -> str:
    """What happened, each value as code so that nothing in it is read as markup."""
    document = event.document()
    lines = [f"Event of {event.time:%Y-%m-%d %H:%M:%S} UTC: {_address(event)}", ""]
    for name in _TOLD:
        values = ", ".join(text_of(value) for value in document.values(name))
        if values:
            shown = " ".join(values[:_LONGEST_VALUE].replace("`", "'").split())
            lines.append(f"- {name}: `{shown}`")
    return "\n".join(lines)


def _address(event: StoredEvent) -> str:
    return f"{reverse('events:event', args=[event.uid.hex()])}?day={event.day.isoformat()}"
