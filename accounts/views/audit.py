"""Doors to the record of changes: the page, and the export, which is a POST because it is itself recorded."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from accounts import audit
from accounts.access import may, page
from accounts.audit.forms import AuditForm
from accounts.roles import Permission
from soc.web import clock, csv
from soc.web.http import UserRequest


@page(Permission.AUDIT)
def list_changes(request: UserRequest) -> HttpResponse:
    """Who did what, newest first."""
    form = AuditForm(request.GET, user=request.user)
    found = audit.changes(user=request.user, filters=form.filters(), after=request.GET.get("after"))
    context = {
        "form": form,
        "page": found,
        "entries": audit.entries_of(found.items),
        "verbs": audit.VERBS,
        "sees_all": may(request.user, Permission.MANAGE_USERS),
        "now": clock.now(),
    }
    return render(request, "accounts/audit.html", context)


@page(Permission.AUDIT, methods=("POST",))
def export(request: UserRequest) -> StreamingHttpResponse:
    """Everything that the filters in the address find, as CSV."""
    now = clock.now()
    form = AuditForm(request.GET, user=request.user)
    rows = audit.export_changes(user=request.user, filters=form.filters(), now=now)
    return csv.answer(f"watchbill-record-{now:%Y%m%d-%H%M%S}.csv", audit.HEADER, rows)
