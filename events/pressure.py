"""Whether we can take events at all right now: not with a backlog that workers cannot catch up with, nor a full disk.

Looked at once a second in each process, not with every request.
"""

import shutil
from datetime import datetime
from time import monotonic

from django.conf import settings

from events.errors import NotNow
from events.queue import backlog

LEAST_FREE_BYTES = 256 * 1024 * 1024
_LOOK_EVERY_SECONDS = 1.0
_RETRY_AFTER_SECONDS = 30
_state: tuple[float, str | None] = (float("-inf"), None)


def check(now: datetime) -> None:
    """Refuse while we are too far behind or the disk is nearly full. Raises NotNow."""
    global _state
    looked, trouble = _state
    if monotonic() - looked > _LOOK_EVERY_SECONDS:
        trouble = _trouble(now)
        _state = (monotonic(), trouble)
    if trouble:
        raise NotNow(trouble, retry_after_seconds=_RETRY_AFTER_SECONDS)


def look_again() -> None:
    """Forget the last look."""
    global _state
    _state = (float("-inf"), None)


def _trouble(now: datetime) -> str | None:
    if backlog(now).events > settings.INGEST_BACKLOG_EVENTS:
        return "More events wait to be judged than we take; keep yours and send them again."
    if _database_is_here() and shutil.disk_usage(settings.HOME).free < LEAST_FREE_BYTES:
        return "The disk is nearly full; keep your events and send them again."
    return None


def _database_is_here() -> bool:
    return str(settings.DATABASES["default"].get("HOST", "")).startswith("/") and settings.HOME.exists()
