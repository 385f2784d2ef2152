"""The queue in groups: how many of its alerts there are by rule, by host or by user, the gravest group first.

They are the alerts of the queue with the same filters, so what is said of a group is what the queue lists where it is
narrowed to that group. What columns tell is grouped by the database; where documents have to be read, as far as the
queue itself searches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, QuerySet, Value, When

from accounts.models import User
from alerts.models import Alert, Status
from alerts.selectors.ordering import is_past, order_of, past
from alerts.selectors.queue_page import Looked, asked_of, matching
from alerts.selectors.shapes import QueueFilters
from alerts.targets import targets
from events.searching import fetch

By = Literal["rule", "host", "user"]
MOST = 50_000
"""So many alerts are grouped, some 2 µs each; of a longer list the newest, and each number is then the least that it
is."""
PAGE = 100
SECONDS = 3.0
_COLUMNS = ("rule_id", "host_name", "user_name", "severity", "assignee_id", "created_at")
_NAMES: Mapping[By, str] = {"rule": "rule_id", "host": "nullif(host_name, '')", "user": "nullif(user_name, '')"}
# Grouped twice: what differs within a group is then counted over few rows, and not over every alert.
_STATEMENT = """
SELECT name, sum(number)::bigint, sum(unowned)::bigint, sum(late)::bigint, max(severity), count(DISTINCT rule_id)::int,
  count(DISTINCT host)::int, min(oldest), max(newest), count(*) OVER (), (sum(sum(number)) OVER ())::bigint
FROM (
  SELECT {name} AS name, rule_id, {host} AS host, count(*) AS number, max(severity) AS severity,
    count(*) FILTER (WHERE assignee_id IS NULL) AS unowned, count(*) FILTER (WHERE late) AS late,
    min(created_at) AS oldest, max(created_at) AS newest
  FROM ({base}) AS looked_at GROUP BY 1, 2, 3
) AS parts GROUP BY name ORDER BY max(severity) DESC, sum(number) DESC, name LIMIT {limit} OFFSET {offset}
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one rule, host or user; `name` is the rule's id, and None for what has no host or user."""

    name: str | None
    alerts: int
    unowned: int
    late: int  # past the target of their severity
    severity: int
    rules: int
    hosts: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Groups:
    """A page of groups, how many groups there are in all, and of how many alerts.

    `capped`: only some of the alerts were grouped, so each number is the least that it is. Of KQL that documents were
    read for, `stopped` says that this ended at its budget of alerts, or of seconds (`late`), after `examined` of them.
    `too_long`: the database did not come to an end in time, and nothing is known.
    """

    rows: list[Group]
    page: int = 1
    number: int = 0
    alerts: int = 0
    capped: bool = False
    stopped: bool = False
    late: bool = False
    examined: int = 0
    too_long: bool = False
    bad_key: bool = False  # there is no such page, so this is the first

    @property
    def further(self) -> int:
        """How many groups come after this page."""
        return max(self.number - (self.page - 1) * PAGE - len(self.rows), 0)


def groups(*, user: User, filters: QueueFilters, by: By, now: datetime, page: int = 1) -> Groups:
    """A page of the groups of what the queue lists under these filters: the gravest first, and of these the largest.

    Each page costs one query that looks at every alert once, up to MOST of them and SECONDS, and a second one where
    more of them wait. Of 40,000 that wait among a million 0.05 s by rule or host, which an index tells, and 0.2 s by
    user, for which each has to be read; of all that were ever raised 0.1 s, and up to 0.5 s where a filter makes the
    newest 50,000 of them hard to find. Four to six small queries for teams, targets and the time it may take. With
    KQL that columns do not tell as many chunks of two hundred as the search may look at.

    Raises: LanguageError for KQL that cannot be read.
    """
    base, tree = asked_of(user, filters, now)
    times = targets()
    if tree is not None:
        looked, order = Looked(), order_of(filters, times, now)
        return _cut(_tallied(matching(base, tree, order, looked), by, times, now), looked, page)
    late = Case(When(past(times, now), then=Value(value=True)), default=Value(value=False))
    found = _told(base.annotate(late=late), by, page, waiting=_is_of_waiting(filters))
    if page == 1 or found.rows or found.too_long:
        return found
    return replace(groups(user=user, filters=filters, by=by, now=now), bad_key=True)


