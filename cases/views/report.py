"""The report of a case: Markdown to take along, or a page to read."""

import re

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe

from accounts.access import page
from cases import report as reporting
from cases.pages import form_page, seen_case
from soc.web import markdown
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

# Markdown has no table without a head; an empty one is nothing for a screen reader to read out.
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<th>\s*</th>\s*)+</tr>\s*</thead>")


@page()
def report(request: UserRequest, case_id: int) -> HttpResponseBase:
    """The report as a file; with `?show=1` as a page, which shows no more than a text may have on one."""
    case = seen_case(request.user, case_id)
    shown = request.GET.get("show") == "1"
    room = markdown.LONGEST if shown else reporting.MOST_TEXT
    text = reporting.markdown(case=case, now=clock_now(), room=room)
    if shown:
        return render(request, "cases/report.html", form_page(request, case) | {"report": _as_html(text)})
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="CASE-{case.pk}.md"'
    return response


def _as_html(text: str) -> SafeString:
    """The report as a page shows it."""
    return mark_safe(_EMPTY_HEAD.sub("", markdown.render(text)))  # noqa: S308  (only takes away from what is safe)
