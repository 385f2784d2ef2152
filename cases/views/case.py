"""One case: what comes next, what happened, and what it is about."""

from django.http import HttpResponseBase

from accounts.access import page
from cases.pages import case_page, seen_case
from cases.views.answers import said
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest


@page()
def detail(request: UserRequest, case_id: int) -> HttpResponseBase:
    """The case; for htmx its timeline, or, where `before` asks for them, the moments before."""
    case = seen_case(request.user, case_id)
    context = case_page(request, case)
    if not wants_part(request):
        context["spoken"] = said(request)
    return render_page(request, "cases/detail.html", context, part="moments" if context["before"] else "timeline")
