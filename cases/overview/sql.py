"""Reading rows by SQL: the figures are aggregates over narrow indexes, which the query builder cannot phrase."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


def rows(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Everything that the statement yields. One query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


@contextmanager
def one_moment() -> Iterator[None]:
    """Have all queries within see the same data, so that figures on one page agree with each other.

    Inside somebody's transaction (a test's) there is nothing to set any more, and nobody else to disagree with.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL work_mem = '32MB'")  # a quarter's alerts are grouped and sorted in memory
        yield
