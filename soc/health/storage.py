"""What the events take on disk, day by day, and which day goes next. Read from the catalog, once a minute at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean
from time import monotonic

from django.conf import settings
from django.db import connection

from alerts.models import AlertEvent
from soc.health.stores import Disk, disk
from soc.web import counts

_REMEMBERED_SECONDS = 60.0
_TYPICAL_DAYS = 7
_SIZES = """
SELECT right(c.relname, 8)::date, sum(pg_total_relation_size(c.oid))::bigint FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent IN ('event'::regclass, 'event_block'::regclass)
GROUP BY 1 ORDER BY 1
"""
_sizes: dict[str, tuple[float, list[tuple[date, int]], int]] = {}


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes by day up to today, of the whole database, and what the disk has left (None: not ours to see)."""

    days: list[tuple[date, int]]
    database_bytes: int
    disk: Disk | None
    next_day: date | None
    next_at: datetime | None
    kept_with_alerts: counts.Count

    @property
    def bytes_a_day(self) -> float | None:
        """What a day takes, by the last seven whole days that hold anything; None before there is one."""
        whole = [size for _, size in self.days[:-1]][-_TYPICAL_DAYS:]
        return fmean(whole) if whole else None

    @property
    def room_days(self) -> float | None:
        """How many days of events the disk has room for; None when that is unknown."""
        a_day = self.bytes_a_day
        return self.disk.free / a_day if self.disk and a_day else None

    @property
    def used(self) -> str:
        """How much of the disk is taken, by whatever."""
        return size_of(self.disk.total - self.disk.free) if self.disk else ""

    @property
    def total(self) -> str:
        """How large the disk is."""
        return size_of(self.disk.total) if self.disk else ""

    @property
    def events_bytes(self) -> int:
        """All days together."""
        return sum(size for _, size in self.days)


def storage(now: datetime) -> Storage:
    """The state of the store. Costs two looks at the catalog once a minute, and a count with a ceiling."""
    sizes, whole = _looked()
    days = [(day, size) for day, size in sizes if day <= now.date()]
    oldest = days[0][0] if days else None
    return Storage(
        days, whole, disk(), oldest, _goes_at(oldest) if oldest else None, counts.capped(AlertEvent.objects.all())
    )


def look_again() -> None:
    """Forget the last look."""
    _sizes.clear()


def _goes_at(day: date) -> datetime:
    """The first moment when the day is past retention."""
    return datetime.combine(day + timedelta(days=settings.RETENTION_DAYS + 1), time(), UTC)


def _looked() -> tuple[Sequence[tuple[date, int]], int]:
    name = str(connection.settings_dict["NAME"])
    at, sizes, whole = _sizes.get(name, (float("-inf"), [], 0))
    if monotonic() - at > _REMEMBERED_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(_SIZES)
            sizes = cursor.fetchall()
            cursor.execute("SELECT pg_database_size(current_database())")
            whole = cursor.fetchone()[0]
        _sizes[name] = monotonic(), sizes, whole
    return sizes, whole


def size_of(number: float) -> str:
    """Bytes for people: "6.5 GB"."""
    for size, unit in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= size:
            value = number / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{number:.0f} bytes"
