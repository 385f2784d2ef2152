"""The searches that a person made lately: the last ten, kept for a month in the shared cache, to go back to.

They are a convenience and no record: a search goes on without them when the cache is not there.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from redis.exceptions import RedisError

from events.completing import Language
from soc.web.http import UserRequest

MOST = 10
_KEPT_SECONDS = 30 * 86_400
_NAMES = {Language.KQL.value: "KQL", Language.EQL.value: "EQL", Language.ESQL.value: "ES|QL"}
_FURTHER = ("after", "part", "run", "pause", "only")


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
    """The person's last searches, the newest first, this one put before them where somebody just made it."""
    found: list[Recent] = []
    with suppress(RedisError, OSError):
        found = _kept(request.user.pk)
        if asked.text and asked.readable and not any(name in request.GET for name in _FURTHER):
            found = _with(_of(asked), found)
            cache.set(_key(request.user.pk), found, _KEPT_SECONDS)
    return found


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
    """What another version kept in another shape is passed over."""
    found = cache.get(_key(user_id))
    return [one for one in found if isinstance(one, Recent)] if isinstance(found, list) else []


def _key(user_id: int) -> str:
    return f"searches:{user_id}"
