"""The list of cases, by when they want attention: overdue, today, later, no date, on hold, closed lately.

Pages are cut by key. The key holds the instant of the first page, so that the groups of all pages are as of one moment
and no case appears twice or never because a due date passed in between.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.selectors import teams_of
from cases.machine import IN_HAND
from cases.models import Case, CaseAlert, Status, Task
from cases.selectors.shapes import CaseFilters, CaseGroup, CasePage, CaseRow
from soc.web.counts import CAP, Count, capped, of
from soc.web.numbers import whole
from soc.web.paging import read_key, sign_key

SALT = "cases"
LATELY = timedelta(days=7)
LONGEST_LINE = 160
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"(?:case-)?0*([1-9][0-9]{0,17})", re.IGNORECASE)
_WORKED_ON = Q(status__in=(Status.OPEN, Status.IN_PROGRESS))


@dataclass(frozen=True, slots=True)
class Frame:
    """The moment that the list is as of: now, when the person's day ends, and since when "lately" is."""

    now: datetime
    tomorrow: datetime
    lately: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the list: which cases, and the value they are sorted by (downwards, if so) before their number."""

    title: str
    holds: Callable[[Frame], Q]
    by: Combinable
    down: bool = False

    def sorted(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """The cases in the group's order."""
        sign = "-" if self.down else ""
        return cases.order_by(f"{sign}sort", f"{sign}pk")

    def beyond(self, value: object, pk: int) -> Q:
        """The cases after the one with this value and number."""
        step = "lt" if self.down else "gt"
        return Q(**{f"sort__{step}": value}) | Q(**{"sort": value, f"pk__{step}": pk})


GROUPS: Mapping[str, Group] = {
    "overdue": Group("Overdue", lambda at: _WORKED_ON & Q(due_at__lte=at.now), F("due_at")),
    "today": Group("Today", lambda at: _WORKED_ON & Q(due_at__gt=at.now, due_at__lt=at.tomorrow), F("due_at")),
    "later": Group("Later", lambda at: _WORKED_ON & Q(due_at__gt=at.now, due_at__gte=at.tomorrow), F("due_at")),
    "undated": Group("No date", lambda _at: _WORKED_ON & Q(due_at=None), F("severity"), down=True),
    "on_hold": Group(
        "On hold", lambda _at: Q(status=Status.ON_HOLD), Coalesce(F("wake_at"), F("due_at"), Value(_NEVER))
    ),
    "closed": Group("Closed", lambda at: _closed(at), F("closed_at"), down=True),
}


