"""What an alert may be a duplicate of: others that say the same, then others on its host, newest first."""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert
from alerts.selectors.ordering import WAITING

OFFERED = 5
MOST_TICKED = 4
"""So many of the rows that are ticked together are looked at, and offered."""


def originals_of(alert: Alert, *, user: User) -> list[Alert]:
    """At most five alerts. Three queries, each bounded."""
    seen = Alert.objects.filter(team_id__in=teams_of(user), building_block=False).exclude(pk=alert.pk)
    same = _newest(seen.filter(fold=alert.fold)) if alert.fold else []
    if len(same) < OFFERED and alert.host_name:
        near = Q(host_name=alert.host_name) & ~Q(pk__in=[one.pk for one in same])
        same += _newest(seen.filter(near))
    return same[:OFFERED]


def originals_of_ticked(numbers: Sequence[int], folds: Sequence[bytes], *, user: User) -> list[Alert]:
    """What alerts and folds that are ticked together may be duplicates of: each of them where they are several, of a
    fold the newest, then what the first may be a duplicate of. At most nine alerts, eight queries.
    """
    seen = Alert.objects.filter(team_id__in=teams_of(user))
    found = seen.in_bulk(numbers[:MOST_TICKED])
    ticked = [found[number] for number in numbers[:MOST_TICKED] if number in found]
    ticked += _newest_of_each(seen, folds[: MOST_TICKED - len(ticked)])
    if not ticked:
        return []
    several = ticked if folds or len(ticked) > 1 else []
    return [*several, *(one for one in originals_of(ticked[0], user=user) if one not in several)]


def _newest_of_each(alerts: QuerySet[Alert], folds: Iterable[bytes]) -> list[Alert]:
    newest = (alerts.filter(WAITING, fold=fold).order_by("-pk").first() for fold in folds)
    return [alert for alert in newest if alert is not None]


def _newest(alerts: QuerySet[Alert]) -> list[Alert]:
    return list(alerts.order_by("-pk")[:OFFERED])
