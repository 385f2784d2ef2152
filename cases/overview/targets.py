"""Within which time alerts were to be closed, as of any instant, from the record of changes of the targets."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.models import Change
from alerts.models import Target

Targets = dict[int, timedelta]


def targets_at(instants: Sequence[datetime]) -> list[Targets]:
    """For each instant the time by severity. Two queries, however many instants."""
    now = dict(Target.objects.values_list("severity", "within"))
    later = Change.objects.filter(object_type="target", at__gt=min(instants)).order_by("at", "pk")
    changes = [
        (at, int(severity), timedelta(seconds=float(before["within_seconds"])))
        for at, severity, before in later.values_list("at", "object_id", "before")
        if "within_seconds" in before
    ]
    return [_at(instant, now, changes) for instant in instants]


def _at(instant: datetime, now: Targets, changes: Sequence[tuple[datetime, int, timedelta]]) -> Targets:
    """The first change after the instant says what held before it."""
    later = reversed([change for change in changes if change[0] > instant])
    return now | {severity: before for _, severity, before in later}
