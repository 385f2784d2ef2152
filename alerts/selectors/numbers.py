"""Numbers of alerts by something, out of at most so many of them: what is asked of a list that may be endless."""

from collections import Counter
from datetime import datetime

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


def _numbers_by(alerts: QuerySet[Alert], column: str) -> Counter[str]:
    try:
        sql, parameters = alerts.order_by().values(column)[: CAP + 1].query.sql_with_params()
    except EmptyResultSet:
        return Counter()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}, count(*) FROM ({sql}) AS seen GROUP BY 1", parameters)  # noqa: S608
        return Counter({str(value): int(number) for value, number in cursor.fetchall()})
