"""The folds of a whole list, by one look at each of its alerts: which stands first, how many there are, how many of
them are fresh; and how many the list has in all. For lists that end soon, or in which so much folds that walking along
them would not end sooner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from alerts.models import Alert
from alerts.selectors.in_turn import Part, asked_for
from alerts.selectors.shapes import Numbers

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("id", "fold", "status", "severity", "risk_score", "created_at", "assignee_id", "rule_id")
# How a column is written as a whole number, which stands in the place of an alert, and read from it again.
_WRITTEN = {"created_at": "(extract(epoch FROM created_at) * 1000000)::bigint"}
_READ: dict[str, Callable[[int], Any]] = {"created_at": lambda number: _EPOCH + timedelta(microseconds=number)}
# What is closed, or of no fold, is a row of its own; alerts of a fold are of one rule. The place in the order is
# compared number by number.
_STATEMENT = """
SELECT place, fold, size, newest, fresh, (sum(size) OVER ())::bigint, min(oldest) OVER (),
  first_value(rule_id) OVER loudest, (first_value(of_rule) OVER loudest)::bigint
FROM (
  SELECT min(place) AS place, fold, count(*) AS size, max(id) AS newest,
    count(*) FILTER (WHERE status = 'open' AND assignee_id IS NULL) AS fresh, min(created_at) AS oldest,
    min(rule_id) AS rule_id, sum(count(*)) OVER (PARTITION BY min(rule_id)) AS of_rule
  FROM (
    SELECT id, rule_id, created_at, status, assignee_id, ARRAY[{turn}, {place}]::bigint[] AS place,
      CASE WHEN status <> 'closed' THEN fold END AS fold,
      CASE WHEN fold IS NULL OR status = 'closed' THEN int8send(id) ELSE fold END AS alike
    FROM ({base} LIMIT {most}) AS alerts_alert
  ) AS placed GROUP BY alike, fold
) AS folds WINDOW loudest AS (ORDER BY of_rule DESC, rule_id) ORDER BY place LIMIT {limit}
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


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a list has told: the first of each fold, None where the list is longer than was looked at; and
    its numbers, of a longer list out of those that were looked at.
    """

    firsts: list[First] | None
    numbers: Numbers


def first_of_each(alerts: QuerySet[Alert], parts: Sequence[Part], by: Sequence[str], limit: int, most: int) -> Look:
    """The first of each fold, and what is of none, in the order of the parts and within each as `by` says ("-id":
    downwards), where there are no more than `most` alerts. One query, some microseconds for each alert.
    """
    asked = asked_for(alerts, parts, _COLUMNS)
    if asked is None:
        return Look([], Numbers())
    turn, values = asked.turn
    place = ", ".join(_written(name) for name in by)
    statement = _STATEMENT.format(turn=turn, place=place, base=asked.base, most=int(most) + 1, limit=int(limit))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *asked.given])
        rows = cursor.fetchall()
    if not rows:
        return Look([], Numbers())
    *_, total, oldest, rule_id, loudest = rows[0]
    longer = total > most
    firsts = None if longer else [_first(row, by) for row in rows]
    return Look(firsts, Numbers(total, (rule_id, loudest), None if longer else oldest))


def _written(name: str) -> str:
    column = name.removeprefix("-")
    number = _WRITTEN.get(column, column)
    return f"-{number}" if name.startswith("-") else number


def _first(row: tuple[Any, ...], by: Sequence[str]) -> First:
    (part, *place), fold, size, newest, fresh, *_ = row
    values = [
        _READ.get(name.removeprefix("-"), int)(-number if name.startswith("-") else number)
        for name, number in zip(by, place, strict=True)
    ]
    return First(part, values, bytes(fold) if fold is not None else None, size, newest, fresh)
