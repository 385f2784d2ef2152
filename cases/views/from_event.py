"""An event is noted on a case: what happened, in a text that can be changed before it is kept, and where it is."""

import re
from datetime import date

from django import forms
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases import writing
from cases.checking import MAX_TEXT
from cases.errors import CaseError
from cases.models import Entry
from cases.selectors import open_cases
from engine.tree import text_of
from events import store
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

_UID = re.compile(r"[0-9a-f]{32}")
_TOLD = (
    "host.name", "user.name", "event.action", "process.name", "process.command_line", "process.parent.name",
    "file.path", "source.ip", "destination.ip", "dns.question.name", "message",
)  # fmt: skip
_LONGEST_VALUE = 300


class NoteForm(forms.Form):
    """Which case, and what to keep there."""

    case = forms.TypedChoiceField(coerce=int, label=_("Case"), error_messages={"required": _("Choose a case.")})
    text = forms.CharField(label=_("Note"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 10}))


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def note_event(request: UserRequest, uid: str) -> HttpResponseBase:
    """The form, and then the case with the note."""
    found = _event(request, uid)
    now = clock_now()
    form = NoteForm(request.POST or None, initial={"text": _words(found)})
    form.fields["case"].choices = open_cases(request.user, team_ids=[found.team_id])  # type: ignore[attr-defined]
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            writing.write(
                case_id=form.cleaned_data["case"],
                text=form.cleaned_data["text"],
                kind=Entry.Kind.NOTE,
                actor=request.user,
                now=now,
                team_ids=[found.team_id],
            )
        except CaseError as error:
            problem = error.message
        else:
            return redirect("cases:detail", form.cleaned_data["case"])
    context = {"form": form, "event": found, "problem": problem, "now": now, "back_url": _address(found)}
    return render(request, "cases/note_event.html", context, status=422 if problem or form.errors else 200)


def _event(request: UserRequest, uid: str) -> store.StoredEvent:
    if not _UID.fullmatch(uid):
        raise Http404
    found = store.get(team_ids=teams_of(request.user), uid=bytes.fromhex(uid), day=_day(request.GET.get("day", "")))
    if found is None:
        raise Http404
    return found


def _words(event: store.StoredEvent) -> str:
    """What happened, each value as code so that nothing in it is read as markup."""
    document = event.document()
    lines = [f"Event of {event.time:%Y-%m-%d %H:%M:%S} UTC: {_address(event)}", ""]
    for name in _TOLD:
        values = ", ".join(text_of(value) for value in document.values(name))
        if values:
            shown = " ".join(values[:_LONGEST_VALUE].replace("`", "'").split())
            lines.append(f"- {name}: `{shown}`")
    return "\n".join(lines)


def _address(event: store.StoredEvent) -> str:
    return f"{reverse('events:event', args=[event.uid.hex()])}?day={event.day.isoformat()}"


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
