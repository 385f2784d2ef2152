"""Whether database, broker and workers are there, and how much room the disk has. Asked with short patience."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, perf_counter

from django.conf import settings
from django.db import connection
from kombu import Connection
from kombu.exceptions import KombuError

from events import pulse
from events.models import Pulse

PATIENCE_SECONDS = 0.5
_REMEMBERED_SECONDS = 3.0
_AWAY = (KombuError, OSError)
_answers: dict[str, tuple[float, "Answer"]] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a store answered, and how fast."""

    there: bool
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Workers:
    """Signs of life: how many workers live, how many went missing lately, and when the clock last rang."""

    alive: int
    missing: int
    processes: int
    clock_at: datetime | None
    clock_alive: bool


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the database's folder, in bytes."""

    free: int
    total: int

    @property
    def used_share(self) -> float:
        """Between 0 and 1."""
        return 1 - self.free / max(self.total, 1)


def database() -> Answer:
    """How long the database takes to say anything at all. Raises DatabaseError when it does not."""
    started = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Answer(True, (perf_counter() - started) * 1_000)


def broker() -> Answer:
    """Whether the broker takes a connection and answers, within about a second; remembered for three."""
    url = settings.BROKER_URL
    at, answer = _answers.get(url, (float("-inf"), Answer(False)))
    if monotonic() - at > _REMEMBERED_SECONDS:
        answer = _ask(url)
        _answers.clear()
        _answers[url] = monotonic(), answer
    return answer


def ask_again() -> None:
    """Forget what was remembered."""
    _answers.clear()


def _ask(url: str) -> Answer:
    if not url:
        return Answer(False)
    limits = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS, "max_retries": 1}
    started = perf_counter()
    try:
        with Connection(url, connect_timeout=PATIENCE_SECONDS, transport_options=limits) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
    except _AWAY:
        return Answer(False)
    return Answer(True, (perf_counter() - started) * 1_000)


def workers(now: datetime) -> Workers:
    """Who has given a sign of life. One query over a handful of rows."""
    lately = list(Pulse.objects.filter(seen_at__gt=now - timedelta(hours=1)))
    hands = [row for row in lately if row.kind == pulse.WORKER]
    alive = [row for row in hands if row.seen_at > now - pulse.ALIVE_FOR]
    rang = max((row.seen_at for row in lately if row.kind == pulse.CLOCK), default=None)
    return Workers(
        len(alive),
        len(hands) - len(alive),
        sum(row.processes for row in alive),
        rang,
        rang is not None and rang > now - pulse.CLOCK_ALIVE_FOR,
    )


def disk() -> Disk | None:
    """The disk that the database is on; None when that is another machine's, or out of our sight."""
    if not str(settings.DATABASES["default"].get("HOST", "")).startswith("/") or not settings.HOME.exists():
        return None
    usage = shutil.disk_usage(settings.HOME)
    return Disk(usage.free, usage.total)
