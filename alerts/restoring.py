"""Putting alerts back to where they stood before an act, from the inverses in the record.

Refused when an alert has moved on since: what somebody did afterwards is never overwritten.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from accounts.models import Change, User
from alerts.errors import NothingToUndo
from alerts.models import Alert
from alerts.stale import stale, stale_elsewhere
from alerts.triage import locked
from alerts.workflow import OBJECT_TYPE, UNDID, Workflow, write


def changes_of(group: UUID) -> list[Change]:
    """What was recorded under the group, oldest first."""
    return list(Change.objects.filter(group=group).order_by("pk"))


def restore(
    changes: Sequence[Change],
    *,
    actor: User | None,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    skip_moved: bool = False,
) -> list[int]:
    """Put the alerts of these changes back; part of the caller's transaction. Returns their numbers.

    With `skip_moved` alerts that moved on are left as they are instead of refusing the whole.

    Raises: AlertNotFound, StaleAlert, NothingToUndo when another undo was faster.
    """
    by_alert = {int(change.object_id): change for change in changes if is_workflow(change)}
    alerts = locked(by_alert, team_ids=[*team_ids, *_moved_to(by_alert.values(), team_ids)])
    if Change.objects.filter(undoes__in=list(by_alert.values())).exists():
        raise NothingToUndo
    group = uuid4()
    seen = frozenset(team_ids)
    return [
        alert.pk for alert in alerts if _restore(alert, by_alert[alert.pk], actor, now, door, group, skip_moved, seen)
    ]


def is_workflow(change: Change) -> bool:
    """Whether the entry is about where an alert stands, and can be taken back."""
    return change.object_type == OBJECT_TYPE and "workflow" in (change.inverse or {})


def _moved_to(changes: Iterable[Change], team_ids: Sequence[int]) -> set[int]:
    """The teams to which alerts of one's own teams were moved: whoever may hand one over may take that back."""
    moves = ((change.before.get("team_id"), change.after.get("team_id")) for change in changes)
    return {after for before, after in moves if before in team_ids and after is not None}


def _restore(
    alert: Alert,
    change: Change,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
    skip_moved: bool,
    seen: frozenset[int],
) -> bool:
    inverse = change.inverse or {}
    if alert.version != inverse.get("version"):
        if skip_moved:
            return False
        raise stale(alert) if alert.team_id in seen else stale_elsewhere(alert)
    was = Workflow.from_json(inverse["workflow"], team_id=alert.team_id)
    return write(alert, was, verb=UNDID, actor=actor, now=now, door=door, note=change.verb, group=group, undoes=change)
