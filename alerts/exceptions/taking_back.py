"""Taking an exception back: it goes, what it held back is raised, and what it closed just now opens again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from alerts import bulk
from alerts.errors import UndoNotWhole
from alerts.exceptions.allowed import need_to_lift, need_to_lift_all
from alerts.models import BulkAct
from alerts.release import Released, release, release_all
from alerts.restoring import changes_of, is_workflow, restore
from alerts.retrying import retry_conflicts
from rules.exceptions import remove_item, unmake_items
from rules.models import ExceptionItem


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many held-back events are alerts now, how many had left storage, which closed alerts are open again,
    how many events went over the rule's maximum, and how many something else still holds back. `act`: what opens them
    again, where they are many.
    """

    item: ExceptionItem
    released: int
    gone: int
    reopened: list[int] = field(default_factory=list)
    over: int = 0
    still_held: int = 0
    act: BulkAct | None = None


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
    group: UUID | None = None,
) -> TakenBack:
    """Remove an exception and raise what it held back. Within ten minutes what adding or editing it closed opens again,
    except where somebody has worked on the alert since. What was added along with it stays. `group` is what the undo
    knows it by (alerts/exception_undo.py).

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, UndoNotWhole, RuleFailed.
    """
    need_to_lift(actor, item)
    by: dict[str, Any] = {"actor": actor, "now": now, "door": door, "group": group or uuid4()}
    removed = remove_item(item=item, version=version, **by)
    reopened, act = _reopen([item], team_ids=team_ids, **by)
    return _told(removed, release(item=removed, now=now), reopened, act)


@retry_conflicts
@transaction.atomic
def take_back_all(
    *,
    items: Sequence[ExceptionItem],
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> TakenBack:
    """Take back exceptions that were added together, whole or not at all; `item` of the answer is the first of them.
    Importing again what an import added brings it as new.

    All of them go before anything they held back is judged again. Raises: as take_back.
    """
    need_to_lift_all(actor, items)
    removed = unmake_items(items=items, actor=actor, now=now, door=door)
    reopened, act = _reopen(items, actor=actor, now=now, team_ids=team_ids, door=door, whole=True)
    return _told(removed[0], release_all(removed, now), reopened, act)


def _told(item: ExceptionItem, released: Released, reopened: list[int], act: BulkAct | None) -> TakenBack:
    return TakenBack(item, released.alerts, released.gone, reopened, released.over, released.still_held, act)


def _reopen(
    items: Sequence[ExceptionItem],
    *,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    group: UUID | None = None,
    whole: bool = False,
) -> tuple[list[int], BulkAct | None]:
    """Open again what adding the exception closed, and what editing it did; with `whole` what was closed in the act
    that added it by others too, as far as that was not undone before. What a worker closed a worker opens again.
    """
    item = items[0]
    added = Change.objects.filter(object_type="exception", object_id=str(item.pk), verb="create").first()
    if added is None or added.group is None:
        return [], None
    by: dict[str, Any] = {"actor": actor, "now": now, "team_ids": team_ids}
    if whole and bulk.is_act(added.group):
        return [], bulk.take_back(act_id=added.group, **by)
    groups = [added.group, *([] if whole else _edits_of(item, now))]
    acts = [one for one in groups if bulk.is_act(one)]
    act = _open_by_workers(acts, item, group or uuid4(), by)
    young = [one for one in groups if one not in acts and (one != added.group or now - added.at <= UNDO_WINDOW)]
    closed = [change for one in young for change in _closed_in(one, None if whole else item)]
    elsewhere = sum(change.team_id not in team_ids for change in closed)
    if elsewhere:
        raise UndoNotWhole(elsewhere, "exception")
    # Of alerts that were opened again along with another exception of the same act nothing is left to restore.
    told: dict[str, Any] = {"actor": actor, "now": now, "door": door, "group": group}
    return restore(closed, team_ids=team_ids, skip_moved=True, **told) if closed else [], act


def _closed_in(group: UUID, item: ExceptionItem | None) -> list[Change]:
    """What was closed in an act, by one exception or by any."""
    return [change for change in changes_of(group) if is_workflow(change) and (not item or _closed_by(change, item))]


def _open_by_workers(acts: Sequence[UUID], item: ExceptionItem, taken: UUID, by: Mapping[str, Any]) -> BulkAct | None:
    """Have what the exception closed in these acts opened again; the first of what does so, by which it is known."""
    first: BulkAct | None = None
    for group in acts:
        opening = bulk.open_again(group=group, items=[item.pk], taken=uuid4() if first else taken, **by)
        first = first or opening
    return first


def _edits_of(item: ExceptionItem, now: datetime) -> list[UUID]:
    """The acts of just now that edited the exception and stand. A query."""
    edits = Change.objects.filter(object_type="exception", object_id=str(item.pk), verb="edit", undone_by=None)
    lately = edits.filter(at__gte=now - UNDO_WINDOW).exclude(group=None).order_by("pk")
    return [group for group in lately.values_list("group", flat=True) if group]


def _closed_by(change: Change, item: ExceptionItem) -> bool:
    """Whether it was this one, of the exceptions added together, that closed the alert."""
    return bool((change.after or {}).get("closed_by_exception_id", item.pk) == item.pk)
