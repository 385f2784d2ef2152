"""Closing what exceptions cover: which alerts, by which of the exceptions, and which stay open all the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import Change, User
from alerts.exceptions.covering import judge_alerts
from alerts.exceptions.groups import Groups
from alerts.models import Alert, Status
from alerts.workflow import Move, Workflow, write_all
from rules.models import ExceptionItem

Place = tuple[str, int]
"""A rule, and a group of entries by its number."""


@dataclass(frozen=True, slots=True)
class Covering:
    """Groups of entries, and the exception that each of them is on each rule."""

    groups: Groups
    items: Mapping[Place, ExceptionItem]

    def of(self, alerts: Iterable[tuple[int, int]], most: int) -> dict[int, int]:
        """The group that covers each of the alerts (number and team) that are covered; `most` of them and one more
        where there are more. Some 20 to 60 µs for each event of an alert."""
        found: dict[int, int] = {}
        for one in judge_alerts(alerts, self.groups):
            if one.by is not None:
                found[one.alert_id] = one.by
            if len(found) > most:
                break
        return found

    def item_for(self, alert: Alert, group: int) -> ExceptionItem | None:
        """The exception that this group is on the alert's rule."""
        return self.items.get((alert.rule_id, group))


@dataclass(frozen=True, slots=True)
class Closing:
    """How covered alerts are closed, by whom, and under which group of the record."""

    reason: str
    note: str
    actor: User
    now: datetime
    door: Change.Door
    group: UUID


@dataclass(frozen=True, slots=True)
class Closed:
    """The alerts that were closed, and those that stay open since they also stand for hits that were counted at them:
    whether those are covered too nobody knows."""

    closed: list[int] = field(default_factory=list)
    left_open: list[int] = field(default_factory=list)


def close_all(alerts: Sequence[Alert], by_group: Mapping[int, int], covering: Covering, how: Closing) -> Closed:
    """Close locked alerts, each by the exception of the group that covers it. A query for some hundreds.

    What was closed while the caller waited for its row stays as it was closed.
    """
    waiting = [alert for alert in alerts if alert.status != Status.CLOSED]
    left_open = [alert.pk for alert in waiting if alert.suppressed]
    moves = [
        _move(alert, item, how)
        for alert in waiting
        if not alert.suppressed and (item := covering.item_for(alert, by_group[alert.pk]))
    ]
    closed = write_all(moves, verb="closed", actor=how.actor, now=how.now, door=how.door, group=how.group)
    return Closed(closed, left_open)


def _move(alert: Alert, item: ExceptionItem, how: Closing) -> Move:
    new = Workflow.of(alert).with_status(Status.CLOSED, reason=how.reason, now=how.now, exception_id=item.pk)
    return Move(alert, new, how.note or f"Covered by the exception “{item.name}”.")
