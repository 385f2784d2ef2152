"""The folds of a whole list, by one look at each of its alerts: which stands first, how many there are, how many of
them are fresh. For lists that end soon, or in which so much folds that walking along them would not end sooner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from alerts.models import Alert
from alerts.selectors.in_turn import Part, asked_for

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("id", "fold", "status", "severity", "risk_score", "created_at", "assignee_id")
# How a column is written as a whole number, which stands in the place of an alert, and read from it again.
_WRITTEN = {"created_at": "(extract(epoch FROM created_at) * 1000000)::bigint"}
_READ: dict[str, Callable[[int], Any]] = {"created_at": lambda number: _EPOCH + timedelta(microseconds=number)}
# What is closed, or of no fold, is a row of its own. The place in the order is compared number by number.
_STATEMENT = """
SELECT min(place), fold, count(*), max(id), count(*) FILTER (WHERE status = 'open' AND assignee_id IS NULL),
  sum(count(*)) OVER ()
FROM (
  SELECT id, status, assignee_id, ARRAY[{turn}, {place}]::bigint[] AS place,
    CASE WHEN status <> 'closed' THEN fold END AS fold,
    CASE WHEN fold IS NULL OR status = 'closed' THEN int8send(id) ELSE fold END AS alike
  FROM ({base} LIMIT {most}) AS alerts_alert
) AS placed GROUP BY alike, fold ORDER BY 1 LIMIT {limit}
"""


@dataclass(frozen=True, slots=True)
class First:
    """The alert of a fold that stands first, or one that is of none: in which part, and the values it is ordered by,
    the number of the alert last; and of its fold how many there are, the newest of them, and how many are fresh.
    """

    part: int
    values: list[Any]
    fold: bytes | None
    size: int
    newest: int
    fresh: int


def first_of_each(
    alerts: QuerySet[Alert], parts: Sequence[Part], by: Sequence[str], limit: int, most: int
) -> list[First] | None:
    """The first of each fold, and what is of none, in the order of the parts and within each as `by` says ("-id":
    downwards). None where there are more than `most` alerts. One query, some microseconds for each alert.
    """
    asked = asked_for(alerts, parts, _COLUMNS)
    if asked is None:
        return []
    turn, values = asked.turn
    place = ", ".join(_written(name) for name in by)
    statement = _STATEMENT.format(turn=turn, place=place, base=asked.base, most=int(most) + 1, limit=int(limit))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *asked.given])
        rows = cursor.fetchall()
    return None if rows and rows[0][-1] > most else [_first(row, by) for row in rows]


def _written(name: str) -> str:
    column = name.removeprefix("-")
    number = _WRITTEN.get(column, column)
    return f"-{number}" if name.startswith("-") else number


def _first(row: tuple[Any, ...], by: Sequence[str]) -> First:
    (part, *place), fold, size, newest, fresh, _ = row
    values = [
        _READ.get(name.removeprefix("-"), int)(-number if name.startswith("-") else number)
        for name, number in zip(by, place, strict=True)
    ]
    return First(part, values, bytes(fold) if fold is not None else None, size, newest, fresh)
