"""Ten minutes in which an act can be taken back as if it had not been done, by its group in the record.

An act that added an exception is taken back whole: the exception goes, what it held back is raised, what it closed
opens again (alerts/exceptions/taking_back.py). One that changed an exception has it stand as before
(alerts/exception_undo.py), and so has what was done with a draft (alerts/exceptions/drafts.py). What a worker did a
worker takes back (alerts/bulk_work.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from accounts.roles import Permission
from alerts import bulk, telling
from alerts.errors import NothingToUndo, TooLate
from alerts.exception_undo import has_way_back, put_back
from alerts.exceptions.changing_back import ChangedBack, change_back, is_import
from alerts.exceptions.draft_keeping import OBJECT_TYPE
from alerts.exceptions.drafts import put_drafts_back
from alerts.exceptions.taking_back import take_back_all
from alerts.models import BulkAct
from alerts.restoring import changes_of, restore
from alerts.retrying import retry_conflicts
from alerts.selectors.undoable import EXCEPTION, others_of, taken_back
from rules.models import ExceptionItem
from rules.selectors import visible_rules
from rules.shared.unmaking import Unmade, is_making, unmake_lists


@dataclass(frozen=True, slots=True)
class Undone:
    """The alerts that stand as before, and how many events that an undone exception held back are alerts now."""

    alerts: list[int]
    released: int = 0
    changed_back: int = 0  # exceptions that stand as before: switched, edited, taken back, or changed by an import
    left: int = 0  # what it changed or made and that stays: changed again, used, or hiding true positives as it was
    gone: int = 0  # exceptions that were added, and are taken back
    lists: int = 0  # shared lists that an import made, and that are gone
    act: BulkAct | None = None  # what was done to all that match is put back by a worker
    drafts: int = 0  # drafts that stand as before


def undo(
    *,
    group: UUID,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Undone:
    """Take back everything that was recorded under this group.

    Raises: NotAllowed, TooLate, NothingToUndo, SomebodyElsesNote, UndoNotWhole, AlertNotFound, StaleAlert; of
    exceptions and their drafts also NotYourTeam, ReviewNeeded, GuardRefused, NotUndoable, ExceptionRefused,
    DraftNotFound, StaleDraft, AlreadyExcepted, RuleFailed.
    """
    need(actor, Permission.TRIAGE)
    if back := _of_exceptions(group, {"actor": actor, "now": now, "team_ids": team_ids, "door": door}):
        return back
    is_act = bulk.is_act(group)
    changes = [] if is_act else _undoable(group, now)
    items = _exceptions_of(group)
    edited = [change for change in changes if is_import(change)]
    by: dict[str, Any] = {"actor": actor, "now": now, "team_ids": team_ids, "door": door}
    made = [change for change in changes if is_making(change)]
    if edited or made:
        return _import_back(items, edited, made, by)
    if items:
        taken = take_back_all(items=items, **by)
        return Undone(taken.reopened, taken.released, gone=len(items), act=taken.act)
    if is_act:
        return Undone([], act=bulk.take_back(act_id=group, actor=actor, now=now, team_ids=team_ids))
    if any(change.object_type == EXCEPTION for change in changes):
        raise NothingToUndo
    with transaction.atomic():
        restored = restore(changes, actor=actor, now=now, team_ids=team_ids, door=door)
        telling.escalation_undone(changes=changes, group=group)
    return Undone(restored)


def _of_exceptions(group: UUID, by: dict[str, Any]) -> Undone | None:
    """What was done to exceptions that stood already, or to drafts, taken back; None where the act was something else.
    Up to three queries before it is done."""
    about = list(Change.objects.filter(group=group, object_type__in=(EXCEPTION, OBJECT_TYPE)).order_by("pk"))
    ways_back = [change for change in about if has_way_back(change)]
    if not ways_back and not any(change.object_type == OBJECT_TYPE for change in about):
        return None
    if ways_back and _goes_on(group, ways_back):
        return Undone([], act=bulk.take_back(act_id=group, **{key: by[key] for key in ("actor", "now", "team_ids")}))
    if by["now"] - about[0].at > UNDO_WINDOW:
        raise TooLate
    if not ways_back:
        return Undone([], drafts=put_drafts_back(changes=about, **by))
    back = put_back(changes=changes_of(group), **by)
    return Undone(back.alerts, back.released, len(back.items), gone=back.gone, act=back.act)


def _goes_on(group: UUID, changes: Sequence[Change]) -> bool:
    """Whether the exceptions stand as before already, and what is left is for the worker that opens alerts again."""
    return Change.objects.filter(undoes__in=changes).exists() and bulk.is_act(group)


@retry_conflicts
@transaction.atomic
def _import_back(items: list[ExceptionItem], edited: list[Change], made: list[Change], by: dict[str, Any]) -> Undone:
    """The new exceptions of an import go, then the lists that it made for them; the changed ones say what they said."""
    released = take_back_all(items=items, **by).released if items else 0
    back = change_back(changes=edited, **by) if edited else ChangedBack()
    how = {"actor": by["actor"], "now": by["now"], "door": by["door"], "group": uuid4()}
    lists = unmake_lists(changes=made, visible=visible_rules(by["actor"]), **how) if made else Unmade()
    left = back.left + lists.left
    return Undone([], released + back.released, back.changed, left, len(items), lists.gone)


def _undoable(group: UUID, now: datetime) -> list[Change]:
    changes = changes_of(group)
    if not changes:
        raise NothingToUndo
    if now - changes[0].at > UNDO_WINDOW:
        raise TooLate
    if taken_back([group]) or others_of([group]):
        raise NothingToUndo
    return changes


def _exceptions_of(group: UUID) -> list[ExceptionItem]:
    """The exceptions that an act added, if it did: one for each group of conditions and each rule. One that was taken
    back by itself meanwhile does not keep the others."""
    changes = Change.objects.filter(group=group, object_type=EXCEPTION, verb="create")
    added = [int(number) for number in changes.values_list("object_id", flat=True)]
    if not added:
        return []
    items = ExceptionItem.objects.filter(pk__in=added, removed_at=None)
    return list(items.select_related("rule__team").order_by("pk"))
