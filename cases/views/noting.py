"""What was found elsewhere is noted on a case: a text that can be changed before it is kept, and which case.

The case that is about the same host or user is chosen beforehand, where there is one; else the person chooses, or
opens a new one with the note.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Team
from alerts.models import Severity
from cases import opening, writing
from cases.checking import MAX_TEXT, MAX_TITLE
from cases.errors import CaseError
from cases.models import Case, Entry
from cases.selectors import case_about, open_cases
from cases.views.answers import Spoken, say
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

_NEW = "new"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is noted: its words, the teams whose cases it may go to, what a new case is called, and whom it is about."""

    text: str
    team_ids: Sequence[int]
    title: str
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    @property
    def home(self) -> int | None:
        """The team of a new case; None where it could be of several."""
        return self.team_ids[0] if len(self.team_ids) == 1 else None


class NoteForm(forms.Form):
    """Which case, and what to keep there."""

    case = forms.TypedChoiceField(coerce=int, label=lazy("Case"), error_messages={"required": lazy("Choose a case.")})
    text = forms.CharField(label=lazy("Note"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 10}))


def noted(request: UserRequest, found: Finding, about: Mapping[str, Any]) -> HttpResponseBase:
    """The form with the text, for the open cases of its teams, and then the case with the note. `about` is what the
    page says of what is noted.
    """
    now, cases = clock_now(), open_cases(request.user, team_ids=found.team_ids)
    fitting = case_about([number for number, _title in cases], hosts=found.hosts, users=found.users)
    form = NoteForm(request.POST or None, initial={"text": found.text, "case": fitting})
    anew = request.POST.get("to") == _NEW and found.home is not None
    field: Any = form.fields["case"]
    field.choices, field.required = [("", _("Choose a case")), *cases], not anew
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            case_id = _kept(request, found, form.cleaned_data, anew)
        except CaseError as error:
            problem = error.message
        else:
            return redirect("cases:detail", case_id)
    context = {"form": form, "cases": cases, "fitting": fitting, "may_open": found.home is not None}
    context |= {"problem": problem, "now": now, **about}
    return render(request, "cases/note_event.html", context, status=422 if problem or form.errors else 200)


def _kept(request: UserRequest, found: Finding, data: Mapping[str, Any], anew: bool) -> int:
    """The number of the case that has the note now, a new one or the one that was chosen. Raises: CaseError."""
    with transaction.atomic():
        case_id = _opened(request, found).pk if anew else data["case"]
        writing.write(
            case_id=case_id,
            text=data["text"],
            kind=Entry.Kind.NOTE,
            actor=request.user,
            now=clock_now(),
            team_ids=found.team_ids,
        )
    words = _("Opened CASE-%(number)s with the note.") if anew else _("Noted on CASE-%(number)s.")
    say(request, Spoken(words % {"number": case_id}))
    return int(case_id)


def _opened(request: UserRequest, found: Finding) -> Case:
    """A new case of the finding's team, in the hands of the person."""
    return opening.open_case(
        title=found.title[:MAX_TITLE],
        severity=int(Severity.MEDIUM),
        team=Team.objects.get(pk=found.team_ids[0]),
        owner=request.user,
        actor=request.user,
        now=clock_now(),
        team_ids=found.team_ids,
    )
