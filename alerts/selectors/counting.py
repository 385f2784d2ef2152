"""How many alerts there are: per view, and since the list was made."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from itertools import islice

from django.db import connection
from django.db.models import Max, Q

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert
from alerts.selectors.filtering import filtered
from alerts.selectors.numbers import named, sizes
from alerts.selectors.ordering import NEWEST
from alerts.selectors.queue_page import Looked, asked_of, matching
from alerts.selectors.shapes import QueueFilters
from alerts.selectors.views import filters_of_views
from rules.models import Rule
from soc.web.counts import CAP, Count, capped, of

OTHERS_CAP = 1_000
"""So far the lists are counted that are not open; what is more is told exactly by the list itself."""


def view_counts(
    *,
    user: User,
    now: datetime,
    saved: Mapping[str, QueueFilters] | None = None,
    known: Mapping[str, Count] | None = None,
) -> dict[str, Count]:
    """How many alerts stand in each tab above the queue, up to 1,000; none for one with KQL, which would have to read
    the alerts. One query, and one for the targets if a view asks for what is past them.

    What is `known` is not counted again.
    """
    told = dict(known or {})
    tabs = {**filters_of_views(user, now), **{name: one for name, one in (saved or {}).items() if not one.kql}}
    lists = {
        name: (named(user, filters), partial(filtered, user, filters, now))
        for name, filters in tabs.items()
        if name not in told
    }
    told |= {name: of(number, OTHERS_CAP) for name, number in sizes(lists, OTHERS_CAP).items()}
    return {name: told[name] for name in tabs}


def new_since(*, user: User, filters: QueueFilters, since_id: int, now: datetime) -> Count:
    """How many alerts that the filters let through came after the alert `since_id`.

    Raises: LanguageError.
    """
    alerts, tree = asked_of(user, filters, now)
    newer = alerts.filter(pk__gt=since_id)
    if tree is None:
        return capped(newer)
    looked = Looked()
    number = sum(1 for _ in islice(matching(newer, tree, NEWEST, looked), CAP + 1))
    return Count(number, capped=True) if looked.stopped else of(number)


def newest_id(*, user: User) -> int:
    """The highest number among the alerts that the person sees; 0 without any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM alerts_alert WHERE team_id = ANY(%s)", [teams_of(user)])
        return int(cursor.fetchone()[0])


def last_alert_at(*, user: User) -> datetime | None:
    """When the newest alert that the person sees was raised."""
    last: datetime | None = Alert.objects.filter(team_id__in=teams_of(user)).aggregate(at=Max("created_at"))["at"]
    return last


def rule_choices(*, user: User) -> list[tuple[str, str]]:
    """The rules that have raised alerts which the person sees, by name, for a filter."""
    rules = Rule.objects.filter(Q(team=None) | Q(team_id__in=teams_of(user)), evaluated=True)
    return list(rules.order_by("name").values_list("pk", "name"))


def raised_as(*, user: User, rule_id: str) -> str:
    """The name under which a rule has raised the newest of its alerts that the person sees: what it is called today may
    be another team's affair. One query on an index.
    """
    seen = Alert.objects.filter(rule_id=rule_id, team_id__in=teams_of(user)).order_by("-pk")
    return seen.values_list("name", flat=True).first() or rule_id
