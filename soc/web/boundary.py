"""The outermost middleware: gives a request its id, so that an error page and the log speak of the same thing."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from soc.web.errors import PageError, answer_error

log = structlog.get_logger(__name__)
_NUL = "The address or the form holds a character that no text can hold (NUL). Take it out, and send it again."


class HttpBoundary:
    """Binds the request id to every log line of the request, logs its end, and turns a PageError into its page.

    Refuses NUL in addresses and forms, once for every page: no text of ours holds one and the database takes none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with `X-Request-Id`; the path is logged without its query, which may hold what people search for."""
        request.request_id = secrets.token_hex(6)  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        started = time.perf_counter()
        response = self.get_response(request)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log.debug("request", method=request.method, path=request.path, status=response.status_code, ms=milliseconds)
        response.headers.setdefault("X-Request-Id", request.request_id)  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, _view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Turn away a request with a NUL in it; the body of the API is its own affair. Raises: Http404."""
        if "\x00" in request.path:
            raise Http404
        if _has_nul(request.GET) or (_posts_form(request) and _has_nul(request.POST)):
            return answer_error(request, 400, _NUL)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of an error that says itself what to tell the person."""
        if isinstance(exception, PageError):
            return answer_error(request, exception.status, exception.sentence, exception.title)
        return None


def _posts_form(request: HttpRequest) -> bool:
    return request.method == "POST" and not request.path.startswith("/api/")


def _has_nul(data: QueryDict) -> bool:
    return any("\x00" in name or any("\x00" in value for value in values) for name, values in data.lists())
