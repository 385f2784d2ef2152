"""The tasks of a case: people's own, and the response steps of its alerts' guides, each taken at most once.

Whoever ticks a task stands in its row, and every tick in the record. Tasks have versions of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from cases import checking
from cases.errors import FieldRefused, TaskNotFound
from cases.models import Case, Task
from cases.selectors.steps import OfferedStep, offered_steps
from cases.stale import stale_task
from cases.telling import tell_task_owner
from cases.workflow import OBJECT_TYPE, TASK_ADD, TASK_CHANGE, locked_case

__all__ = ["OfferedStep", "add_task", "change_task", "offered_steps", "take_steps"]
MOST = 200
WRITABLE = frozenset({"text", "owner", "due_at", "state"})


@dataclass(frozen=True, slots=True)
class TaskState:
    """Everything about a task that people change."""

    text: str
    owner_id: int | None
    due_at: datetime | None
    state: str
    settled_by_id: int | None
    settled_at: datetime | None

    @classmethod
    def of(cls, task: Task) -> "TaskState":
        """How this task stands now."""
        return cls(task.text, task.owner_id, task.due_at, task.state, task.settled_by_id, task.settled_at)

    def settled(self, state: str, actor: User, now: datetime) -> "TaskState":
        """In another state; done and dropped say by whom and when."""
        if state == self.state:
            return self
        if state == Task.State.OPEN:
            return replace(self, state=state, settled_by_id=None, settled_at=None)
        return replace(self, state=state, settled_by_id=actor.pk, settled_at=now)

    def to_json(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TaskState":
        """What `to_json` wrote."""
        times = ("due_at", "settled_at")
        read = {name: datetime.fromisoformat(data[name]) if data[name] else None for name in times}
        return cls(**{name: data[name] for name in ("text", "owner_id", "state", "settled_by_id")} | read)


def add_task(
    *,
    case_id: int,
    text: str,
    owner: User | None = None,
    due_at: datetime | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Task:
    """Add a task of one's own.

    Raises: NotAllowed, CaseNotFound, CaseClosed, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    text = checking.needed_line(text, "text", checking.MAX_TASK, "Write what is to be done.")
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids)
        _check_room(case, 1)
        task = Task(
            text=text,
            owner=checking.owner(owner, case.team_id),
            due_at=checking.moment(due_at, "due_at"),
        )
        return _added(case, task, actor=actor, now=now, door=door, group=None)


