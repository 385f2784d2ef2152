"""An exception edited, switched off and switched on again, with what that means for what it held back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from alerts.exceptions.allowed import need_to_lift, need_to_save, need_to_save_on
from alerts.exceptions.closing import Closing, Covering, Place
from alerts.exceptions.draft_keeping import withdraw_outdated
from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import EntryGroups, parse_groups
from alerts.exceptions.guard import check_guard
from alerts.exceptions.saving import MAX_NAME, By, check_closing, check_count, close_covered
from alerts.exceptions.taking_back import TakenBack
from alerts.models import BulkAct
from alerts.release import release, release_all
from alerts.retrying import retry_conflicts
from rules import epoch
from rules import shared as shared_items
from rules.errors import StaleException
from rules.exceptions import create_item, disable_item, edit_item, enable_item
from rules.models import ExceptionItem, Rule, SharedList
from rules.shared import list_of


@dataclass(frozen=True, slots=True)
class Edited:
    """The exception as it is now, and what became of the events it held back (as in TakenBack), and of the open alerts
    that it covers (as in Added). `group`: what the undo knows the act by. `withdrawn`: how many changes of it that the
    person had sent for review were withdrawn."""

    item: ExceptionItem
    group: UUID
    released: int
    gone: int = 0
    over: int = 0
    still_held: int = 0
    closed: list[int] = field(default_factory=list)
    left_open: list[int] = field(default_factory=list)
    act: BulkAct | None = None
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What an exception, seen in this version, is to say, and what becomes of the open alerts that it covers."""

    item: ExceptionItem
    version: int
    groups: EntryGroups
    reason: str
    name: str
    expires_at: datetime | None = None
    review_at: datetime | None = None
    close_matching: str | None = None
    override: str = ""


