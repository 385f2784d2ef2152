"""An exception that was looked at and found good: its review date moves on, and nothing else changes."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from alerts.exceptions.allowed import need_to_save_on
from alerts.retrying import retry_conflicts
from rules import epoch
from rules.errors import ExceptionRefused
from rules.exceptions import edit_item
from rules.models import ExceptionItem
from rules.shared import list_of
from rules.shared.selectors import standing

AGAIN_AFTER = timedelta(days=90)


@retry_conflicts
@transaction.atomic
def review_again(
    *,
    item: ExceptionItem,
    version: int | None,
    actor: User,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Say that an exception in force was reviewed today; it is to be reviewed again in 90 days. So are all copies of a
    shared list's item, each as it is.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, ExceptionRefused.
    """
    if item.expired or not item.enabled:
        raise ExceptionRefused("review_at", "It is not in force. Turn it on or edit it; that is a review as well.")
    epoch.bump()
    shared = list_of(item)
    others = standing(shared).filter(item_id=item.item_id).exclude(pk=item.pk) if shared else []
    in_force = [copy for copy in others if copy.enabled and not copy.expired]
    need_to_save_on(actor, [one.rule for one in (item, *in_force)])
    group = group or uuid4()
    for copy in in_force:
        _reviewed(copy, copy.version, actor, now, door, group)
    return _reviewed(item, item.version if version is None else version, actor, now, door, group)


def _reviewed(
    item: ExceptionItem, version: int, actor: User, now: datetime, door: Change.Door, group: UUID
) -> ExceptionItem:
    return edit_item(
        item=item,
        version=version,
        entries=item.entries,
        reason=item.reason,
        name=item.name,
        expires_at=item.expires_at,
        review_at=now + AGAIN_AFTER,
        note="Reviewed.",
        actor=actor,
        now=now,
        door=door,
        group=group,
    )
