"""The one clock: the database's, so that several machines agree. Only doors read it; below them time is passed in."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The time at the database, aware UTC. Costs one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0].astimezone(UTC)
