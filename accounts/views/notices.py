"""Doors to a person's notices. Opening one is a POST, because it marks it read."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext

from accounts import inbox
from accounts.access import page
from accounts.local_path import local_path
from soc.web import clock
from soc.web.answers import SeeOther
from soc.web.http import UserRequest
from soc.web.numbers import whole


@page()
def list_notices(request: UserRequest) -> HttpResponse:
    """The notices, unread first."""
    shown = inbox.inbox(user=request.user, after=request.GET.get("after"))
    return render(request, "accounts/notices.html", {"inbox": shown, "now": clock.now()})


@page(methods=("POST",))
def open_notice(request: UserRequest, notice_id: int) -> HttpResponse:
    """Mark it read, and go to what it is about; only ever to a page of ours."""
    notice = inbox.open_notice(user=request.user, notice_id=notice_id, now=clock.now())
    if notice is None:
        raise Http404
    return SeeOther(local_path(notice.path))


@page(methods=("POST",))
def mark_read(request: UserRequest) -> HttpResponse:
    """Mark read what the person had on the page."""
    upto = whole(request.POST.get("upto", ""))
    marked = inbox.mark_read(user=request.user, now=clock.now(), upto=upto)
    messages.success(request, ngettext("%d notice marked read.", "%d notices marked read.", marked) % marked)
    return SeeOther(reverse("accounts:notices"))
