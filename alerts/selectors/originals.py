"""What an alert may be a duplicate of: others that say the same, then others on its host, newest first."""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert, Status
from alerts.models.alert import JUDGED
from alerts.selectors.ordering import WAITING

OFFERED = 5
MOST_TICKED = 4
"""So many of the rows that are ticked together are looked at, and offered."""


def originals_of(alert: Alert, *, user: User) -> list[Alert]:
    """At most five alerts. Four queries, each on an index."""
    seen = Alert.objects.filter(team_id__in=teams_of(user), building_block=False).exclude(pk=alert.pk)
    same = _that_say_the_same(seen, alert) if alert.fold else []
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


def _that_say_the_same(seen: QuerySet[Alert], alert: Alert) -> list[Alert]:
    """Of the same fold: what waits has an index of folds, what people closed is found by what all of a fold share."""
    same = seen.filter(fold=alert.fold)
    closed = same.filter(JUDGED, rule_id=alert.rule_id, host_name=alert.host_name, user_name=alert.user_name)
    found = _newest(same.exclude(status=Status.CLOSED)) + _newest(closed)
    return sorted(found, key=lambda one: -one.pk)


def _newest_of_each(alerts: QuerySet[Alert], folds: Iterable[bytes]) -> list[Alert]:
    newest = (alerts.filter(WAITING, fold=fold).order_by("-pk").first() for fold in folds)
    return [alert for alert in newest if alert is not None]


def _newest(alerts: QuerySet[Alert]) -> list[Alert]:
    return list(alerts.order_by("-pk")[:OFFERED])
