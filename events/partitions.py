"""Days of the event tables: made ahead and when first needed, dropped whole when they are past retention.

A new day is built beside the parent and attached, which does not stop writers; an advisory lock keeps two processes
from making the same one. There is no default partition: a day that nobody made is an error, not a slow table.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import sql

from events.models import Batch

log = structlog.get_logger(__name__)

TABLES = ("event", "event_block")
DAYS_AHEAD = 3
DONE_BATCHES_KEPT = timedelta(days=2)
_LOCK = 0x77626461  # any number that nobody else takes
_known: set[date] = set()


def ensure_days(days: Iterable[date]) -> None:
    """Make sure that events of these days can be stored. Costs nothing for days this process has seen."""
    missing = sorted(set(days) - _known)
    if not missing:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for day in missing:
            for table in TABLES:
                _make(table, day)
    if not connection.in_atomic_block:  # inside somebody's transaction the days may yet be rolled back
        _known.update(missing)


def forget_days() -> None:
    """Look at the database again: somebody else may have dropped a day."""
    _known.clear()


def oldest_day(now: datetime) -> date:
    """The first day whose events are taken and kept."""
    return (now - timedelta(days=settings.RETENTION_DAYS)).date()


def keep(now: datetime) -> list[date]:
    """Make the coming days, drop the days past retention, and forget what is done; gives the dropped days.

    A day that a pending batch still needs stays until the batch is judged.
    """
    ensure_days(now.date() + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1))
    dropped = [day for day in stored_days() if day < oldest_day(now) and not _still_needed(day) and _drop(day)]
    _forget_old(now)
    return dropped


def stored_days() -> list[date]:
    """The days that there are, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'event'::regclass ORDER BY 1"
        )
        return [date.fromisoformat(row[0]) for row in cursor.fetchall()]


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _make(table: str, day: date) -> None:
    name = _name(table, day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone() == (True,):
            return
        parts = {
            "child": sql.Identifier(name),
            "parent": sql.Identifier(table),
            "first": sql.Literal(day.isoformat()),
            "next": sql.Literal((day + timedelta(days=1)).isoformat()),
        }
        for statement in (
            "CREATE TABLE {child} (LIKE {parent} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING INDEXES)",
            "ALTER TABLE {parent} ATTACH PARTITION {child} FOR VALUES FROM ({first}) TO ({next})",
        ):
            cursor.execute(sql.SQL(statement).format(**parts))


def _still_needed(day: date) -> bool:
    return Batch.objects.filter(state=Batch.State.PENDING, days__contains=[day]).exists()


def _drop(day: date) -> bool:
    """Take one day out. Waits two seconds at most for readers, else tries again at the next round."""
    _known.discard(day)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s), set_config('lock_timeout', '2s', true)", [_LOCK])
            for table in TABLES:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(_name(table, day))))
    except OperationalError:
        log.warning("a day past retention is in use; it goes at the next round", day=day.isoformat())
        return False
    log.info("dropped a day past retention", day=day.isoformat())
    return True


def _forget_old(now: datetime) -> None:
    """Judged batches are needed only to answer a repeated request; the rest goes with the events."""
    judged = [Batch.State.DONE, Batch.State.SPLIT]
    halves_wait = Batch.objects.filter(state=Batch.State.PENDING, parent__isnull=False).values("parent_id")
    past = now - timedelta(days=settings.RETENTION_DAYS)
    Batch.objects.filter(ingested_at__lt=past, state=Batch.State.QUARANTINED).delete()
    old = Batch.objects.filter(ingested_at__lt=now - DONE_BATCHES_KEPT, state__in=judged)
    old.exclude(pk__in=halves_wait).exclude(halves__state=Batch.State.QUARANTINED).delete()
