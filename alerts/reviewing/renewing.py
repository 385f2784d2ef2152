"""An exception that was looked at and found good: its review date moves on, and nothing else changes."""

from datetime import datetime, timedelta

from accounts.models import Change, User
from alerts.exceptions.allowed import need_to_save
from rules.errors import ExceptionRefused
from rules.exceptions import edit_item
from rules.models import ExceptionItem

AGAIN_AFTER = timedelta(days=90)


def review_again(
    *, item: ExceptionItem, version: int | None, actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> ExceptionItem:
    """Say that an exception in force was reviewed today; it is to be reviewed again in 90 days.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, ExceptionRefused.
    """
    need_to_save(actor, item.rule)
    if item.expired or not item.enabled:
        raise ExceptionRefused("review_at", "It is not in force. Turn it on or edit it; that is a review as well.")
    return edit_item(
        item=item,
        version=item.version if version is None else version,
        entries=item.entries,
        reason=item.reason,
        name=item.name,
        expires_at=item.expires_at,
        review_at=now + AGAIN_AFTER,
        note="Reviewed.",
        actor=actor,
        now=now,
        door=door,
    )
