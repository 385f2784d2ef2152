"""Error pages: what happened, what to do, and a reference that finds the line in the log.

The same answer in three shapes: a page for browsers, a strip for htmx, JSON under /api/. Django calls the functions
at the end (soc/urls.py names them); `server_error` is one of the two places with a broad catch, the other is a task's.
"""

import sys
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = structlog.get_logger(__name__)
RETRY_AFTER_SECONDS = 5
# A database or a cache (sign-in counts tries in it) that does not answer: nobody's mistake, and it passes.
AWAY = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)


class PageError(Exception):
    """An error that a person can be told about as it is: `status`, a sentence, and perhaps what to do.

    Packages may derive their own from it; soc/web/boundary.py turns one that no view caught into a page.
    """

    status = 400
    title = ""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an error page says."""

    status: int
    title: str
    sentence: str


TROUBLES = {
    400: ("That request could not be read", "The address or the form holds something this page does not understand."),
    401: ("You are signed out", "Sign in, and carry on where you were."),
    403: ("Not allowed", "Your role or your team does not allow this."),
    404: (
        "Nothing here",
        "This is not there, was removed, or belongs to a team that you are not in.",
    ),
    409: ("Somebody was faster", "This has changed since you opened it. Look again, then decide."),
    429: ("Too many tries", "Wait a few minutes, then try again."),
    500: ("Something went wrong here", "The mistake is ours and has been logged. Nothing was half saved."),
    503: ("Not available right now", "The database or the queue does not answer. Try again in a few seconds."),
}

CODES = {
    400: "malformed",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limited",
    500: "server_error",
    503: "try_again",
}


def trouble(status: int, sentence: str = "", title: str = "") -> Trouble:
    """The words for a status, unless better ones are given."""
    usual_title, usual_sentence = TROUBLES.get(status, TROUBLES[400])
    return Trouble(status, title or usual_title, sentence or usual_sentence)


def answer_error(request: HttpRequest, status: int, sentence: str = "", title: str = "") -> HttpResponse:
    """The answer for `status` in the shape that the client can use."""
    what = trouble(status, sentence, title)
    reference = getattr(request, "request_id", "")
    response = _shaped(request, what, reference)
    response["X-Request-Id"] = reference
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _shaped(request: HttpRequest, what: Trouble, reference: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        told = {"status": what.status, "code": CODES.get(what.status, "refused"), "detail": what.sentence}
        body = {"error": {**told, "reference": reference}}
        return JsonResponse(body, status=what.status)
    context = {"trouble": what, "reference": reference, "sign_in_url": sign_in_url(request)}
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(render_to_string("errors/_strip.html", context), status=what.status)
        response["HX-Retarget"] = "#strip"
        response["HX-Reswap"] = "innerHTML"
        return response
    return HttpResponse(render_to_string("errors/page.html", context), status=what.status)


def sign_in_url(request: HttpRequest) -> str:
    """The sign-in page, and from there back to the page that htmx was on; only its path is believed."""
    try:
        on = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # not an address at all: `http://[`
        on = urlsplit("")
    back = f"{on.path}?{on.query}" if on.query else on.path
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return resolve_url(settings.LOGIN_URL) + (f"?{urlencode({'next': back})}" if ours else "")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """400."""
    return answer_error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the reason if our own code gave one."""
    return answer_error(request, 403, getattr(exception, "reason", ""))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was sent without its token, mostly from a page older than the last sign-in."""
    log.info("form without token", reason=reason)
    return answer_error(request, 403, "This form is older than your sign-in. Load the page again, then send it.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404."""
    return answer_error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 while the database does not answer. The exception goes to the log, never to the client."""
    error = sys.exc_info()[1]
    status = 503 if isinstance(error, AWAY) else 500
    log.error("request failed", status=status, path=request.path, exc_info=error)
    return answer_error(request, status)
