"""What was found elsewhere is noted on a case: a text that can be changed before it is kept, and which case."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from cases import writing
from cases.checking import MAX_TEXT
from cases.errors import CaseError
from cases.models import Entry
from cases.selectors import open_cases
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


class NoteForm(forms.Form):
    """Which case, and what to keep there."""

    case = forms.TypedChoiceField(coerce=int, label=_("Case"), error_messages={"required": _("Choose a case.")})
    text = forms.CharField(label=_("Note"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 10}))


def noted(request: UserRequest, text: str, team_ids: Sequence[int], about: Mapping[str, Any]) -> HttpResponseBase:
    """The form with the text, for the open cases of these teams, and then the case with the note. `about` is what the
    page says of what is noted.
    """
    now = clock_now()
    form = NoteForm(request.POST or None, initial={"text": text})
    form.fields["case"].choices = open_cases(request.user, team_ids=team_ids)  # type: ignore[attr-defined]
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            writing.write(
                case_id=form.cleaned_data["case"],
                text=form.cleaned_data["text"],
                kind=Entry.Kind.NOTE,
                actor=request.user,
                now=now,
                team_ids=team_ids,
            )
        except CaseError as error:
            problem = error.message
        else:
            return redirect("cases:detail", form.cleaned_data["case"])
    context = {"form": form, "problem": problem, "now": now, **about}
    return render(request, "cases/note_event.html", context, status=422 if problem or form.errors else 200)
