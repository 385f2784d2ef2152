"""A case ends, and with it the open alerts in it; and it begins again.

Taken back within ten minutes, everything stands as before: the alerts that were closed with the case and the tasks that
were dropped. Reopened later, the case goes on and its alerts keep their verdicts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from accounts.roles import Permission
from alerts.models import Alert, Reason
from alerts.models import Status as AlertStatus
from alerts.restoring import changes_of, restore
from alerts.triage import close_in_case
from cases import checking
from cases.errors import FieldRefused, NotClosed, NothingToUndo, OpenTasks, TooLate
from cases.models import Case, Outcome, Status, Task
from cases.todo import drop_open, restore_dropped
from cases.workflow import CLOSE, OBJECT_TYPE, REOPEN, CaseState, locked_case, write

REASONS = {outcome.value: outcome.value for outcome in Outcome} | {Outcome.INCONCLUSIVE.value: Reason.OTHER.value}
"""The verdict that an outcome gives to the case's alerts."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The case, and the alerts that were closed with it, or opened again."""

    case: Case
    alerts: list[int]


def close(
    *,
    case_id: int,
    version: int | None,
    outcome: str,
    note: str = "",
    close_alerts: bool = True,
    drop_tasks: bool = False,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Closed:
    """Close a case with what it turned out to be; with `close_alerts` its open alerts get that as their verdict.

    Alerts that are closed already keep their own verdict, alerts of another team are left alone. With `drop_tasks`
    the tasks that are left count as not needed.

    Raises: NotAllowed, CaseNotFound, StaleCase, CaseClosed, OpenTasks, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    outcome, note = checking.outcome(outcome), checking.note(note)
    if outcome == Outcome.INCONCLUSIVE and not note:
        raise FieldRefused("note", "Write a note: “inconclusive” does not say why it ends here.")
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids, version=version)
        group = uuid4()
        _settle_tasks(case, drop_tasks, actor=actor, now=now, door=door, group=group)
        closed = (
            _close_alerts(case, outcome, note, actor=actor, now=now, door=door, group=group) if close_alerts else []
        )
        new = replace(
            CaseState.of(case),
            status=Status.CLOSED.value,
            outcome=outcome,
            closing_note=note,
            closed_at=now,
            hold_reason="",
            wake_at=None,
        )
        besides = {"closed_alerts": closed}
        write(case, new, verb=CLOSE, actor=actor, now=now, door=door, note=note, group=group, besides=besides)
    return Closed(case, closed)


def reopen(
    *,
    case_id: int,
    version: int | None,
    note: str = "",
    undo: bool = False,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Closed:
    """Go on with a closed case. With `undo`, within ten minutes of closing it, as if it had not been closed.

    Undone, its alerts and dropped tasks are put back; those that somebody has changed since stay as they are.

    Raises: NotAllowed, CaseNotFound, StaleCase, NotClosed, FieldRefused; with `undo` also TooLate, NothingToUndo.
    """
    need(actor, Permission.WORK_CASES)
    note = checking.note(note)
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids, version=version, closed=None)
        if case.status != Status.CLOSED:
            raise NotClosed(case_id)
        state = replace(CaseState.of(case), outcome="", closing_note="", closed_at=None)
        if not undo:
            new = replace(state, status=Status.IN_PROGRESS.value)
            write(case, new, verb=REOPEN, actor=actor, now=now, door=door, note=note, besides={"undo": False})
            return Closed(case, [])
        return _undo(case, state, note, actor=actor, now=now, door=door)


def _undo(case: Case, state: CaseState, note: str, *, actor: User, now: datetime, door: Change.Door) -> Closed:
    closure = _closure_of(case, now)
    changes = changes_of(closure.group) if closure.group else []
    was = closure.before
    group = uuid4()
    restored = restore(changes, actor=actor, now=now, team_ids=[case.team_id], door=door, skip_moved=True)
    restore_dropped(case, changes, actor=actor, now=now, door=door, group=group)
    wake_at = datetime.fromisoformat(was["wake_at"]) if was["wake_at"] else None
    new = replace(state, status=was["status"], hold_reason=was["hold_reason"], wake_at=wake_at)
    besides = {"undo": True, "reopened_alerts": restored}
    write(
        case, new, verb=REOPEN, actor=actor, now=now, door=door, note=note, group=group, besides=besides, undoes=closure
    )
    return Closed(case, restored)


def _closure_of(case: Case, now: datetime) -> Change:
    """The closing that is to be taken back. Raises: TooLate, NothingToUndo."""
    closures = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(case.pk), verb=CLOSE)
    closure = closures.order_by("-at", "-pk").first()
    if closure is None or closure.after.get("version") != case.version:
        raise NothingToUndo(case.pk)
    if now - closure.at > UNDO_WINDOW:
        raise TooLate(case.pk)
    return closure


def _settle_tasks(case: Case, drop: bool, *, actor: User, now: datetime, door: Change.Door, group: UUID) -> None:
    waiting = Task.objects.filter(case=case, state=Task.State.OPEN)
    if drop:
        drop_open(case, actor=actor, now=now, door=door, group=group)
    elif number := waiting.count():
        raise OpenTasks(case_id=case.pk, number=number)


def _close_alerts(
    case: Case, outcome: str, note: str, *, actor: User, now: datetime, door: Change.Door, group: UUID
) -> list[int]:
    mine = Alert.objects.filter(in_case__case=case, team_id=case.team_id).exclude(status=AlertStatus.CLOSED)
    numbers = list(mine.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if not numbers:
        return []
    done = close_in_case(
        alert_ids=numbers,
        reason=REASONS[outcome],
        note=note,
        case_label=str(case),
        actor=actor,
        now=now,
        team_ids=[case.team_id],
        door=door,
        group=group,
    )
    return done.changed
