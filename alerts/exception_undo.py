"""Acts on exceptions taken back within ten minutes: what was switched, edited, reviewed or taken back stands as before.

Who may is asked as if it were done the first time, and what comes into force again passes the guard. Its alerts follow:
those that the act opened or closed stand as before, too, and those that it raised in the person's teams, and that
nobody has touched since, are closed as covered; what it raised in other teams is for these to judge. What ends raises
what it held back meanwhile. Changes that were taken back themselves do not stand in the way of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import may
from accounts.models import Change, User
from accounts.record import UNDO_WINDOW, record_all
from accounts.roles import Permission
from alerts import bulk
from alerts.errors import GuardRefused, NothingToUndo
from alerts.exceptions.allowed import drafts_only, need_to_lift_all, need_to_save_on
from alerts.exceptions.changing_back import is_import
from alerts.exceptions.closing import Closing, Covering, close_all
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.draft_keeping import OBJECT_TYPE as DRAFT
from alerts.exceptions.draft_keeping import wait_again
from alerts.exceptions.groups import parse_groups
from alerts.exceptions.guard import PASSED
from alerts.models import BulkAct, Reason, Status
from alerts.release import release_all
from alerts.restoring import is_workflow, restore
from alerts.retrying import retry_conflicts
from alerts.selectors.undoable import EXCEPTION
from alerts.shared_lists import checked, in_force
from alerts.triage import locked
from alerts.workflow import UNDID
from rules import epoch
from rules.errors import NotUndoable
from rules.exceptions import TOGETHER, content_of, entry_about, unmake_items
from rules.exceptions.content import check_enabling
from rules.list_ids import recorded_id
from rules.models import ExceptionItem
from rules.shared.common import OBJECT_TYPE as SHARED_LIST

_LETS_IN = "enable"  # its undo ends an exception, so whoever may end it may
_VERBS = ("edit", "disable", "remove", _LETS_IN)
_SAID = ("name", "entries", "reason")
_DATES = ("expires_at", "review_at")


@dataclass(frozen=True, slots=True)
class PutBack:
    """The exceptions that stand as before, the alerts that do, how many held-back events are alerts now, how many
    exceptions that the act had added are gone. `act`: what opens alerts again, where they are many.
    """

    items: list[ExceptionItem]
    alerts: list[int]
    released: int = 0
    gone: int = 0
    act: BulkAct | None = None


def has_way_back(change: Change) -> bool:
    """Whether the entry tells how an exception stood before. What an import changed goes another way
    (exceptions/changing_back.py)."""
    return (
        change.object_type == EXCEPTION
        and change.verb in _VERBS
        and "enabled" in (change.inverse or {})
        and not is_import(change)
    )


def may_put_back(user: User, change: Change) -> bool:
    """Whether the person, who sees the exception, could take this back, had nothing happened since. A query or none."""
    return may(user, Permission.EXCEPT) and (change.verb == _LETS_IN or not drafts_only(user))


def undoable(changes: Sequence[Change], items: Mapping[int, ExceptionItem], user: User, now: datetime) -> set[int]:
    """Those of the entries about these exceptions that the person can take back now. Up to four queries."""
    young = [one for one in changes if one.group and has_way_back(one) and now - one.at <= UNDO_WINDOW]
    since = _since(young)
    last = [one for one in young if one.pk not in since.undone and since.is_last(one, items.get(int(one.object_id)))]
    opened = bulk.opened_by_workers({one.group for one in last if one.group})
    mine = [one for one in last if one.group not in opened and may_put_back(user, one)]
    return {one.pk for one in mine} - _past_guard(mine, items, now)


def _past_guard(changes: Sequence[Change], items: Mapping[int, ExceptionItem], now: datetime) -> set[int]:
    """Those of the entries whose undo would have an exception hold that was saved past the guard: it asks for a reason
    again. A query or none: the guard itself is asked when it is done."""
    coming = [one for one in changes if _comes_back(items[int(one.object_id)], one, now)]
    if not coming:
        return set()
    about = Change.objects.filter(object_type=EXCEPTION, object_id__in=[one.object_id for one in coming])
    saved = about.filter(verb__in=_SAVED, undone_by=None).order_by("pk").values_list("object_id", "pk", "note")
    notes = list(saved)
    return {one.pk for one in coming if PASSED in _last_before(one, notes)}


_SAVED = ("create", "edit", _LETS_IN)


def _last_before(change: Change, notes: Sequence[tuple[str, int, str]]) -> str:
    mine = [note for item, number, note in notes if item == change.object_id and number < change.pk]
    return mine[-1] if mine else ""


def _comes_back(item: ExceptionItem, change: Change, now: datetime) -> bool:
    """Whether it would hold after the undo as it does not now."""
    was = copy(item)
    _set(was, change.inverse or {}, now)
    return _holds(was) and (was.entries, True) != (item.entries, _holds(item))


@dataclass(frozen=True, slots=True)
class _Since:
    """What was recorded of some exceptions since some of their changes, and what of it was taken back."""

    entries: Mapping[str, Sequence[Change]]
    undone: Set[int]

    def stands(self, change: Change) -> bool:
        """Whether nothing came after the change but what was taken back itself."""
        later = self._later(change)
        numbers = {one.pk for one in later}
        return all(one.pk in self.undone or one.undoes_id in numbers for one in later)

    def is_last(self, change: Change, item: ExceptionItem | None) -> bool:
        """Whether the exception is as the change left it. Every entry stands for one version."""
        left = (change.inverse or {}).get("version", 0) + len(self._later(change))
        return item is not None and item.version == left and self.stands(change)

    def _later(self, change: Change) -> list[Change]:
        return [one for one in self.entries.get(change.object_id, ()) if one.pk > change.pk]


def _since(changes: Sequence[Change]) -> _Since:
    """A query, or none where nothing is asked."""
    entries = defaultdict[str, list[Change]](list)
    if changes:
        about = Change.objects.filter(object_type=EXCEPTION, object_id__in={one.object_id for one in changes})
        for one in about.filter(pk__gt=min(change.pk for change in changes)).only("object_id", "undoes_id"):
            entries[one.object_id].append(one)
    return _Since(entries, {one.undoes_id for some in entries.values() for one in some if one.undoes_id})


@retry_conflicts
@transaction.atomic
def put_back(
    *, changes: Sequence[Change], actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door
) -> PutBack:
    """Take an act on exceptions back whole, or refuse where one of them was changed since.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, GuardRefused, NotUndoable, NothingToUndo, ExceptionRefused,
    RuleFailed.
    """
    epoch.bump()
    by_item = {int(change.object_id): change for change in changes if has_way_back(change)}
    items, made = _untouched(by_item), _made_along(changes)
    _need(actor, items, by_item, made)
    before = {item.pk: (content_of(item), _holds(item)) for item in items}
    for item in items:
        _set(item, by_item[item.pk].inverse or {}, now)
    other = [item for item in items if (content_of(item)["entries"], _holds(item)) != _judged_by(before[item.pk])]
    coming = [item for item in other if _holds(item)]
    if coming:
        check_enabling(coming, None)
        _check_guard(coming, actor, edited=all(before[item.pk][1] for item in coming))
    group = uuid4()
    _store(items, by_item, before, (actor, now, door, group))
    by: dict[str, Any] = {"actor": actor, "now": now, "door": door}
    gone = unmake_items(items=made, **by) if made else []
    released = release_all([*(item for item in other if before[item.pk][1]), *gone], now)
    act = _opening(changes[0].group, actor, now, team_ids)
    alerts = _alerts_back(changes, group, team_ids, by) if act is None else []
    wait_again([one for one in changes if one.object_type == DRAFT], actor, now, door, group)
    alerts += _raised_closed(coming, changes[0].at, Closing(Reason.OTHER, _NOTE, actor, now, door, group), team_ids)
    return PutBack(items, alerts, released.alerts, len(gone), act)


_NOTE = "It was raised by an act on an exception that was taken back."


def _untouched(by_item: Mapping[int, Change]) -> list[ExceptionItem]:
    """The exceptions, locked, as the act left them. Raises: NotUndoable, NothingToUndo."""
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=by_item)
    items = list(rows.select_related("rule__team").order_by("pk"))
    if Change.objects.filter(undoes__in=by_item.values()).exists():
        raise NothingToUndo
    since = _since(list(by_item.values()))
    if len(items) < len(by_item) or not all(since.is_last(by_item[item.pk], item) for item in items):
        raise NotUndoable(_CHANGED)
    if bulk.opened_by_workers({change.group for change in by_item.values() if change.group}):
        raise NotUndoable("A worker opens the alerts again that it had closed. Add the exception anew instead.")
    _check_lists(items, max(change.pk for change in by_item.values()))
    return items


_CHANGED = "The exception has been changed since. Take that back first."
_OF_RULES = ("add rules", "remove rules", "remove", "restore")


def _check_lists(items: Sequence[ExceptionItem], done: int) -> None:
    """Refuse where a shared list of theirs was put on rules or taken off some since the entry of this number: its
    copies would differ, or hold where the list does not. A query where they are of lists. Raises: NotUndoable."""
    lists = {recorded_id(item.list_id) for item in items if item.list_id}
    if not lists:
        return
    since = Change.objects.filter(object_type=SHARED_LIST, object_id__in=lists, verb__in=_OF_RULES, pk__gt=done)
    if since.filter(undoes=None, undone_by=None).exists():
        raise NotUndoable("The rules of its shared list have been changed since. Take that back first.")


def _made_along(changes: Sequence[Change]) -> list[ExceptionItem]:
    """What the act added beside, locked: a further group of conditions is an exception of its own. Raises: NotUndoable
    where somebody changed one since."""
    added = {int(one.object_id): one for one in changes if one.object_type == EXCEPTION and one.verb == "create"}
    if not added:
        return []
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=added, removed_at=None)
    items, since = list(rows.select_related("rule__team").order_by("pk")), _since(list(added.values()))
    if not all(since.stands(added[item.pk]) for item in items):
        raise NotUndoable("An exception that was added along with it has been changed since. Take that back first.")
    return items


def _need(
    actor: User, items: Sequence[ExceptionItem], by_item: Mapping[int, Change], made: Sequence[ExceptionItem]
) -> None:
    ending = [item for item in items if by_item[item.pk].verb == _LETS_IN]
    if len(ending) < len(items):
        need_to_save_on(actor, [item.rule for item in items])
    need_to_lift_all(actor, [*ending, *made])


def _holds(item: ExceptionItem) -> bool:
    return item.removed_at is None and in_force(item)


def _judged_by(before: tuple[dict[str, Any], bool]) -> tuple[Any, bool]:
    """What decides which events it takes out."""
    said, held = before
    return said["entries"], held


def _set(item: ExceptionItem, inverse: Mapping[str, Any], now: datetime) -> None:
    was = inverse.get("values", {})
    for key in _SAID:
        setattr(item, key, was.get(key, getattr(item, key)))
    for key in _DATES:
        if key in was:
            setattr(item, key, datetime.fromisoformat(was[key]) if was[key] else None)
    item.owner_id = was.get("owner", item.owner_id)
    item.enabled, item.not_applied_because = inverse["enabled"], inverse.get("not_applied_because", "")
    item.removed_at, item.expired = None, item.expires_at is not None and item.expires_at <= now


_STANDING = ("owner", "enabled", "not_applied_because", "removed_at", "expired")
_COLUMNS = (*_SAID, *_DATES, *_STANDING, "version", "updated_at")


def _store(
    items: Sequence[ExceptionItem],
    by_item: Mapping[int, Change],
    before: Mapping[int, tuple[dict[str, Any], bool]],
    by: tuple[User, datetime, Change.Door, UUID],
) -> None:
    """Save and record them. Two queries for some hundreds."""
    told = list[Change]()
    for item in items:
        item.version, item.updated_at = item.version + 1, by[1]
        said: dict[str, Any] = {"before": before[item.pk][0], "after": content_of(item), "undoes": by_item[item.pk]}
        told.append(entry_about(UNDID, item, *by, **said))
    ExceptionItem.objects.bulk_update(items, _COLUMNS, batch_size=TOGETHER)
    record_all(told)


def _alerts_back(changes: Sequence[Change], group: UUID, team_ids: Sequence[int], by: dict[str, Any]) -> list[int]:
    """The alerts that the act itself moved. Those that taking back had opened are closed as they had been, under the
    act that closed them, so that the next time they open again with their exception."""
    moved = defaultdict[UUID, list[Change]](list)
    for change in changes:
        if is_workflow(change):
            moved[(change.undoes.group if change.undoes else None) or group].append(change)
    told = {"team_ids": team_ids, "skip_moved": True, **by}
    return [number for act, some in moved.items() for number in restore(some, group=act, **told)]


def _check_guard(items: Sequence[ExceptionItem], actor: User, *, edited: bool) -> None:
    """Refuse what would hide true positives, and tell where a reason can be given. Raises: GuardRefused."""
    try:
        checked(items, actor, "")
    except GuardRefused as refused:
        who = "Edit it" if edited else "Add it anew"
        if not may(actor, Permission.OVERRIDE_GUARD):
            who = f"Have a detection engineer {who[0].lower()}{who[1:]}"
        way = f"{who} instead, with a reason why it may hide that."
        raise GuardRefused(alert_ids=refused.alert_ids, elsewhere=refused.elsewhere, way=way) from refused


def _raised_closed(items: Sequence[ExceptionItem], at: datetime, how: Closing, team_ids: Sequence[int]) -> list[int]:
    """Close what the act raised of these exceptions and nobody has touched. A query, and a few for each exception that
    let something go."""
    found = alerts_of([item.rule for item in items], team_ids).filter(created_at=at, status=Status.OPEN, version=1)
    waiting, closed = defaultdict[str, list[tuple[int, int]]](list), list[int]()
    for rule_id, number, team_id in found.values_list("rule_id", "pk", "team_id"):
        waiting[rule_id].append((number, team_id))
    for item in items:
        if item.rule_id in waiting:
            closed += _covered_closed(item, waiting[item.rule_id], how, team_ids)
    return closed


def _covered_closed(
    item: ExceptionItem, alerts: Sequence[tuple[int, int]], how: Closing, team_ids: Sequence[int]
) -> list[int]:
    covering = Covering(parse_groups([item.entries]), {(item.rule_id, 0): item})
    covered = covering.of(alerts, len(alerts))
    return close_all(locked(covered, team_ids=team_ids), covered, covering, how).closed


def _opening(group: UUID | None, actor: User, now: datetime, team_ids: Sequence[int]) -> BulkAct | None:
    """What opens again what a worker closed, or was closing."""
    if group is None or not bulk.is_act(group):
        return None
    return bulk.take_back(act_id=group, actor=actor, now=now, team_ids=team_ids)
