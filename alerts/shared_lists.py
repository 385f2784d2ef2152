"""Shared exception lists put on rules and taken off them, their items switched on, off and removed.

What comes into force passes the true-positive guard on every rule, and what ends raises what it held back, as single
exceptions do; who may is asked on every rule, too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from accounts.models import Change, User
from accounts.selectors import teams_of
from alerts.exceptions.allowed import need_to_lift_all, need_to_save_on
from alerts.exceptions.guard import check_parts
from alerts.release import release_all
from alerts.retrying import retry_conflicts
from alerts.reviewing.signs import trees_of
from rules import epoch, shared
from rules.models import ExceptionItem, Rule
from rules.shared import Copies
from rules.shared.selectors import standing


@dataclass(frozen=True, slots=True)
class LetGo:
    """What an act changed, and how many held-back events became alerts."""

    copies: Copies
    alerts: int


@retry_conflicts
@transaction.atomic
def add_rules(
    *,
    list_id: str,
    rules: Sequence[Rule],
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> Copies:
    """Have the list's items hold for these rules too, past the guard.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, GuardRefused, ListGone, ListRefused.
    """
    need_to_save_on(actor, rules)
    epoch.bump()
    listed = shared.shared_list(list_id)
    known = set(listed.rules.values_list("pk", flat=True))
    new = [rule for rule in rules if rule.pk not in known]
    groups = [trees_of(one.shown) for one in shared.items_of(listed) if in_force(one.shown)]
    parts = [(new, groups)] if new and groups else []
    note = check_parts(parts, team_ids=teams_of(actor), actor=actor, override=override_guard_reason)
    return shared.add_rules(list_id=list_id, rules=new, note=note, actor=actor, now=now, door=door)


@retry_conflicts
@transaction.atomic
def remove_rules(
    *, list_id: str, rules: Iterable[Rule], actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> LetGo:
    """Take a list off rules. Raises: NotAllowed, NotYourTeam, ReviewNeeded, ListGone, ListRefused, RuleFailed."""
    chosen = list(rules)
    need_to_lift_all(actor, standing(shared.shared_list(list_id)).filter(rule__in=chosen))
    return raised(shared.remove_rules(list_id=list_id, rules=chosen, actor=actor, now=now, door=door), now)


@retry_conflicts
@transaction.atomic
def remove_list(
    *, list_id: str, version: int | None, actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> LetGo:
    """Remove a list from all its rules.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, ListGone, StaleList, RuleFailed.
    """
    need_to_lift_all(actor, standing(shared.shared_list(list_id)))
    return raised(shared.remove_list(list_id=list_id, version=version, actor=actor, now=now, door=door), now)


@retry_conflicts
@transaction.atomic
def switch_item(
    *,
    list_id: str,
    item_id: str,
    verb: str,
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> LetGo:
    """Switch an item of a list off or on, or remove it, for all its rules. Switching it on passes the guard first.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, GuardRefused, ListGone, ExceptionRefused, RuleFailed.
    """
    epoch.bump()
    told: dict[str, Any] = {"list_id": list_id, "item_id": item_id, "actor": actor, "now": now, "door": door}
    copies = list(standing(shared.shared_list(list_id)).filter(item_id=item_id))
    if verb == "enable":
        return LetGo(shared.enable_item(**told, note=checked(copies, actor, override_guard_reason)), 0)
    need_to_lift_all(actor, copies)
    return raised(SWITCHES[verb](**told), now)


def checked(copies: Sequence[ExceptionItem], actor: User, override: str) -> str:
    """The note for the record, once they may all come into force; copies that differ are guarded as they are."""
    need_to_save_on(actor, [copy.rule for copy in copies])
    alike: dict[bytes, list[ExceptionItem]] = {}
    for copy in copies:
        alike.setdefault(orjson.dumps(copy.entries, option=orjson.OPT_SORT_KEYS), []).append(copy)
    parts = [([one.rule for one in some], [trees_of(some[0])]) for some in alike.values()]
    return check_parts(parts, team_ids=teams_of(actor), actor=actor, override=override)


def in_force(item: ExceptionItem, *, enabled: bool | None = None) -> bool:
    """Whether it holds, or would if it were `enabled`."""
    on = item.enabled if enabled is None else enabled
    return on and not item.expired and not item.not_applied_because


SWITCHES: dict[str, Callable[..., Copies]] = {
    "disable": shared.disable_item,
    "enable": shared.enable_item,
    "remove": shared.remove_item,
}


def raised(copies: Copies, now: datetime) -> LetGo:
    """What an act let go, raised."""
    return LetGo(copies, release_all(copies.items, now).alerts)
