"""The queue's filters as a query. KQL is not here: it is judged over documents (alerts/selectors/searching.py)."""

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Status
from alerts.selectors.ordering import past
from alerts.selectors.shapes import QueueFilters
from alerts.targets import targets


def filtered(user: User, filters: QueueFilters, now: datetime) -> QuerySet[Alert]:
    """The alerts that the person sees and the filters let through, in no order. One query for the teams, and one for
    the targets where they are asked about.
    """
    late = past(targets(), now) if filters.past_target else Q()
    wanted = _everything(filters, user) & late & _snoozed(filters.snoozed, now)
    return Alert.objects.filter(wanted, team_id__in=teams_of(user))


def _snoozed(wanted: str, now: datetime) -> Q:
    """With or without what nobody is to see before a time that has not come yet."""
    if wanted == "only":
        return ~Q(status=Status.CLOSED) & Q(snoozed_until__gt=now)
    return Q(snoozed_until=None) | Q(snoozed_until__lte=now) if wanted == "out" else Q()


def _everything(filters: QueueFilters, user: User) -> Q:
    wanted = _time(filters) & _assignee(filters.assignee, user)
    if filters.statuses and Status.CLOSED not in filters.statuses:
        wanted &= ~Q(status=Status.CLOSED)  # said as the indexes of what waits say it
    for name, value in (
        ("status__in", list(filters.statuses)),
        ("severity__in", list(filters.severities)),
        ("rule_id", filters.rule_id),
        ("host_name", filters.host),
        ("user_name", filters.user_name),
        ("team_id", filters.team_id),
        ("tags__contains", [filters.tag] if filters.tag else []),
    ):
        if value:
            wanted &= Q(**{name: value})
    if filters.fold:
        wanted &= Q(fold=filters.fold) & ~Q(status=Status.CLOSED)
    if filters.technique:
        wanted &= _technique(filters.technique)
    if filters.up_to_id is not None:
        wanted &= Q(pk__lte=filters.up_to_id)
    return wanted if filters.building_blocks else wanted & Q(building_block=False)


def _time(filters: QueueFilters) -> Q:
    bounds: dict[str, datetime | None] = {
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
        "closed_at__gte": filters.closed_since,
    }
    return Q(**{name: at for name, at in bounds.items() if at is not None})


def _technique(technique: str) -> Q:
    """A technique; asking for T1059 finds its sub-techniques too, since rules name both."""
    return Q(techniques__contains=[technique])


def _assignee(assignee: str, user: User) -> Q:
    if assignee == "me":
        return Q(assignee=user)
    if assignee == "nobody":
        return Q(assignee=None)
    if assignee:
        return Q(assignee_id=int(assignee)) if assignee.isdecimal() and len(assignee) < 18 else Q(pk__in=[])
    return Q()