def change_task(
    *,
    task_id: int,
    version: int | None,
    changes: Mapping[str, object],
    case_id: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Task:
    """Set a task's text, owner, due date or state (open, done, dropped); what is not named stays.

    `case_id` is the case that the task has to be of, where the caller names one.

    Raises: NotAllowed, TaskNotFound, StaleTask, CaseClosed, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    unknown = set(changes) - WRITABLE
    if unknown:
        raise FieldRefused(min(unknown), f"“{min(unknown)}” is not something that is changed on a task.")
    with transaction.atomic():
        case = locked_case(_case_of(task_id, case_id, team_ids), team_ids=team_ids)
        task = Task.objects.select_for_update(of=("self",)).select_related("owner", "settled_by").get(pk=task_id)
        if version is not None and version != task.version:
            raise stale_task(task)
        new, owner = _with(task, changes, case, actor, now)
        moved = new.owner_id != task.owner_id
        if _write(task, case, new, actor=actor, now=now, door=door, group=None) and moved:
            tell_task_owner(task, case, owner, actor=actor, now=now)
    return task


def take_steps(
    *,
    case_id: int,
    keys: Sequence[str],
    owner: User | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> list[Task]:
    """Make tasks of offered response steps, in the order in which they are offered; those taken already are left out.

    Raises: NotAllowed, CaseNotFound, CaseClosed, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    wanted = set(keys)
    with transaction.atomic():
        case = locked_case(case_id, team_ids=team_ids)
        steps = [step for step in offered_steps(case) if step.key in wanted]
        _check_room(case, len(steps))
        owner = checking.owner(owner, case.team_id)
        group = uuid4()
        tasks = [Task(text=step.text, origin=step.origin, step=step.key, owner=owner) for step in steps]
        return [_added(case, task, actor=actor, now=now, door=door, group=group) for task in tasks]


def drop_open(case: Case, *, actor: User, now: datetime, door: Change.Door, group: UUID) -> list[int]:
    """Mark the open tasks of a locked case as not needed; part of the caller's transaction."""
    tasks = list(Task.objects.select_for_update().filter(case=case, state=Task.State.OPEN).order_by("pk"))
    for task in tasks:
        new = TaskState.of(task).settled(Task.State.DROPPED, actor, now)
        _write(task, case, new, actor=actor, now=now, door=door, group=group)
    return [task.pk for task in tasks]


def restore_dropped(
    case: Case, changes: Sequence[Change], *, actor: User, now: datetime, door: Change.Door, group: UUID
) -> None:
    """Put back the tasks that these changes dropped, unless somebody changed them since."""
    dropped = {change.after["task"]: change for change in changes if change.verb == TASK_CHANGE}
    tasks = Task.objects.select_for_update().filter(case=case, pk__in=dropped).order_by("pk")
    for task in tasks:
        change = dropped[task.pk]
        if task.version == change.after["version"]:
            was = TaskState.from_json(change.before)
            _write(task, case, was, actor=actor, now=now, door=door, group=group, undoes=change)


def _with(
    task: Task, changes: Mapping[str, object], case: Case, actor: User, now: datetime
) -> tuple[TaskState, User | None]:
    new, owner = TaskState.of(task), task.owner
    if "text" in changes:
        text = checking.needed_line(changes["text"], "text", checking.MAX_TASK, "Write what is to be done.")
        new = replace(new, text=text)
    if "owner" in changes:
        owner = checking.owner(changes["owner"], case.team_id)
        new = replace(new, owner_id=owner.pk if owner else None)
    if "due_at" in changes:
        new = replace(new, due_at=checking.moment(changes["due_at"], "due_at"))
    if "state" in changes:
        new = new.settled(_state(changes["state"]), actor, now)
    return new, owner


def _state(value: object) -> str:
    if value in Task.State.values:
        return str(value)
    raise FieldRefused("state", "A task is open, done or not needed.")


def _case_of(task_id: int, case_id: int | None, team_ids: Sequence[int]) -> int:
    tasks = Task.objects.filter(pk=task_id, case__team_id__in=team_ids)
    found = tasks.values_list("case_id", flat=True).first() if 0 < task_id < 2**63 else None
    if found is None or case_id not in (None, found):
        raise TaskNotFound(task_id)
    return found


def _check_room(case: Case, more: int) -> None:
    if Task.objects.filter(case=case).count() + more > MOST:
        raise FieldRefused("text", f"A case has at most {MOST} tasks. Open a second case for the rest.")


def _added(case: Case, task: Task, *, actor: User, now: datetime, door: Change.Door, group: UUID | None) -> Task:
    task.case, task.created_at, task.created_by = case, now, actor
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError as error:
        raise FieldRefused("keys", "This step is a task already.") from error
    after = _told(task, TaskState.of(task))
    _record(case, TASK_ADD, {}, after, actor=actor, now=now, door=door, group=group)
    tell_task_owner(task, case, task.owner, actor=actor, now=now)
    return task


def _write(
    task: Task,
    case: Case,
    new: TaskState,
    *,
    actor: User,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
    undoes: Change | None = None,
) -> bool:
    old = TaskState.of(task)
    if old == new:
        return False
    before = _told(task, old)
    for name, value in asdict(new).items():
        setattr(task, name, value)
    task.version += 1
    task.save(update_fields=[*asdict(new), "version"])
    _record(case, TASK_CHANGE, before, _told(task, new), actor=actor, now=now, door=door, group=group, undoes=undoes)
    return True


def _told(task: Task, state: TaskState) -> dict[str, Any]:
    return state.to_json() | {"task": task.pk, "origin": task.origin, "version": task.version}


def _record(
    case: Case,
    verb: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    actor: User,
    now: datetime,
    door: Change.Door,
    group: UUID | None,
    undoes: Change | None = None,
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=case.pk,
        before=before,
        after=after,
        team=case.team,
        group=group,
        undoes=undoes,
    )
