"""The sentence that opens the list of cases: the first thing worth knowing, and the case it is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.timezone import localtime

from accounts.models import User
from accounts.selectors import teams_of
from cases.machine import IN_HAND
from cases.models import Case, Status
from soc.web.counts import CAP

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence in three parts, the middle one in red where it is wrong now; and the case to look at first."""

    before: str
    wrong: str
    after: str
    first: Case | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many cases in hand there are of each kind."""

    in_hand: int
    overdue: int
    today: int
    waking: int
    unowned: int


def headline(*, user: User, now: datetime) -> Headline:
    """The first statement that holds: overdue, due today, on hold past its date, unowned, nothing. Two queries."""
    in_hand = Case.objects.filter(team_id__in=teams_of(user), status__in=IN_HAND)
    conditions = _conditions(now)
    bounded = Case.objects.filter(pk__in=in_hand.order_by()[: CAP + 1].values("pk"))
    told = bounded.aggregate(in_hand=Count("pk"), **{name: Count("pk", filter=q) for name, q in conditions.items()})
    return _said(Numbers(**told), in_hand, conditions)


def _conditions(now: datetime) -> dict[str, Q]:
    worked_on = Q(status__in=(Status.OPEN, Status.IN_PROGRESS))
    tomorrow = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {
        "overdue": worked_on & Q(due_at__lte=now),
        "today": worked_on & Q(due_at__gt=now, due_at__lt=tomorrow),
        "waking": Q(status=Status.ON_HOLD, wake_at__lte=now),
        "unowned": Q(owner=None),
    }


def _said(numbers: Numbers, cases: QuerySet[Case], conditions: dict[str, Q]) -> Headline:
    if not numbers.in_hand:
        return Headline("No case is in hand.", "", "")
    opening = f"{_number(numbers.in_hand).capitalize()} {_plural(numbers.in_hand, 'case is', 'cases are')} in hand"
    if numbers.overdue:
        late = f"{_number(numbers.overdue)} {_plural(numbers.overdue, 'is past its date', 'are past their date')}"
        return Headline(f"{opening}, and ", late, ".", _first(cases, conditions["overdue"], "due_at"))
    statements = (
        ("today", numbers.today, _plural(numbers.today, "is due today", "are due today"), "due_at"),
        ("waking", numbers.waking, "on hold should be looked at again", "wake_at"),
        ("unowned", numbers.unowned, _plural(numbers.unowned, "has no owner", "have no owner"), "-severity"),
    )
    for name, number, words, order in statements:
        if number:
            said = f"{opening}, and {_number(number)} {words}."
            return Headline(said, "", "", _first(cases, conditions[name], order))
    return Headline(f"{opening}. Nothing is due.", "", "")


def _first(cases: QuerySet[Case], condition: Q, order: str) -> Case | None:
    return cases.filter(condition).order_by(order, "pk").first()


def _number(number: int) -> str:
    if number > CAP:
        return f"more than {CAP:,}"
    return _WORDS[number] if number < len(_WORDS) else f"{number:,}"


def _plural(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
