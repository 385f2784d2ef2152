"""Shared exception lists taken off rules, or removed, with what their exceptions held back raised again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import Change, User
from alerts.release import release
from alerts.retrying import retry_conflicts
from rules import shared
from rules.models import Rule
from rules.shared import Copies


@dataclass(frozen=True, slots=True)
class LetGo:
    """What an act changed, and how many held-back events became alerts."""

    copies: Copies
    alerts: int


@retry_conflicts
@transaction.atomic
def remove_rules(
    *, list_id: str, rules: Iterable[Rule], actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> LetGo:
    """Take a list off rules. Raises: NotAllowed, ListGone, ListRefused, RuleFailed."""
    return _raised(shared.remove_rules(list_id=list_id, rules=rules, actor=actor, now=now, door=door), now)


@retry_conflicts
@transaction.atomic
def remove_list(
    *, list_id: str, version: int | None, actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> LetGo:
    """Remove a list from all its rules. Raises: NotAllowed, ListGone, StaleList, RuleFailed."""
    return _raised(shared.remove_list(list_id=list_id, version=version, actor=actor, now=now, door=door), now)


@retry_conflicts
@transaction.atomic
def switch_item(
    *, list_id: str, item_id: str, verb: str, actor: User, now: datetime, door: Change.Door = Change.Door.PAGE
) -> LetGo:
    """Switch an item of a list off or on, or remove it, for all its rules.

    Raises: NotAllowed, ListGone, ExceptionRefused, RuleFailed.
    """
    copies = SWITCHES[verb](list_id=list_id, item_id=item_id, actor=actor, now=now, door=door)
    return LetGo(copies, 0) if verb == "enable" else _raised(copies, now)


SWITCHES: dict[str, Callable[..., Copies]] = {
    "disable": shared.disable_item,
    "enable": shared.enable_item,
    "remove": shared.remove_item,
}


def _raised(copies: Copies, now: datetime) -> LetGo:
    return LetGo(copies, sum(release(item=item, now=now).alerts for item in copies.items))
