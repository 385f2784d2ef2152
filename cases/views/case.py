"""One case: what comes next, what happened, and what it is about."""

from django.http import HttpResponseBase

from accounts.access import page
from cases.pages import case_page, opened_case, timeline_page
from cases.views.answers import TEMPLATE, said
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest


@page()
def detail(request: UserRequest, case_id: int) -> HttpResponseBase:
    """The case; for htmx its timeline, or, where `before` asks for them, the moments before."""
    case = opened_case(request, case_id)
    if wants_part(request):
        part = "moments" if request.GET.get("before") else "timeline"
        return render_page(request, TEMPLATE, timeline_page(request, case), part=part)
    return render_page(request, TEMPLATE, case_page(request, case) | {"spoken": said(request)})
