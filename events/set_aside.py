"""Batches that could not be judged and were set aside, and trying them again."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from events import bell
from events.errors import BatchNotFound
from events.models import Batch

_STATE = Batch.State


def set_aside(team_ids: Sequence[int]) -> QuerySet[Batch]:
    """What these teams' events wait in, newest first."""
    mine = Batch.objects.filter(state=_STATE.QUARANTINED, team_id__in=list(team_ids))
    return mine.select_related("team").defer("answer").order_by("-pk")


@transaction.atomic
def try_again(
    *, batch_id: int, actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door = Change.Door.PAGE
) -> Batch:
    """Have a batch judged again, alone; what it already raised it raises once. Still failing, it is set aside anew.

    Raises: NotAllowed, BatchNotFound.
    """
    need(actor, Permission.OPERATE)
    locked = Batch.objects.select_for_update(of=("self",)).select_related("team").defer("answer")
    batch = locked.filter(pk=batch_id, state=_STATE.QUARANTINED, team_id__in=list(team_ids)).first()
    if batch is None:
        raise BatchNotFound
    before = {"state": batch.state, "error": batch.error, "events": batch.events}
    batch.state, batch.attempts, batch.alone, batch.done_at = _STATE.PENDING, 0, True, None
    batch.lease_by = batch.lease_until = None
    batch.save(update_fields=["state", "attempts", "alone", "done_at", "lease_by", "lease_until"])
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="try_again",
        object_type="batch",
        object_id=batch.pk,
        before=before,
        after={"state": batch.state, "error": batch.error, "events": batch.events},
        team=batch.team,
    )
    transaction.on_commit(bell.ring)
    return batch