@retry_conflicts
@transaction.atomic
def edit(
    *,
    item: ExceptionItem,
    version: int,
    entries: Entries,
    reason: str,
    name: str,
    more: EntryGroups = (),
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    close_matching: str | None = None,
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Edited:
    """Replace what an exception says. It passes the true-positive guard anew; what it lets go is raised. `more` groups
    of entries become exceptions of their own, in the same act. An item of a shared list changes on all of its rules.
    The person's open alerts that it covers then are closed with `close_matching`, unless it is switched off. A change
    of it that he sent for review himself, and that waits, is withdrawn.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, GuardRefused, ExceptionEntryError, ExceptionRefused,
    ReasonNeeded, RuleFailed.
    """
    need_to_save(actor, item.rule)
    wanted = Rewritten(
        item=item,
        version=version,
        groups=[entries, *more],
        reason=reason,
        name=name,
        expires_at=expires_at,
        review_at=review_at,
        close_matching=close_matching,
        override=override_guard_reason,
    )
    edited = rewrite(wanted, By(actor, actor, now, team_ids, door), need_to_save_on, group)
    return replace(edited, withdrawn=withdraw_outdated(edited.item, actor, now, door, edited.group))


Allowing = Callable[[User, Iterable[Rule]], None]
"""Refuses who may not do it on these rules."""


def rewrite(wanted: Rewritten, by: By, allowing: Allowing, group: UUID | None = None) -> Edited:
    """What editing an exception and approving a change of it come to, in the caller's transaction. Its owner stays.

    `allowing` is asked once the rules of a shared list hold still. Raises: as edit.
    """
    item, close = wanted.item, wanted.close_matching
    check_closing(close)
    check_count(wanted.groups)
    groups = parse_groups(wanted.groups)
    epoch.bump()
    shared = list_of(item)
    rules = list(shared.rules.all()) if shared else [item.rule]
    allowing(by.actor, rules)
    passed = check_guard(rules=rules, groups=groups, team_ids=by.team_ids, actor=by.actor, override=wanted.override)
    note, group = " ".join(filter(None, (by.told, passed))), group or uuid4()
    said = _said(wanted, by, group)
    if shared is not None:
        edited, items = _edit_in_list(item, shared, wanted.version, wanted.groups, note, said)
    else:
        edited, items = _edit_on_rule(item, wanted.version, wanted.groups, note, said)
    if not close:
        return edited
    how = Closing(close, "", by.actor, by.now, by.door, group)
    in_force = {place: one for place, one in items.items() if one.enabled}
    done, act = close_covered(rules, Covering(groups, in_force), by.team_ids, how)
    return replace(edited, closed=done.closed, left_open=done.left_open, act=act)


def _said(wanted: Rewritten, by: By, group: UUID) -> dict[str, Any]:
    """What every exception of the act has in common, as rules/exceptions takes it."""
    said: dict[str, Any] = {"reason": wanted.reason, "name": wanted.name}
    said |= {"expires_at": wanted.expires_at, "review_at": wanted.review_at}
    return said | {"actor": by.actor, "now": by.now, "door": by.door, "group": group}


_Edits = tuple[Edited, dict[Place, ExceptionItem]]
"""What became of the exception, and every one that the act changed or made."""


def _edit_on_rule(item: ExceptionItem, version: int, groups: EntryGroups, note: str, said: dict[str, Any]) -> _Edits:
    """The exception of one rule; further groups become exceptions beside it, of the same act."""
    changed = edit_item(item=item, version=version, entries=groups[0], note=note, **said)
    items: dict[Place, ExceptionItem] = {(item.rule_id, 0): changed}
    for at, one in enumerate(groups[1:], start=1):
        made = create_item(rule=item.rule, entries=one, **said | {"name": _numbered(said["name"], at + 1)})
        items[item.rule_id, at] = made
    let_go = release(item=changed, now=said["now"])
    return Edited(changed, said["group"], let_go.alerts, let_go.gone, let_go.over, let_go.still_held), items


def _edit_in_list(
    item: ExceptionItem,
    shared: SharedList,
    version: int,
    groups: EntryGroups,
    note: str,
    said: dict[str, Any],
) -> _Edits:
    """Every copy of a shared list's item; further groups become items of the list."""
    if item.version != version:
        raise StaleException(item.pk, version, item.version, item.updated_at)
    copies = shared_items.edit_item(
        list_id=shared.pk, item_id=item.item_id, version=None, entries=groups[0], note=note, **said
    )
    items: dict[Place, ExceptionItem] = {(copy.rule_id, 0): copy for copy in copies.items}
    for at, one in enumerate(groups[1:], start=1):
        named = said | {"name": _numbered(said["name"], at + 1)}
        made = shared_items.add_item(list_id=shared.pk, entries=one, **named)
        items |= {(copy.rule_id, at): copy for copy in made.items}
    let_go = release_all(copies.items, said["now"])
    mine = next((copy for copy in copies.items if copy.pk == item.pk), item)
    return Edited(mine, said["group"], let_go.alerts, let_go.gone, let_go.over, let_go.still_held), items


def _numbered(name: str, number: int) -> str:
    return f"{name[: MAX_NAME - 5]} ({number})"


@retry_conflicts
@transaction.atomic
def disable(
    *,
    item: ExceptionItem,
    version: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int] = (),  # noqa: ARG001 - the doors call every act alike
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> TakenBack:
    """Switch an exception off and raise what it held back, as far as it is still stored.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, RuleFailed.
    """
    need_to_lift(actor, item)
    switched = disable_item(item=item, version=version, actor=actor, now=now, door=door, group=group or uuid4())
    released = release(item=switched, now=now)
    return TakenBack(switched, released.alerts, released.gone, [], released.over, released.still_held)


@retry_conflicts
@transaction.atomic
def enable(
    *,
    item: ExceptionItem,
    version: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    override_guard_reason: str = "",
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionItem:
    """Switch an exception on again; what became of its alerts meanwhile passes the guard first.

    `override_guard_reason` has it enabled nevertheless, by who may, and is recorded.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, StaleException, ExceptionGone, ExceptionRefused, GuardRefused.
    """
    need_to_save(actor, item.rule)
    groups = parse_groups([item.entries])
    epoch.bump()
    note = check_guard(rules=item.rule, groups=groups, team_ids=team_ids, actor=actor, override=override_guard_reason)
    by: dict[str, Any] = {"actor": actor, "now": now, "door": door, "group": group or uuid4()}
    return enable_item(item=item, version=version, note=note, **by)
