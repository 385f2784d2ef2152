"""How fast a key may send: a token bucket in the cache that all web processes share.

The bucket holds ten seconds' worth and may go into debt by one request, so that a large request is never impossible.
Without a cache the bucket is the process's own. A dead cache lets everything through: refusing events because our cache
is down would be our fault, not the sender's.
"""

import threading
from functools import cache
from math import ceil
from time import monotonic
from typing import Any

import redis
import structlog
from django.conf import settings

from accounts.models import ApiKey
from events.errors import TooFast

log = structlog.get_logger(__name__)

BURST_SECONDS = 10
_TIMEOUT_SECONDS = 0.2
_PAUSE_SECONDS = 5.0
# Gives the tokens that are left after this request; below zero before it means: not yet.
_SPEND = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(held[1]) or burst) + rate * math.max(0, now - (tonumber(held[2]) or now)))
local allowed = tokens > 0
if allowed then tokens = tokens - cost end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], 600)
return {allowed and 1 or 0, tostring(tokens)}
"""
_silent_until = 0.0
_own: dict[str, tuple[float, float]] = {}
_own_lock = threading.Lock()


def spend(key: ApiKey, events: int) -> None:
    """Take that many events from the key's bucket. Raises TooFast."""
    rate = key.events_per_second
    allowed, tokens = _take(key.pk, rate, events)
    if not allowed:
        wait = min(max(ceil((1 - tokens) / rate), 1), 600) if rate else 600
        raise TooFast(f"This key may send {rate:,} events a second.", retry_after_seconds=wait)


def _take(key_id: str, rate: int, events: int) -> tuple[bool, float]:
    global _silent_until
    if not settings.CACHE_URL:
        return _take_here(key_id, rate, events)
    if monotonic() < _silent_until:
        return True, 0.0
    try:
        answer: Any = _client(settings.CACHE_URL).eval(
            _SPEND, 1, f"watchbill:rate:{key_id}", rate, rate * BURST_SECONDS, events
        )
    except (redis.RedisError, OSError):
        _silent_until = monotonic() + _PAUSE_SECONDS
        log.warning("the cache does not answer; rates are not checked for some seconds")
        return True, 0.0
    return bool(answer[0]), float(answer[1])


def _take_here(key_id: str, rate: int, events: int) -> tuple[bool, float]:
    with _own_lock:
        tokens, at = _own.get(key_id, (float(rate * BURST_SECONDS), monotonic()))
        tokens = min(rate * BURST_SECONDS, tokens + rate * (monotonic() - at))
        allowed = tokens > 0
        tokens -= events if allowed else 0
        _own[key_id] = (tokens, monotonic())
    return allowed, tokens


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
