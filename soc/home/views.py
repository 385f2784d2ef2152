"""Doors of the front: the first page, and the list of places to go to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from accounts.access import page
from soc.home.destinations import destinations
from soc.web.htmx import wants_part
from soc.web.http import UserRequest

_LONGEST = 200


@page()
def home(_request: HttpRequest) -> HttpResponse:
    """To the queue, which also says what to do while there is nothing in it."""
    return redirect("alerts:queue")


@page()
def go(request: UserRequest) -> HttpResponse:
    """Where one can go that fits what is typed: a page of links, or the list in the dialog of Ctrl and K."""
    text = " ".join(request.GET.get("q", "")[:_LONGEST].replace("\x00", "").split())
    groups = destinations(request.user, text)
    context = {"groups": groups, "text": text, "number": sum(len(group.found) for group in groups)}
    response = render(request, "home/_found.html" if wants_part(request) else "home/go.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
