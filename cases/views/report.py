"""The report of a case: Markdown to take along, or a page to read."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render

from accounts.access import page
from cases import report as reporting
from cases.pages import form_page, seen_case
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest


@page()
def report(request: UserRequest, case_id: int) -> HttpResponseBase:
    """The report as a file; with `?show=1` as a page."""
    case = seen_case(request.user, case_id)
    text = reporting.markdown(case=case, now=clock_now())
    if request.GET.get("show") == "1":
        return render(request, "cases/report.html", form_page(request, case) | {"report": text})
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="CASE-{case.pk}.md"'
    return response
