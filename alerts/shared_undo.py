"""Changes of shared lists taken back: what comes into force again passes the guard, what ends raises what it held back.

Who may is asked on every rule, as when it is done the first time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.models import Change, User
from alerts.exceptions.allowed import need_to_lift_all, need_to_save_on
from alerts.retrying import retry_conflicts
from alerts.shared_lists import LetGo, checked, in_force, raised
from rules import epoch, shared
from rules.errors import NotUndoable
from rules.models import ExceptionItem, Rule
from rules.shared.selectors import standing


@dataclass(frozen=True, slots=True)
class _Asked:
    """The change, and who takes it back."""

    list_id: str
    change: Change
    override: str
    actor: User
    now: datetime
    door: Change.Door

    @property
    def inverse(self) -> Mapping[str, Any]:
        return self.change.inverse or {}

    @property
    def rules(self) -> list[Rule]:
        """The rules that the list was put on or taken off."""
        return list(Rule.objects.filter(pk__in=self.inverse.get("rules", [])).select_related("team").order_by("pk"))

    @property
    def by(self) -> dict[str, Any]:
        told = {"list_id": self.list_id, "actor": self.actor, "now": self.now}
        return {**told, "door": self.door, "undoes": self.change}


@retry_conflicts
@transaction.atomic
def undo_change(
    *,
    list_id: str,
    change_id: int,
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> LetGo:
    """Take a change of a shared list back within ten minutes: its name, the rules it is for, or that it was removed.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, GuardRefused, NotUndoable, ListGone, ListRefused, ExceptionRefused,
    RuleFailed.
    """
    epoch.bump()
    change = shared.change_of(list_id, change_id, now)
    return _WAYS[change.verb](_Asked(list_id, change, override_guard_reason, actor, now, door))


def _name_back(asked: _Asked) -> LetGo:
    row = shared.shared_list(asked.list_id)
    if (row.name, row.description) != (asked.change.after.get("name"), asked.change.after.get("description")):
        raise NotUndoable("The name has been changed since. Take that back first.")
    named = shared.edit_list(version=None, **asked.inverse["values"], **asked.by)
    return LetGo(shared.Copies(named, [], uuid4()), 0)


def _rules_off(asked: _Asked) -> LetGo:
    row, rules = shared.shared_list(asked.list_id), asked.rules
    need_to_lift_all(asked.actor, standing(row).filter(rule__in=rules))
    return raised(shared.remove_rules(rules=rules, **asked.by), asked.now)


def _rules_on(asked: _Asked) -> LetGo:
    rules = asked.rules
    need_to_save_on(asked.actor, rules)
    _check_untouched(asked)
    return LetGo(shared.restore_rules(rules=rules, **_items_back(asked), **asked.by), 0)


def _check_untouched(asked: _Asked) -> None:
    """Refuse where an exception of the list was changed or removed since: as it was it may be wanted no more."""
    items = ExceptionItem.objects.filter(list_id=asked.list_id).values_list("pk", flat=True)
    of_lists = Change.objects.filter(object_type=asked.change.object_type, group__isnull=False, pk__gte=asked.change.pk)
    since = Change.objects.filter(object_type="exception", pk__gt=asked.change.pk)
    since = since.exclude(group__in=of_lists.values("group"))  # taken off further rules along with their list
    if since.filter(object_id__in=[str(number) for number in items]).exists():
        raise NotUndoable("Exceptions of the list have been changed since. Put the list on the rules again instead.")


def _list_back(asked: _Asked) -> LetGo:
    return LetGo(shared.restore_list(**_items_back(asked), **asked.by), 0)


def _items_back(asked: _Asked) -> dict[str, Any]:
    """Which items come back and which of them switched off, once those that hold again have passed the guard."""
    numbers, off = asked.inverse.get("items", []), asked.inverse.get("off", [])
    rows = ExceptionItem.objects.filter(list_id=asked.list_id, pk__in=numbers, removed_at__isnull=False)
    items = list(rows.select_related("rule__team").order_by("pk"))
    need_to_save_on(asked.actor, [item.rule for item in items])
    holding = [item for item in items if item.pk not in off and in_force(item, enabled=True)]
    note = checked(holding, asked.actor, asked.override)
    return {"items": numbers, "off": off, "note": note}


_WAYS: Mapping[str, Callable[[_Asked], LetGo]] = {
    "edit": _name_back,
    "add rules": _rules_off,
    "remove rules": _rules_on,
    "remove": _list_back,
}
