"""People write on a case."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases import writing
from cases.forms import EntryForm
from cases.models import Entry
from cases.pages import seen_case
from cases.views.answers import act
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page(Permission.WORK_CASES, methods=("POST",))
def write(request: UserRequest, case_id: int) -> HttpResponseBase:
    """A comment, or a note for the findings. It changes no state, so whoever writes at the same time is kept too."""
    case = seen_case(request.user, case_id)

    def do(data: dict[str, Any]) -> str:
        writing.write(
            case_id=case.pk,
            text=data["text"],
            kind=data["kind"],
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
        return _("Noted for the findings.") if data["kind"] == Entry.Kind.NOTE else _("Posted.")

    return act(request, case, EntryForm(request.POST), "update_form", do, clears="update")
