"""How many tries at a password are left: read from the same counts that allauth keeps in the shared cache."""

import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

APP, ACTION = "allauth.account", "login_failed"
WORDS = ("", "One", "Two", "Three", "Four")


def tries_left(request: HttpRequest, credentials: dict[str, Any]) -> int:
    """The fewest tries that either limit leaves, by person and by address. One query, two look-ups in the cache."""
    named = {name: value for name, value in credentials.items() if name != "password"}
    key = get_adapter(request)._get_login_attempts_cache_key(request, **named)  # noqa: SLF001  (where it counts)
    rates = ratelimit.get_rates(app=APP, action=ACTION)
    return min((_left(request, rate, key) for rate in rates), default=0)


def _left(request: HttpRequest, rate: ratelimit.Rate, key: str) -> int:
    where = ratelimit.get_cache_key(request, app=APP, action=ACTION, rate=rate, key=key)
    since = time.time() - rate.duration
    used = sum(at > since for at in cache.get(where, []))
    return max(0, int(rate.amount) - int(used))


def left_in_words(left: int) -> str:
    """ "Four tries left in this quarter of an hour."; many are not worth a sentence."""
    if left >= len(WORDS):
        return ""
    if left == 0:
        return "That was the last try: wait a quarter of an hour."
    return f"{WORDS[left]} {'try' if left == 1 else 'tries'} left in this quarter of an hour."
