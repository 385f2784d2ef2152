"""Numbers of alerts by something, out of at most so many of them: what is asked of a list that may be endless.

What is more than a ceiling says no more than that, and counting up to it costs most. So a list that was longer is not
counted again for some seconds: it may say "10,000+" that much longer than it is.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.shapes import Numbers, QueueFilters
from alerts.selectors.views import filters_of_views
from soc.web.counts import CAP
from soc.web.remembered import Remembered

T = TypeVar("T")
LONGER_FOR = 10.0
_longer = Remembered[int](LONGER_FOR, 512)
_longer_numbers = Remembered[Numbers](LONGER_FOR, 512)


def named(user: User, filters: QueueFilters) -> Hashable:
    """A list of alerts under a name: what the person sees of what the filters let through."""
    return tuple(teams_of(user)), user.pk if filters.assignee == "me" else None, filters


def known_longer(name: Hashable) -> Numbers | None:
    """What was told of the list a moment ago, if it was longer than is counted."""
    return _longer_numbers.get(name)


def keep_longer(name: Hashable, numbers: Numbers) -> Numbers:
    """The same numbers, kept for a moment if the list is longer than is counted."""
    return _longer_numbers.put(name, numbers) if numbers.total > CAP else numbers


def count_by_rule(alerts: QuerySet[Alert]) -> Numbers:
    """How many alerts the list has and which rule has made most, out of the first 10,001 that come. One query."""
    rows = _by(alerts, "rule_id", "created_at")
    total, loudest = sum(number for _, number, _ in rows), max(rows, key=lambda row: row[1], default=None)
    oldest = min((oldest for _, _, oldest in rows), default=None) if total <= CAP else None
    return Numbers(total, loudest and (str(loudest[0]), loudest[1]), oldest)


def closed_today(user: User, now: datetime) -> Counter[str]:
    """How the alerts that were closed today were judged, by reason. One query."""
    rows = _by(filtered(user, filters_of_views(user, now)["closed"], now), "reason", "closed_at")
    return Counter({reason: number for reason, number, _ in rows})


def sizes(lists: Mapping[T, tuple[Hashable, Callable[[], QuerySet[Alert]]]], cap: int) -> dict[T, int]:
    """How many alerts each of these lists has, up to one more than the ceiling; a list is its name and its alerts. One
    query; none where all are known to be longer.
    """
    known = {at: _longer.get((name, cap)) for at, (name, _) in lists.items()}
    asked = {at: _size(lists[at][1](), cap) for at, number in known.items() if number is None}
    found = dict(zip(asked, _read(list(asked.values())), strict=True))
    for at, number in found.items():
        if number > cap:
            _longer.put((lists[at][0], cap), number)
    return {at: found[at] if number is None else number for at, number in known.items()}


def _read(parts: Sequence[tuple[str, Sequence[Any]]]) -> list[int]:
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


def _by(alerts: QuerySet[Alert], column: str, least: str) -> list[tuple[Any, int, Any]]:
    """Of each value of the column how many there are and the least of another column, out of the first 10,001."""
    try:
        sql, parameters = alerts.order_by().values(column, least)[: CAP + 1].query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}, count(*), min({least}) FROM ({sql}) AS seen GROUP BY 1", parameters)  # noqa: S608
        return list(cursor.fetchall())
