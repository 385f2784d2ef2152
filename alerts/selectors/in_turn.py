"""The first rows of several lists, one list after the other: a later one is not even begun once there are enough.

Of a long queue the most urgent alerts are in the first of its eight segments, so that is asked alone: planning a
statement of eight takes longer than reading it. Only where it has too few, the others are asked in one statement. In it
each is limited by what those before it have left, and the database does not start on one with nothing left to fetch.
Of what is likely to be a short list all are asked at once; what is known to be one is looked at as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.sql import Query

from alerts.models import Alert

Part: TypeAlias = tuple[int, Q]
# What a part may ask for; the database reads none of them that is not asked for.
_COLUMNS = ("id", "fold", "status", "severity", "risk_score", "created_at")


def in_turn(
    alerts: QuerySet[Alert],
    parts: Sequence[Part],
    names: Sequence[str],
    by: Sequence[str],
    limit: int,
    *,
    at_once: bool = False,
) -> list[tuple[Any, ...]]:
    """Of those of the alerts that each part lets through the values of `names` behind the part's number, in the order
    of the parts, and within each as `by` says ("-id": downwards). One query, or two. It may ask for nothing but
    _COLUMNS.
    """
    if at_once:
        return _read(alerts, parts, names, by, limit)
    first = _read(alerts, parts[:1], names, by, limit)
    if len(first) >= limit or len(parts) == 1:
        return first
    return first + _read(alerts, parts[1:], names, by, limit - len(first))


def placed(
    alerts: QuerySet[Alert], parts: Sequence[Part], names: Sequence[str], by: Sequence[str], limit: int
) -> list[tuple[Any, ...]]:
    """The same by one look at all of the alerts, for short lists. One query."""
    asked = asked_for(alerts, parts, _COLUMNS)
    if asked is None:
        return []
    turn, values = asked.turn
    rows = f"SELECT {turn} AS turn, alerts_alert.* FROM ({asked.base}) AS alerts_alert"  # noqa: S608
    statement = (
        f"SELECT turn, {', '.join(names)} FROM ({rows}) AS placed WHERE turn IS NOT NULL "  # noqa: S608  (names of ours)
        f"ORDER BY turn, {', '.join(_direction(name) for name in by)} LIMIT {int(limit)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *asked.given])
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Alerts as SQL with its values, and the parts of them that can be met: number, condition, its values."""

    base: str
    given: Sequence[Any]
    parts: Sequence[tuple[int, str, Sequence[Any]]]

    @property
    def turn(self) -> tuple[str, list[Any]]:
        """The number of an alert's part as SQL, with its values."""
        turns = " ".join(f"WHEN {condition} THEN {int(number)}" for number, condition, _ in self.parts)
        return f"CASE {turns} END", [one for _, _, values in self.parts for one in values]


def asked_for(alerts: QuerySet[Alert], parts: Sequence[Part], columns: Sequence[str]) -> Asked | None:
    """The alerts with these columns, and their parts, as SQL; None where nothing can meet any."""
    try:
        base, given = alerts.order_by().values(*columns).query.sql_with_params()
    except EmptyResultSet:
        return None
    told = [(number, *where) for number, part in parts if (where := _where(alerts.query, part)) is not None]
    return Asked(base, given, told) if told else None


def _read(
    alerts: QuerySet[Alert], parts: Sequence[Part], names: Sequence[str], by: Sequence[str], limit: int
) -> list[tuple[Any, ...]]:
    """The same in one statement; none where nothing can meet any of the parts."""
    asked = asked_for(alerts, parts, _COLUMNS)
    if asked is None:
        return []
    columns, order = ", ".join(names), ", ".join(_direction(name) for name in by)
    tables, rows, values = list[str](), list[str](), list[Any]()
    for at, (number, condition, more) in enumerate(asked.parts):
        left = "".join(f" - (SELECT count(*) FROM part{earlier})" for earlier in range(at))  # noqa: S608
        tables.append(
            f"part{at} AS MATERIALIZED (SELECT {columns} FROM ({asked.base}) AS alerts_alert WHERE {condition} "  # noqa: S608
            f"ORDER BY {order} LIMIT {int(limit)}{left})"
        )
        rows.append(f"SELECT {at} AS turn, {int(number)} AS number, * FROM part{at}")  # noqa: S608  (names of ours)
        values += [*asked.given, *more]
    statement = f"WITH {', '.join(tables)} {' UNION ALL '.join(rows)} ORDER BY turn, {order}"
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[1:] for row in cursor.fetchall()]


def _direction(name: str) -> str:
    return f"{name[1:]} DESC" if name.startswith("-") else name


def _where(query: Query, part: Q) -> tuple[str, Sequence[Any]] | None:
    """The condition as SQL with its values; None where nothing can meet it."""
    try:
        sql, values = query.build_where(part).as_sql(query.get_compiler(connection=connection), connection)
    except FullResultSet:
        return "true", ()
    except EmptyResultSet:
        return None
    return (sql, values) if sql else ("true", ())
