"""The searches that a person sent off lately: the last ten, kept for a month in the shared cache, to go back to.

Only what the form of the page sent is one: a link that somebody else wrote puts nothing here, wherever it stands.

They are a convenience and no record: a search goes on without them when the cache is not there.
"""

from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from redis.exceptions import RedisError

from events.completing import Language
from soc.web.http import UserRequest

MOST = 10
_KEPT_SECONDS = 30 * 86_400
_NAMES = {Language.KQL.value: "KQL", Language.EQL.value: "EQL", Language.ESQL.value: "ES|QL"}
_FURTHER = ("after", "part", "run", "pause", "only", "event")
_FORM = "search-form"
_SENT = "typed"
"""The field of the form that says so without scripts; what they send says it in a header, out of the address."""
_SHAPE = 2
"""Of what is kept. To be raised when `Recent` changes: what another version kept is then not seen."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A search that was made: its language's name, its text and the address that asks it again."""

    language: str
    text: str
    url: str
    of_alerts: bool = False

    @property
    def same(self) -> tuple[str, str, bool]:
        """What makes two searches one: the time that they look at does not tell them apart."""
        return self.language, self.text, self.of_alerts


def recent(request: UserRequest, asked: Any) -> list[Recent]:
    """The person's last searches, the newest first, this one put before them where it was just sent off."""
    found: list[Recent] = []
    with suppress(RedisError, OSError):
        found = _kept(request.user.pk)
        if asked.text and asked.readable and _was_sent(request):
            found = _with(_of(asked), found)
            cache.set(_key(request.user.pk), [astuple(one) for one in found], _KEPT_SECONDS)
    return found


def _was_sent(request: UserRequest) -> bool:
    """Whether the form sent it. An address with the form's field in it may have been passed on: it then comes from
    elsewhere, which browsers say over TLS."""
    if any(name in request.GET for name in _FURTHER):
        return False
    if request.htmx:
        return request.htmx.trigger == _FORM
    return _SENT in request.GET and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def forget(user_id: int) -> None:
    """Keep none of the person's searches."""
    with suppress(RedisError, OSError):
        cache.delete(_key(user_id))


def _of(asked: Any) -> Recent:
    language = getattr(asked, "language", Language.ESQL.value)
    return Recent(_NAMES[language], asked.text, asked.url(reverse("events:search")), getattr(asked, "of_alerts", False))


def _with(new: Recent, found: list[Recent]) -> list[Recent]:
    return [new, *(one for one in found if one.same != new.same)][:MOST]


def _kept(user_id: int) -> list[Recent]:
    """Kept as plain values, so that no change of the class makes them unreadable; others are passed over."""
    try:
        return [Recent(*one) for one in cache.get(_key(user_id), [])]
    except TypeError:
        return []


def _key(user_id: int) -> str:
    return f"searches:{_SHAPE}:{user_id}"
