"""The outermost middleware: gives a request its id, so that an error page and the log speak of the same thing."""

import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from soc.web.errors import PageError, answer_error

log = structlog.get_logger(__name__)


class HttpBoundary:
    """Binds the request id to every log line of the request, logs its end, and turns a PageError into its page."""

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

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of an error that says itself what to tell the person."""
        if isinstance(exception, PageError):
            return answer_error(request, exception.status, exception.sentence, exception.title)
        return None
