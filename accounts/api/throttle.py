"""How many requests a key may make: counted in the cache that all web processes share, by the minute.

A client in a loop must not take the threads that people need. A cache that does not answer lets everything through:
that is our trouble, not the client's.
"""

from time import time

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.models import ApiKey
from soc.web.api.errors import ApiError, Told

log = structlog.get_logger(__name__)
REQUESTS_A_MINUTE = 1_200
_WINDOW_SECONDS = 60


def count_request(key: ApiKey) -> None:
    """Count one request of the key. Raises: ApiError (429) with the seconds until the next minute."""
    now = time()
    name = f"api:{key.pk}:{int(now // _WINDOW_SECONDS)}"
    if _counted(name) > REQUESTS_A_MINUTE:
        wait = _WINDOW_SECONDS - int(now % _WINDOW_SECONDS)
        sentence = f"A key may make {REQUESTS_A_MINUTE:,} requests a minute."
        raise ApiError(Told(429, "rate_limited", sentence, headers={"Retry-After": str(wait)}))


def _counted(name: str) -> int:
    try:
        cache.add(name, 0, timeout=2 * _WINDOW_SECONDS)
        return cache.incr(name)
    except ValueError:  # evicted in between
        return 0
    except (RedisError, OSError):
        log.warning("the cache does not answer; requests of the API are not counted")
        return 0
