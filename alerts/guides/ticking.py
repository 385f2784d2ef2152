"""People tick the steps of a guide on an alert, together: whoever was first stands there, and a tick is taken back.

A tick says nothing of where the alert stands, so it has no version and asks for none: two people may tick at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from alerts.errors import AlertNotFound, StepNotFound
from alerts.guides.checklist import guide_of
from alerts.models import Alert, StepDone
from alerts.workflow import OBJECT_TYPE
from engine.guide import Step
from rules.trees import TreeUnusable

STEP, UNSTEP = "step", "unstep"
LONGEST_TITLE = 300


def tick(
    *,
    alert_id: int,
    kind: str,
    key: str,
    done: bool,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> StepDone | None:
    """Note that a step was done on an alert, or take that back; what is so already stays as it is.

    Returns the tick as it stands, None for a step that is not done. Raises: NotAllowed, AlertNotFound, StepNotFound.
    """
    need(actor, Permission.TRIAGE)
    alert = _alert(alert_id, team_ids)
    with transaction.atomic():
        if not done:
            _untick(alert, kind, key, actor=actor, now=now, door=door, group=group)
            return None
        step = _step(alert, kind, key)
        title = step.title[:LONGEST_TITLE]
        row, made = StepDone.objects.get_or_create(
            alert=alert, kind=kind, key=key, defaults={"title": title, "by": actor, "at": now}
        )
        if made:
            _record(row, STEP, {}, _told(row), actor=actor, now=now, door=door, group=group)
    return row


def _alert(alert_id: int, team_ids: Sequence[int]) -> Alert:
    seen = Alert.objects.select_related("revision", "team").filter(team_id__in=team_ids)
    alert = seen.filter(pk=alert_id).first() if 0 < alert_id < 2**63 else None
    if alert is None:
        raise AlertNotFound(alert_id)
    return alert


def _step(alert: Alert, kind: str, key: str) -> Step:
    try:
        _, guide = guide_of(alert)
    except TreeUnusable as error:
        raise StepNotFound from error
    steps = {StepDone.Kind.GUIDE: guide.steps, StepDone.Kind.RESPONSE: guide.response_steps}
    found = (step for step in steps.get(StepDone.Kind(kind), ()) if step.key == key)
    if (step := next(found, None)) is None:
        raise StepNotFound
    return step


def _untick(
    alert: Alert, kind: str, key: str, *, actor: User, now: datetime, door: Change.Door, group: UUID | None
) -> None:
    row = StepDone.objects.select_for_update().filter(alert=alert, kind=kind, key=key).first()
    if row is None:
        return
    was = _told(row)
    _record(row, UNSTEP, was, {}, actor=actor, now=now, door=door, group=group)
    row.delete()


def _told(row: StepDone) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "key": row.key,
        "title": row.title,
        "by": row.by_id,
        "at": row.at.isoformat(),
    }


def _record(
    row: StepDone,
    verb: str,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    actor: User,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=row.alert_id,
        before=before,
        after=after,
        team=row.alert.team,
        note=row.title,
        group=group,
    )
