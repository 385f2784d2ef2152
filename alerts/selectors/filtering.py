"""The queue's filters as a query. KQL is not here: it is judged over documents (alerts/selectors/searching.py)."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Status
from alerts.selectors.ordering import WAITING, past
from alerts.selectors.shapes import QueueFilters
from alerts.targets import targets
from soc.web.numbers import whole


def filtered(user: User, filters: QueueFilters, now: datetime) -> QuerySet[Alert]:
    """The alerts that the person sees and the filters let through, in no order. One query for the teams, and one for
    the targets where they are asked about.
    """
    late = [past(targets(), now)] if filters.past_target else []
    people = [*_snoozed(filters.snoozed, now), *_assignee(filters.assignee, user)]
    wanted = [*late, *people, *_lacking(filters.lacks), *_told(filters)]
    return Alert.objects.filter(*wanted, team_id__in=teams_of(user))


def _snoozed(wanted: str, now: datetime) -> list[Q]:
    """With or without what nobody is to see before a time that has not come yet."""
    if wanted == "only":
        return [WAITING, Q(snoozed_until__gt=now)]
    return [Q(snoozed_until=None) | Q(snoozed_until__lte=now)] if wanted == "out" else []


def _told(filters: QueueFilters) -> list[Q]:
    """What an alert's own columns say. A list of conditions: putting them together one by one would cost more than
    asking them."""
    told: dict[str, Any] = {
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
        "closed_at__gte": filters.closed_since,
        "status__in": filters.statuses or None,
        "severity__in": filters.severities or None,
        "rule_id": filters.rule_id or None,
        "host_name": filters.host or None,
        "user_name": filters.user_name or None,
        "team_id": filters.team_id,
        "tags__contains": [filters.tag] if filters.tag else None,
        # Asking for T1059 finds its sub-techniques too, since rules name both.
        "techniques__contains": [filters.technique] if filters.technique else None,
        "fold": filters.fold or None,
        "pk__lte": filters.up_to_id,
        "building_block": None if filters.building_blocks else False,
    }
    waiting = filters.fold or (filters.statuses and Status.CLOSED not in filters.statuses)
    # Said as the indexes of what waits say it.
    return [*([WAITING] if waiting else []), *(Q((name, value)) for name, value in told.items() if value is not None)]


def _lacking(wanted: str) -> list[Q]:
    """Without a host or a user; an empty name is none."""
    columns = [f"{one}_name" for one in ("host", "user") if wanted in (one, "both")]
    return [Q((column, None)) | Q((column, "")) for column in columns]


def _assignee(assignee: str, user: User) -> list[Q]:
    if assignee in ("me", "nobody"):
        return [Q(assignee=user if assignee == "me" else None)]
    if assignee:
        number = whole(assignee, 17)
        return [Q(pk__in=[]) if number is None else Q(assignee_id=number)]
    return []
