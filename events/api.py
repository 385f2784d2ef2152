"""The door that agents send events through: `POST /api/v1/events`. What happens behind it is events/ingest.py.

The body is read here, piece by piece and never beyond the limit, because Django would answer a large one with a 400.
Agents drop what gets a 4xx for good, so no trouble of ours may ever be one.
"""

from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import KeyRefused
from accounts.keys import authenticate_key, need_scope
from accounts.scopes import Scope
from events.errors import Malformed, RequestRefused, TooLarge
from events.ingest import IngestReport, ingest
from events.serializers import IngestAnswer, Refusal
from soc.web import clock

log = structlog.get_logger(__name__)

_PIECE_BYTES = 1024 * 1024
_RETRY_AFTER_SECONDS = 5
_FORBIDDEN = {
    "revoked": "This key has been revoked.",
    "expired": "This key has expired.",
    "person": "The person this key acts for has been deactivated.",
    "scope": "This key was not made for sending events. Make one that is, under Settings, API keys.",
}
_UNKNOWN = "Present a key: Authorization: ApiKey <key>."
_KEY: Any = [{"ApiKey": []}]
_HEADERS = [
    OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Remembered two days."),
    OpenApiParameter("Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER, enum=["identity", "gzip"]),
]


class EventsView(APIView):
    """Take in events."""

    authentication_classes = ()  # the key is checked in `post`: its errors have our words
    permission_classes = ()

    @extend_schema(
        operation_id="send_events",
        summary="Send events",
        description="One event a line (application/x-ndjson), or a JSON array or one object (application/json). "
        "The answer comes after the events are stored, and says for each what became of it.",
        parameters=_HEADERS,
        request={"application/x-ndjson": OpenApiTypes.STR, "application/json": list[dict[str, Any]]},
        responses={200: IngestAnswer} | dict.fromkeys((400, 401, 403, 413, 415, 422, 429, 503), Refusal),
        auth=_KEY,
    )
    def post(self, request: Request) -> HttpResponse:
        """Store the events of the body; 200 only after COMMIT."""
        try:
            return _answer(200, _taken(request._request).to_json())  # noqa: SLF001  (the body is read raw)
        except RequestRefused as refusal:
            return _refused(refusal.status, refusal.code, refusal.sentence, refusal.retry_after_seconds)
        except KeyRefused as refusal:
            return _key_refused(refusal.code)
        except (OperationalError, InterfaceError, InternalError) as error:
            log.warning("ingest without the database", error=type(error.__cause__ or error).__name__)
            return _refused(503, "try_again", "The database does not answer; send again.", _RETRY_AFTER_SECONDS)


def _taken(request: HttpRequest) -> IngestReport:
    now = clock.now()
    key = authenticate_key(request.headers.get("Authorization"), now)
    need_scope(key, Scope.EVENTS_WRITE)
    return ingest(
        key=key,
        body=read_body(request, settings.INGEST_MAX_BODY_BYTES),
        content_type=request.headers.get("Content-Type", ""),
        content_encoding=request.headers.get("Content-Encoding", ""),
        idempotency_key=request.headers.get("Idempotency-Key"),
        now=now,
    )


def read_body(request: HttpRequest, limit_bytes: int) -> bytes:
    """The body, whether it says its length or comes in chunks. Raises TooLarge before reading beyond the limit."""
    too_large = TooLarge(f"A body may have {limit_bytes:,} bytes.")
    stated = request.META.get("CONTENT_LENGTH") or ""
    if stated.isdecimal() and int(stated) > limit_bytes:
        raise too_large
    stream: Any = request if stated else request.META["wsgi.input"]
    if not stated and "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        return b""
    pieces, size = [], 0
    try:
        while piece := stream.read(_PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > limit_bytes:
                raise too_large
    except (UnreadablePostError, OSError):
        raise Malformed("The body ended before all of it had come.") from None
    if stated.isdecimal() and size < int(stated):
        raise Malformed("The body ended before all of it had come.")
    return b"".join(pieces)


def _key_refused(code: str) -> HttpResponse:
    if code in _FORBIDDEN:
        return _refused(403, f"key_{code}", _FORBIDDEN[code])
    response = _refused(401, f"key_{code}", _UNKNOWN)
    response["WWW-Authenticate"] = "ApiKey"
    return response


def _refused(status: int, code: str, sentence: str, retry_after_seconds: int | None = None) -> HttpResponse:
    response = _answer(status, {"error": {"status": status, "code": code, "detail": sentence}})
    if retry_after_seconds is not None:
        response["Retry-After"] = str(retry_after_seconds)
    return response


def _answer(status: int, content: dict[str, Any]) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), status=status, content_type="application/json")
