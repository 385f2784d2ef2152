"""The open alerts that say the same as one: folded with it in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.models import Alert, Status
from soc.web.counts import Count

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Alike:
    """How many other open alerts say the same, since when, and the fold's key as addresses write it."""

    number: Count
    since: datetime
    key: str


def alike_to(alert: Alert, team_ids: Sequence[int]) -> Alike | None:
    """The others that are folded with the alert; None where there are none. One query, bounded."""
    if alert.fold is None or alert.status == Status.CLOSED:
        return None
    same = Alert.objects.filter(fold=alert.fold, team_id__in=team_ids).exclude(status=Status.CLOSED)
    others = list(same.exclude(pk=alert.pk).order_by("-pk").values_list("event_time", flat=True)[: MOST + 1])
    if not others:
        return None
    return Alike(Count(min(len(others), MOST), len(others) > MOST), min(others), bytes(alert.fold).hex())
