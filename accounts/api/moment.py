"""When a request was made: asked of the database's clock once, so that everything about it agrees."""

from datetime import datetime
from typing import cast

from rest_framework.request import Request

from soc.web import clock

_KEPT = "moment_of_the_request"


def moment_of(request: Request) -> datetime:
    """The request's moment. One query the first time."""
    below = request._request  # noqa: SLF001  (lives as long as the request, whoever wraps it)
    if not hasattr(below, _KEPT):
        setattr(below, _KEPT, clock.now())
    return cast(datetime, getattr(below, _KEPT))
