"""Numbers of alerts by something, out of at most so many of them: what is asked of a list that may be endless."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.views import filters_of_views
from soc.web.counts import CAP


def numbers_by_rule(alerts: QuerySet[Alert]) -> Counter[str]:
    """How many of these alerts each rule has made, out of the first 10,001 that come. One query."""
    return _numbers_by(alerts, "rule_id")


def closed_today(user: User, now: datetime) -> Counter[str]:
    """How the alerts that were closed today were judged, by reason. One query."""
    return _numbers_by(filtered(user, filters_of_views(user, now)["closed"], now), "reason")


def sizes(lists: Sequence[tuple[QuerySet[Alert], int]]) -> list[int]:
    """How many alerts each of these lists has, up to one more than its ceiling. One query; none without lists."""
    parts = [_size(alerts, cap) for alerts, cap in lists]
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(sql for sql, _ in parts)}", [one for _, given in parts for one in given])
        return [int(number) for number in cursor.fetchone() or ()]


def _size(alerts: QuerySet[Alert], cap: int) -> tuple[str, Sequence[Any]]:
    """The number as SQL with its parameters. Nothing but rows are counted, so that an index alone answers."""
    try:
        sql, parameters = alerts.order_by().values("pk")[: cap + 1].query.sql_with_params()
    except EmptyResultSet:
        return "0", ()
    return f"(SELECT count(*) FROM ({sql}) AS seen)", parameters  # noqa: S608  (Django's own SQL)


def _numbers_by(alerts: QuerySet[Alert], column: str) -> Counter[str]:
    try:
        sql, parameters = alerts.order_by().values(column)[: CAP + 1].query.sql_with_params()
    except EmptyResultSet:
        return Counter()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}, count(*) FROM ({sql}) AS seen GROUP BY 1", parameters)  # noqa: S608
        return Counter({str(value): int(number) for value, number in cursor.fetchall()})
