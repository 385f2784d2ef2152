"""A case is changed: its words, who owns it, what comes next and when, where it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.roles import Permission
from cases import checking
from cases.errors import FieldRefused
from cases.models import Case, Status
from cases.telling import tell_owner
from cases.workflow import CHANGE, CaseState, locked_case, write

# What a person may write, each with what checks it. The owner is beside it: he is checked against the case's team.
FIELDS: Mapping[str, Callable[[object], Any]] = {
    "title": checking.title,
    "summary": lambda value: checking.long_text(value, "summary"),
    "severity": checking.severity,
    "status": checking.status,
    "phase": checking.phase,
    "next_step": lambda value: checking.line(value, "next_step", checking.MAX_STEP),
    "due_at": lambda value: checking.moment(value, "due_at"),
    "hold_reason": lambda value: checking.line(value, "hold_reason", checking.MAX_STEP),
    "wake_at": lambda value: checking.moment(value, "wake_at"),
    "tags": checking.tags,
}
OWNER = "owner"


def change(
    *,
    case_id: int,
    version: int | None,
    changes: Mapping[str, object],
    note: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Case:
    """Set fields of a case (FIELDS and "owner", a User or None); what is not named stays.

    `version` is the one the person saw. The first change of an open case puts it in progress, unless the change says
    otherwise. Leaving "on hold" forgets what it waited for. Nothing is recorded when nothing changes.

    Raises: NotAllowed, CaseNotFound, StaleCase, CaseClosed, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    wanted = {name: _checked(name, value) for name, value in changes.items() if name != OWNER}
    note = checking.note(note)
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids, version=version)
        old, owner = CaseState.of(case), case.owner
        if OWNER in changes:
            owner = checking.owner(changes[OWNER], case.team_id)
            wanted["owner_id"] = owner.pk if owner else None
        new = _held(_started(old, replace(old, **wanted), wanted))
        write(case, new, verb=CHANGE, actor=actor, now=now, door=door, note=note)
        case.owner = owner
        if new.owner_id != old.owner_id:
            tell_owner(case, owner, actor=actor, now=now)
    return case


def _checked(name: str, value: object) -> Any:
    if name not in FIELDS:
        raise FieldRefused(name, f"“{name}” is not something that is changed on a case.")
    return FIELDS[name](value)


def _started(old: CaseState, new: CaseState, wanted: Mapping[str, object]) -> CaseState:
    """The first change that a person makes puts an open case in progress."""
    if "status" in wanted or old.status != Status.OPEN or new == old:
        return new
    return replace(new, status=Status.IN_PROGRESS.value)


def _held(state: CaseState) -> CaseState:
    """A case on hold says what it waits for; one that is not waits for nothing."""
    if state.status != Status.ON_HOLD:
        return replace(state, hold_reason="", wake_at=None)
    if not state.hold_reason:
        raise FieldRefused("hold_reason", "Write what the case waits for.")
    return state
