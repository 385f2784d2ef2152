"""The alerts that rest on an event: those that it caused, or the one that it tells of."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from alerts.models import Alert, AlertEvent

MOST = 5


def alerts_of_event(uid: bytes, day: date | None, team_ids: Sequence[int]) -> list[Alert]:
    """At most MOST + 1 of them, the newest first; building blocks come last. Two queries by index."""
    resting = AlertEvent.objects.filter(uid=uid, alert__team_id__in=list(team_ids))
    if day is not None:
        resting = resting.filter(day=day)
    ids = list(resting.order_by("-alert_id").values_list("alert_id", flat=True)[: 4 * MOST])
    found = Alert.objects.filter(Q(pk__in=ids) | Q(identity=uid), team_id__in=list(team_ids))
    return list(found.order_by("building_block", "-pk")[: MOST + 1])
