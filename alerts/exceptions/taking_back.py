"""Taking an exception back: it goes, what it held back is raised, and what it closed just now opens again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import Change, User
from alerts.errors import UndoNotWhole
from alerts.exceptions.allowed import need_to_lift
from alerts.release import release
from alerts.restoring import changes_of, is_workflow, restore
from alerts.retrying import retry_conflicts
from alerts.workflow import UNDO_WINDOW
from rules.exceptions import remove_item
from rules.models import ExceptionItem


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many held-back events are alerts now, how many had left storage, which closed alerts are open again,
    how many events went over the rule's maximum, and how many something else still holds back.
    """

    item: ExceptionItem
    released: int
    gone: int
    reopened: list[int] = field(default_factory=list)
    over: int = 0
    still_held: int = 0


@retry_conflicts
@transaction.atomic
def take_back(
    *,
    item: ExceptionItem,
    version: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> TakenBack:
    """Remove an exception and raise what it held back. Within ten minutes of being added, what it closed opens again,
    except where somebody has worked on the alert since.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, UndoNotWhole, RuleFailed.
    """
    need_to_lift(actor, item)
    removed = remove_item(item=item, version=version, actor=actor, now=now, door=door)
    reopened = _reopen(item, actor=actor, now=now, team_ids=team_ids, door=door)
    released = release(item=removed, now=now)
    return TakenBack(removed, released.alerts, released.gone, reopened, released.over, released.still_held)


def _reopen(
    item: ExceptionItem, *, actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door
) -> list[int]:
    added = Change.objects.filter(object_type="exception", object_id=str(item.pk), verb="create").first()
    if added is None or added.group is None or now - added.at > UNDO_WINDOW:
        return []
    closed = [change for change in changes_of(added.group) if is_workflow(change)]
    elsewhere = sum(change.team_id not in team_ids for change in closed)
    if elsewhere:
        raise UndoNotWhole(elsewhere, by_exception=True)
    return restore(closed, actor=actor, now=now, team_ids=team_ids, door=door, skip_moved=True)
