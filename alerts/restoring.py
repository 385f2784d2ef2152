"""Putting alerts back to where they stood before an act, from the inverses in the record.

Refused when an alert has moved on since: what somebody did afterwards is never overwritten. Whether a person reaches an
alert is asked of each: it is with one of his teams, or the act that he takes back moved it away from one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from accounts.models import Change, User
from alerts.errors import AlertNotFound, NothingToUndo, UndoNotWhole
from alerts.models import Alert
from alerts.notes import take_notes_back
from alerts.stale import stale, stale_elsewhere
from alerts.workflow import OBJECT_TYPE, UNDID, Move, Workflow, write_all


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
    group: UUID | None = None,
) -> list[int]:
    """Put the alerts of these changes back, and take notes on several off them; part of the caller's transaction.
    Returns their numbers.

    With `skip_moved` alerts that moved on, be it to a team that the person does not see, or were put back already, are
    left as they are instead of refusing the whole.

    Raises: AlertNotFound, SomebodyElsesNote, UndoNotWhole, StaleAlert, NothingToUndo when another undo was faster.
    """
    by_alert = {int(change.object_id): change for change in changes if is_workflow(change)}
    alerts = _reached(by_alert, team_ids)
    if not skip_moved:
        _check_whole(by_alert, alerts)
    undone = set(Change.objects.filter(undoes__in=list(by_alert.values())).values_list("undoes_id", flat=True))
    if undone and not skip_moved:
        raise NothingToUndo
    alerts = [alert for alert in alerts if by_alert[alert.pk].pk not in undone]
    seen = frozenset(team_ids)
    moves = [move for alert in alerts if (move := _back(alert, by_alert[alert.pk], skip_moved, seen))]
    by: dict[str, Any] = {"actor": actor, "now": now, "door": door, "group": group or uuid4()}
    notes = take_notes_back(changes, team_ids=team_ids, in_part=skip_moved, **by)
    return [*write_all(moves, verb=UNDID, **by), *notes]


def is_workflow(change: Change) -> bool:
    """Whether the entry is about where an alert stands, and can be taken back."""
    return change.object_type == OBJECT_TYPE and "workflow" in (change.inverse or {})


def _reached(changes: Mapping[int, Change], team_ids: Sequence[int]) -> list[Alert]:
    """Those of the alerts that the person may put back, locked in the order of their numbers."""
    rows = Alert.objects.select_for_update(of=("self",)).filter(pk__in=list(changes))
    # Whoever may hand an alert over may take that back, and only that: the move is in the alert's own change.
    return [
        alert
        for alert in rows.select_related("team").order_by("pk")
        if alert.team_id in team_ids or changes[alert.pk].before.get("team_id") in team_ids
    ]


def _check_whole(changes: Mapping[int, Change], alerts: Sequence[Alert]) -> None:
    """Refuse to take an act back in part. An act none of whose alerts the person reaches is not there for him."""
    missing = set(changes) - {alert.pk for alert in alerts}
    if missing and not alerts:
        raise AlertNotFound(min(missing))
    if missing:
        raise UndoNotWhole(len(missing))


def _back(alert: Alert, change: Change, skip_moved: bool, seen: frozenset[int]) -> Move | None:
    """To where it stood; None when it moved on."""
    inverse = change.inverse or {}
    if alert.version != inverse.get("version"):
        if skip_moved:
            return None
        raise stale(alert) if alert.team_id in seen else stale_elsewhere(alert)
    was = Workflow.from_json(inverse["workflow"], team_id=alert.team_id)
    return Move(alert, was, change.verb, change)
