"""Answers to a POST: a fragment for htmx, a redirect (303) for everybody else."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from soc.web.htmx import wants_part
from soc.web.http import HtmxRequest


class SeeOther(HttpResponseRedirect):
    """303: what follows a POST is fetched with GET, so that reloading does not post again."""

    status_code = 303


def done(
    request: HtmxRequest,
    fragment_template: str,
    context: Mapping[str, Any],
    redirect_to: str,
    said: str = "",
) -> HttpResponse:
    """The answer to an act that worked: its fragment, or the next page, which says `said` once.

    `redirect_to` is a path of ours that the view has made; never pass on what a client sent.
    """
    if wants_part(request):
        return render(request, fragment_template, dict(context))
    if said:
        messages.success(request, said)
    return SeeOther(redirect_to)
