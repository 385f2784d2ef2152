"""How far a long search has come, told from the process that runs it to those that are asked, and the wish to stop it.

Both go through the shared cache under a token that the page made up; only the person who asked can use it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.core.cache import cache

from events.watching import Cancelled, Watch, nobody

_TOKEN = re.compile(r"[0-9a-f]{32}")
_TOLD_EVERY = 0.25
_KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a search that runs."""

    examined: int
    back_to: datetime | None
    seconds: float


def watch_of(user_id: int, token: str) -> Watch:
    """A watch that tells how far it is, some times a second, and ends the search when the person wants it to."""
    if not _TOKEN.fullmatch(token):
        return nobody
    started = monotonic()
    told_at = 0.0

    def watch(examined: int, back_to: datetime | None) -> None:
        nonlocal told_at
        now = monotonic()
        if now - told_at < _TOLD_EVERY:
            return
        told_at = now
        if cache.get(_key("stop", user_id, token)):
            raise Cancelled
        cache.set(_key("come", user_id, token), Progress(examined, back_to, now - started), _KEPT_SECONDS)

    return watch


def progress_of(user_id: int, token: str) -> Progress | None:
    """How far the search has come; None when nothing was told yet."""
    found = cache.get(_key("come", user_id, token)) if _TOKEN.fullmatch(token) else None
    return found if isinstance(found, Progress) else None


def stop(user_id: int, token: str) -> None:
    """Ask the search to end."""
    if _TOKEN.fullmatch(token):
        cache.set(_key("stop", user_id, token), True, _KEPT_SECONDS)


def _key(kind: str, user_id: int, token: str) -> str:
    return f"search:{kind}:{user_id}:{token}"
