"""A case's own state as one value, and the one way to store it: written, counted up and recorded in one step.

The record's entries have the object type "case" and the case's number. Those of a change of state (STATE_VERBS) hold
the whole state before and after, with the version, so that the newest one says how the case stood at any past time.
What joined or left stands beside it as "added" and "removed". Entries about tasks hold the task's state, those about
what people wrote the number of the entry; neither counts the case's version up, so they never get into the way of
somebody who is editing the case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Change, User
from accounts.record import record_change
from cases.errors import CaseClosed, CaseNotFound
from cases.models import Case, Status
from cases.stale import stale

OBJECT_TYPE = "case"
OPEN, CHANGE, JOIN, LEAVE, CLOSE, REOPEN = "open", "change", "join", "leave", "close", "reopen"
WROTE, TASK_ADD, TASK_CHANGE = "wrote", "task_add", "task_change"
STATE_VERBS = (OPEN, CHANGE, JOIN, LEAVE, CLOSE, REOPEN)


@dataclass(frozen=True, slots=True)
class CaseState:
    """Everything about a case that people change."""

    team_id: int
    title: str
    summary: str
    severity: int
    status: str
    phase: str
    owner_id: int | None
    next_step: str
    due_at: datetime | None
    hold_reason: str
    wake_at: datetime | None
    tags: tuple[str, ...]
    outcome: str
    closing_note: str
    opened_at: datetime
    closed_at: datetime | None
    demo: bool

    @classmethod
    def of(cls, case: Case) -> "CaseState":
        """How this case stands now."""
        values = {field.name: getattr(case, field.name) for field in fields(cls)}
        return cls(**values | {"tags": tuple(case.tags)})

    def to_json(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {key: _json(value) for key, value in asdict(self).items()}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def locked_case(
    case_id: int, *, team_ids: Sequence[int], version: int | None = None, closed: bool | None = False
) -> Case:
    """The case, locked until the transaction ends. The first lock of every act; alerts come after it.

    `closed` says whether it has to be closed (None: no matter). The lock lets others write on the case meanwhile.

    Raises: CaseNotFound, StaleCase, CaseClosed.
    """
    found = Case.objects.select_for_update(of=("self",), no_key=True).select_related("team", "owner")
    case = found.filter(pk=case_id, team_id__in=team_ids).first() if 0 < case_id < 2**63 else None
    if case is None:
        raise CaseNotFound(case_id)
    if version is not None and version != case.version:
        raise stale(case)
    if closed is False and case.status == Status.CLOSED:
        raise CaseClosed(case_id)
    return case


def write(
    case: Case,
    new: CaseState,
    *,
    verb: str,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    note: str = "",
    group: UUID | None = None,
    besides: Mapping[str, Any] | None = None,
    undoes: Change | None = None,
) -> Change | None:
    """Store how a locked case stands and record it; None when nothing changed and nothing joined or left.

    `besides` goes into the record beside the state, such as {"added": [numbers of alerts]}.
    """
    old = CaseState.of(case)
    if old == new and not besides:
        return None
    before = old.to_json() | {"version": case.version}
    _assign(case, new, now)
    return record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=case.pk,
        before=before,
        after=new.to_json() | {"version": case.version, **(besides or {})},
        team=case.team,
        note=note,
        group=group,
        undoes=undoes,
    )


def _assign(case: Case, new: CaseState, now: datetime) -> None:
    values = asdict(new) | {"tags": list(new.tags)}
    for name, value in values.items():
        setattr(case, name, value)
    case.version += 1
    case.updated_at = now
    case.save(update_fields=[*values, "version", "updated_at"])