def listing(*, user: User, filters: CaseFilters, after: str | None = None, limit: int = 50, now: datetime) -> CasePage:
    """A page of the list after the token `after`. At most a dozen bounded queries, whatever the page.

    "Today" ends with the day in the person's own time zone.
    """
    start = read_key(after, SALT)
    place = _place(start.values)
    frame = _frame(user, filters, place.now if place else now)
    team_ids = teams_of(user)
    cases = _filtered(filters, user, team_ids, frame)
    totals = _totals(cases, frame)
    found = _fill(cases, frame, totals, place, limit + 1)
    shown, more = found[:limit], len(found) > limit
    return CasePage(
        groups=_groups(shown, totals, filters),
        next_key=_key(frame, *shown[-1]) if more and shown else None,
        total=_sum(totals.values()),
        counts=_tabs(user, team_ids, frame.now),
        notice=start.notice,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """The row that a page goes on after."""

    now: datetime
    group: str
    value: object
    pk: int


def _place(values: tuple[Any, ...] | None) -> _Place | None:
    if values is None or len(values) != 4 or values[1] not in GROUPS:
        return None
    now, group, value, pk = values
    return _Place(datetime.fromisoformat(now), group, value, pk)


def _key(frame: Frame, group: str, case: Case) -> str:
    value = case.sort  # type: ignore[attr-defined]
    told = value.isoformat() if isinstance(value, datetime) else value
    return sign_key((frame.now.isoformat(), group, told, case.pk), SALT)


def _frame(user: User, filters: CaseFilters, now: datetime) -> Frame:
    try:
        zone = ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    day = now.astimezone(zone).date() + timedelta(days=1)
    tomorrow = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    lately = filters.closed_since or (None if Status.CLOSED in filters.statuses else now - LATELY)
    return Frame(now, tomorrow, lately)


def _closed(at: Frame) -> Q:
    closed = Q(status=Status.CLOSED)
    return closed & Q(closed_at__gte=at.lately) if at.lately else closed


def _filtered(filters: CaseFilters, user: User, team_ids: Sequence[int], frame: Frame) -> QuerySet[Case]:
    """The cases that the person sees and the filters let through, before they are told apart by date."""
    wanted = Q(team_id__in=[team for team in team_ids if filters.team_id in (None, team)])
    for name, value in (
        ("status__in", list(filters.statuses)),
        ("severity__in", list(filters.severities)),
        ("phase", filters.phase),
        ("tags__contains", [filters.tag] if filters.tag else []),
    ):
        if value:
            wanted &= Q(**{name: value})
    if filters.overdue:
        wanted &= GROUPS["overdue"].holds(frame)
    return Case.objects.filter(wanted & _owner(filters.owner, user) & _text(filters.text))


def _owner(owner: str, user: User) -> Q:
    if owner == "me":
        return Q(owner=user)
    if owner == "nobody":
        return Q(owner=None)
    if owner:
        number = whole(owner, 17)
        return Q(pk__in=[]) if number is None else Q(owner_id=number)
    return Q()


def _text(text: str) -> Q:
    text = text.replace("\x00", "").strip()[:200]
    if not text:
        return Q()
    number = _NUMBER.fullmatch(text)
    return Q(title__icontains=text) | (Q(pk=int(number[1])) if number else Q(pk__in=[]))


def _totals(cases: QuerySet[Case], frame: Frame) -> dict[str, Count]:
    """How many there are in each group. Two queries: one over what is in hand, one over what was closed."""
    in_hand = [name for name in GROUPS if name != "closed"]
    bounded = cases.filter(status__in=IN_HAND).order_by()[: CAP + 1]
    conditions = {name: CountOf("pk", filter=GROUPS[name].holds(frame)) for name in in_hand}
    numbers = Case.objects.filter(pk__in=bounded.values("pk")).aggregate(**conditions)
    closed = capped(cases.filter(GROUPS["closed"].holds(frame)))
    return {name: of(numbers[name]) for name in in_hand} | {"closed": closed}


def _fill(
    cases: QuerySet[Case], frame: Frame, totals: Mapping[str, Count], place: _Place | None, limit: int
) -> list[tuple[str, Case]]:
    """Rows from the groups in their order, from the place on, until there are enough. A query for each group met."""
    found: list[tuple[str, Case]] = []
    names = list(GROUPS)
    for name in names[names.index(place.group) if place else 0 :]:
        if totals[name] and len(found) < limit:
            group = GROUPS[name]
            rows = cases.filter(group.holds(frame)).annotate(sort=group.by).select_related("owner", "team")
            if place and place.group == name:
                rows = rows.filter(group.beyond(place.value, place.pk))
            found += [(name, case) for case in group.sorted(rows.defer("closing_note"))[: limit - len(found)]]
    return found


def _groups(shown: Sequence[tuple[str, Case]], totals: Mapping[str, Count], filters: CaseFilters) -> list[CaseGroup]:
    rows = rows_of([case for _, case in shown])
    groups = []
    for name, group in GROUPS.items():
        own = [rows[case.pk] for of_group, case in shown if of_group == name]
        if own:
            groups.append(CaseGroup(name, _title(name, group, filters), totals[name], own))
    return groups


def _title(name: str, group: Group, filters: CaseFilters) -> str:
    lately = name == "closed" and Status.CLOSED not in filters.statuses and filters.closed_since is None
    return "Closed in the last 7 days" if lately else group.title


def rows_of(cases: Sequence[Case]) -> dict[int, CaseRow]:
    """Each case as a row, with its numbers of tasks and alerts. Two queries."""
    numbers = [case.pk for case in cases]
    tasks = {pk: (done, total) for pk, done, total in _task_counts(numbers)}
    alerts = dict(
        CaseAlert.objects.filter(case_id__in=numbers).order_by().values_list("case_id").annotate(CountOf("pk"))
    )
    return {
        case.pk: CaseRow(case, one_line(case), *tasks.get(case.pk, (0, 0)), alerts=alerts.get(case.pk, 0))
        for case in cases
    }


def _task_counts(case_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    tasks = Task.objects.filter(case_id__in=case_ids).exclude(state=Task.State.DROPPED).order_by()
    done = CountOf("pk", filter=Q(state=Task.State.DONE))
    return list(tasks.values_list("case_id").annotate(done=done, total=CountOf("pk")))


def one_line(case: Case) -> str:
    """What the case waits for, or the beginning of its summary, without Markdown's heads."""
    if case.status == Status.ON_HOLD:
        return f"waits: {case.hold_reason}"
    first = next((text for text in case.summary[:2_000].splitlines() if text.strip(" #>*-\t")), "").strip(" #>*-\t")
    return first if len(first) <= LONGEST_LINE else f"{first[: LONGEST_LINE - 1].rstrip()}…"


def _tabs(user: User, team_ids: Sequence[int], now: datetime) -> dict[str, Count]:
    """How many stand in each tab. Two queries."""
    seen = Case.objects.filter(team_id__in=team_ids)
    bounded = seen.filter(status__in=IN_HAND).order_by()[: CAP + 1]
    numbers = Case.objects.filter(pk__in=bounded.values("pk")).aggregate(
        current=CountOf("pk"),
        mine=CountOf("pk", filter=Q(owner=user)),
        on_hold=CountOf("pk", filter=Q(status=Status.ON_HOLD)),
        overdue=CountOf("pk", filter=_WORKED_ON & Q(due_at__lte=now)),
    )
    return {name: of(number) for name, number in numbers.items()} | {"closed": capped(seen.filter(status="closed"))}


def _sum(counts: Any) -> Count:
    counts = list(counts)
    return Count(min(sum(count.number for count in counts), CAP), any(count.capped for count in counts))
