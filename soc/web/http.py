"""Request types of our views: what the middleware has added by the time a view runs."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class HtmxRequest(HttpRequest):
    """A request that knows whether htmx made it."""

    htmx: HtmxDetails


class UserRequest(HtmxRequest):
    """A request of somebody who has signed in."""

    user: "_User"
