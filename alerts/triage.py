"""What people do with alerts: status, reason, owner. Each act is recorded with its inverse.

One act on many alerts is one group in the record, so that it is undone as one (alerts/undo.py); an act that is part of
a larger one takes its `group`. Alerts are locked in the order of their numbers, so that two bulk acts cannot wait for
each other. What they write on alerts: alerts/notes.py; another team's queue: alerts/escalation.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import may, need
from accounts.models import Change, User
from accounts.roles import Permission
from alerts import duplicates, telling
from alerts.errors import AlertNotFound, AssigneeRefused, FaultRefused, NoteNeeded, ReasonNeeded, TextRefused
from alerts.models import Alert, Fault, Reason, Status
from alerts.stale import stale
from alerts.workflow import Move, Workflow, write, write_all

MAX_TEXT = 10_000
VERBS = {Status.OPEN: "reopened", Status.ACKNOWLEDGED: "acknowledged", Status.CLOSED: "closed"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which alerts an act changed, and the group to undo it by (None when it changed nothing); `taken`: how many of
    them got an owner by being acknowledged."""

    changed: list[int]
    group: UUID | None
    taken: int = 0


def set_status(
    *,
    alert_ids: Sequence[int],
    status: str,
    reason: str = "",
    note: str = "",
    fault: str = "",
    duplicate_of: int | None = None,
    versions: Mapping[int, int] | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Outcome:
    """Open, acknowledge or close alerts; those that already are as asked stay untouched.

    Who acknowledges an alert that nobody owns takes it, in the same entry of the record and by the same undo.
    `versions` are the versions the person saw: one that moved on refuses the whole act. `duplicate_of` is the original
    of what is closed as duplicates; that one among them stays as it is, and with another reason it means nothing.
    `fault` says why a false positive is one; it may be left unsaid, and is said of nothing else.

    Raises: NotAllowed, AlertNotFound, StaleAlert, ReasonNeeded, NoteNeeded, FaultRefused, TextRefused,
    DuplicateRefused.
    """
    need(actor, Permission.TRIAGE)
    wanted, why = Status(status), _reason_for(status, reason, note, fault)
    original = duplicate_of if why == Reason.DUPLICATE else None
    with transaction.atomic():
        if original is None:
            alerts = locked(alert_ids, versions=versions, team_ids=team_ids)
        else:
            alerts = _locked_with(original, list(alert_ids), versions, team_ids)
        group, told = group or uuid4(), _told(note, original)
        moves = [Move(one, _turned(one, wanted, why, fault, actor, now, original), told) for one in alerts]
        taken = sum(move.new.assignee_id != move.alert.assignee_id for move in moves)
        changed = write_all(moves, verb=VERBS[wanted], actor=actor, now=now, door=door, group=group)
    return Outcome(changed, group if changed else None, taken)


def _locked_with(
    original: int, alert_ids: Sequence[int], versions: Mapping[int, int] | None, team_ids: Sequence[int]
) -> list[Alert]:
    """What can be closed as duplicates of the original, locked together with it. Raises as `closable`, and `locked`."""
    duplicates.one_at_a_time()
    duplicates.checked_original(original, team_ids)
    seen = None if versions is None else {number: seen for number, seen in versions.items() if number != original}
    alerts = locked({*alert_ids, original}, versions=seen, team_ids=team_ids)
    rest = set(duplicates.closable(alert_ids, original))
    return [alert for alert in alerts if alert.pk in rest]


def _told(note: str, original: int | None) -> str:
    """The note in the record; that of a duplicate begins with its original."""
    return note.strip() if original is None else f"Duplicate of AL-{original}. {note}".strip()


def _turned(
    alert: Alert, status: Status, reason: str, fault: str, actor: User, now: datetime, duplicate_of: int | None
) -> Workflow:
    """The alert in its new status; an acknowledged one is owned by who had it, else by who acknowledges it."""
    turned = Workflow.of(alert).with_status(status, reason=reason, now=now, duplicate_of=duplicate_of, fault=fault)
    if status != Status.ACKNOWLEDGED or turned.assignee_id is not None:
        return turned
    return turned.with_assignee(actor.pk, now=now)


def assign(
    *,
    alert_ids: Sequence[int],
    assignee: User | None,
    versions: Mapping[int, int] | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Outcome:
    """Give alerts an owner, or none, and tell him. The first owner is the first human act on an alert.

    Raises: NotAllowed, AlertNotFound, StaleAlert, AssigneeRefused.
    """
    need(actor, Permission.TRIAGE)
    with transaction.atomic():
        alerts = locked(alert_ids, versions=versions, team_ids=team_ids)
        _check_assignee(assignee, alerts)
        group, changed = group or uuid4(), list[Alert]()
        for alert in alerts:
            new = Workflow.of(alert).with_assignee(assignee.pk if assignee else None, now=now)
            verb = "assigned" if assignee else "unassigned"
            note = str(assignee) if assignee else ""
            if write(alert, new, verb=verb, actor=actor, now=now, door=door, note=note, group=group):
                changed.append(alert)
        if assignee is not None:
            telling.assigned(alerts=changed, to=assignee, group=group, actor=actor, now=now)
    return Outcome([alert.pk for alert in changed], group if changed else None)


def close_in_case(
    *,
    alert_ids: Sequence[int],
    reason: str,
    note: str,
    case_label: str,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    group: UUID,
) -> Outcome:
    """Close the alerts of a case that ends, as part of the caller's act; those that are closed keep their verdict.

    The note in the record begins with the case, which is why the reason "other" needs none of its own here.

    Raises: NotAllowed, AlertNotFound, ReasonNeeded, TextRefused.
    """
    told = f"{case_label}: {note}" if note.strip() else case_label
    waiting = Alert.objects.filter(pk__in=alert_ids).exclude(status=Status.CLOSED)
    return set_status(
        alert_ids=list(waiting.values_list("pk", flat=True)),
        status=Status.CLOSED,
        reason=reason,
        note=told,
        actor=actor,
        now=now,
        team_ids=team_ids,
        door=door,
        group=group,
    )


def locked(
    alert_ids: Iterable[int], *, versions: Mapping[int, int] | None = None, team_ids: Sequence[int]
) -> list[Alert]:
    """The alerts, locked until the transaction ends, in the order of their numbers.

    Raises: AlertNotFound, StaleAlert.
    """
    wanted = sorted(set(alert_ids))
    found = Alert.objects.select_for_update(of=("self",)).filter(pk__in=wanted, team_id__in=team_ids)
    alerts = list(found.select_related("team").order_by("pk"))
    missing = set(wanted) - {alert.pk for alert in alerts}
    if missing:
        raise AlertNotFound(min(missing))
    for alert in alerts:
        if versions is not None and versions.get(alert.pk, alert.version) != alert.version:
            raise stale(alert)
    return alerts


def checked_text(text: str, what: str) -> str:
    """The text as it is kept: without surrounding blanks and NULs. Raises: TextRefused when it is too long."""
    text = text.replace("\x00", "").strip()
    if len(text) > MAX_TEXT:
        raise TextRefused(f"The {what} is {len(text):,} characters long; at most {MAX_TEXT:,} are kept.")
    return text


def _reason_for(status: str, reason: str, note: str, fault: str) -> str:
    checked_text(note, "note")
    if status == Status.CLOSED:
        return checked_reason(reason, note, fault)
    if fault:
        raise FaultRefused
    return ""


def checked_reason(reason: str, note: str, fault: str = "") -> str:
    """The reason for closing. Raises: ReasonNeeded, NoteNeeded, FaultRefused, TextRefused."""
    checked_text(note, "note")
    if reason not in Reason.values:
        raise ReasonNeeded
    if reason == Reason.OTHER and not note.strip():
        raise NoteNeeded
    if fault and (reason != Reason.FALSE_POSITIVE or fault not in Fault.values):
        raise FaultRefused
    return reason


def _check_assignee(assignee: User | None, alerts: Sequence[Alert]) -> None:
    if assignee is None:
        return
    if not assignee.is_active or not may(assignee, Permission.TRIAGE):
        raise AssigneeRefused(f"{assignee} cannot work on alerts.")
    teams = {alert.team_id for alert in alerts}
    member_of = set(assignee.teams.filter(pk__in=teams).values_list("pk", flat=True))
    if not teams <= member_of and not may(assignee, Permission.MANAGE_USERS):
        raise AssigneeRefused(f"{assignee} is not in the team of every alert.")
