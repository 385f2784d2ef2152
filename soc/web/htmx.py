"""One URL, two answers: the whole page for browsers, one part of it for htmx."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from soc.web.http import HtmxRequest


def wants_part(request: HtmxRequest) -> bool:
    """Whether htmx asks for a part.

    Boosted links want the whole page, and so does a history restore: htmx 2 sends it as an ordinary htmx request,
    and a bare fragment behind the Back button would be a page without its frame.
    """
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HtmxRequest, template: str, context: Mapping[str, Any], part: str = "rows", status: int = 200
) -> HttpResponse:
    """Render `template`, or only its `{% partialdef part %}` when htmx asks for a part."""
    name = f"{template}#{part}" if wants_part(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response
