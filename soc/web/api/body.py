"""Bodies of requests: JSON, within a limit, read by a parser that survives whatever nesting it is sent."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from soc.web.api.errors import ApiError, Told

MAX_BODY_BYTES = 1024 * 1024


class JsonBody(BaseParser):
    """`application/json`, at most a megabyte. Costs the body once in memory."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """The value. Raises: ParseError, ApiError (413)."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(Told(413, "too_large", f"A body may have {MAX_BODY_BYTES:,} bytes."))
        try:
            return orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError:
            raise ParseError from None


class JsonAnswer(BaseRenderer):
    """Answers as compact UTF-8 JSON."""

    media_type = "application/json"
    format = "json"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """The bytes; none for an answer without content."""
        return b"" if data is None else orjson.dumps(data, default=str)


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer, so `Accept` is not asked; a client that cannot read it learns nothing from a 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the body's content type, or None (415)."""
        stated = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == stated), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002
        """The first renderer."""
        return renderers[0], renderers[0].media_type
