"""What an alert may be a duplicate of: others that say the same, then others on its host, newest first."""

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.selectors import teams_of
from alerts.models import Alert

OFFERED = 5


def originals_of(alert: Alert, *, user: User) -> list[Alert]:
    """At most five alerts. Three queries, each bounded."""
    seen = Alert.objects.filter(team_id__in=teams_of(user), building_block=False).exclude(pk=alert.pk)
    same = _newest(seen.filter(fold=alert.fold)) if alert.fold else []
    if len(same) < OFFERED and alert.host_name:
        near = Q(host_name=alert.host_name) & ~Q(pk__in=[one.pk for one in same])
        same += _newest(seen.filter(near))
    return same[:OFFERED]


def _newest(alerts: QuerySet[Alert]) -> list[Alert]:
    return list(alerts.order_by("-pk")[:OFFERED])