def _is_of_waiting(filters: QueueFilters) -> bool:
    return bool(filters.statuses) and Status.CLOSED not in filters.statuses


def _told(alerts: QuerySet[Alert], by: By, page: int, *, waiting: bool) -> Groups:
    """A page of groups by columns. What waits is seldom more than is grouped, and an index has it, but not by time."""
    if waiting:
        some = alerts.order_by()
        found = _grouped(some, by, page)
        beyond = page > 1 and not found.rows and not found.too_long  # which tells nothing of how many alerts there are
        if not (found.capped or (beyond and _grouped(some, by, 1).capped)):
            return found
    return _grouped(alerts.order_by("-created_at", "-pk"), by, page)


def _grouped(alerts: QuerySet[Alert], by: By, page: int) -> Groups:
    """A page of the groups of the first MOST alerts. One query."""
    try:
        sql, given = alerts.values(*_COLUMNS, "late")[: MOST + 1].query.sql_with_params()
    except EmptyResultSet:
        return Groups([])
    asked = _STATEMENT.format(name=_NAMES[by], host=_NAMES["host"], base=sql, limit=PAGE, offset=(page - 1) * PAGE)
    rows = fetch(asked, given, SECONDS)
    if rows is None:
        return Groups([], too_long=True)
    number, alerts_in_all = rows[0][-2:] if rows else (0, 0)
    return Groups([Group(*row[:-2]) for row in rows], page, number, alerts_in_all, capped=alerts_in_all > MOST)


@dataclass(slots=True)
class _Tally:
    """What a search has met of one group."""

    alerts: int = 0
    unowned: int = 0
    late: int = 0
    severity: int = 0
    rules: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    times: list[datetime] = field(default_factory=list)

    def add(self, alert: Alert, *, late: bool) -> None:
        """Another one."""
        self.alerts += 1
        self.unowned += alert.assignee_id is None
        self.late += late
        self.severity = max(self.severity, alert.severity)
        self.rules.add(alert.rule_id)
        self.hosts |= {alert.host_name} if alert.host_name else set()
        self.times.append(alert.created_at)

    def group(self, name: str | None) -> Group:
        """The group that it is."""
        ends = min(self.times), max(self.times)
        return Group(name, self.alerts, self.unowned, self.late, self.severity, len(self.rules), len(self.hosts), *ends)


def _tallied(alerts: Iterable[Alert], by: By, times: Mapping[int, timedelta], now: datetime) -> list[Group]:
    """The groups of alerts that a search has found, in their order."""
    met = defaultdict[str | None, _Tally](_Tally)
    for alert in alerts:
        met[_name_of(alert, by)].add(alert, late=is_past(alert, times, now))
    found = [tally.group(name) for name, tally in met.items()]
    return sorted(found, key=lambda one: (-one.severity, -one.alerts, one.name is None, one.name or ""))


def _name_of(alert: Alert, by: By) -> str | None:
    return {"rule": alert.rule_id, "host": alert.host_name, "user": alert.user_name}[by] or None


def _cut(found: list[Group], looked: Looked, page: int) -> Groups:
    """A page of what a search has found; the first, where there is no such one."""
    rows = found[(page - 1) * PAGE : page * PAGE]
    if not rows and page > 1:
        return replace(_cut(found, looked, 1), bad_key=True)
    return Groups(
        rows, page, len(found), sum(one.alerts for one in found),
        capped=looked.stopped, stopped=looked.stopped, late=looked.late, examined=looked.number,
    )  # fmt: skip
