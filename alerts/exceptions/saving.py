"""Saving an exception from an alert: item, epoch, record and the alerts it closes, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_change
from alerts.errors import AlertNotFound, AlreadyExcepted, ReasonNeeded
from alerts.exceptions.allowed import need_to_save
from alerts.exceptions.covering import alerts_of, judge_alerts
from alerts.exceptions.entries import Entries, field_of, told
from alerts.exceptions.guard import check_guard
from alerts.models import Alert, Reason, Status
from alerts.retrying import retry_conflicts
from alerts.triage import checked_text, locked
from alerts.workflow import OBJECT_TYPE, Workflow, write
from engine import Tree
from engine.languages.exceptions import parse_each_entry
from rules import epoch
from rules.exceptions import create_item
from rules.models import ExceptionItem

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Added:
    """The new exception, the alerts it closed, the group to undo all of it by, and what the record says besides.

    `left_open` are the alerts that it covers and that were not closed, since they also stand for hits that were counted
    at them: whether it covers those too nobody knows.
    """

    item: ExceptionItem
    closed: list[int]
    group: UUID
    note: str = ""
    left_open: list[int] = field(default_factory=list)


@retry_conflicts
@transaction.atomic
def add(
    *,
    alert: Alert,
    entries: Entries,
    reason: str,
    name: str = "",
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    close_matching: str | None = None,
    close_note: str = "",
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Added:
    """Save an exception on the alert's rule, and close the person's open alerts that it covers with `close_matching`.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded, AlertNotFound, GuardRefused, AlreadyExcepted, ReasonNeeded,
    ExceptionEntryError, ExceptionRefused, TextRefused.
    """
    need_to_save(actor, alert.rule)
    if alert.team_id not in team_ids:
        raise AlertNotFound(alert.pk)
    return put_in_force(
        alert=alert,
        entries=entries,
        reason=reason,
        name=name,
        expires_at=expires_at,
        review_at=review_at,
        close_matching=close_matching,
        close_note=close_note,
        override_guard_reason=override_guard_reason,
        owner=actor,
        actor=actor,
        now=now,
        team_ids=team_ids,
        door=door,
    )


def put_in_force(
    *,
    alert: Alert,
    entries: Entries,
    reason: str,
    name: str,
    expires_at: datetime | None,
    review_at: datetime | None,
    close_matching: str | None,
    close_note: str,
    override_guard_reason: str,
    owner: User,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    told: str = "",
    on_alert: bool = True,
) -> Added:
    """What adding and approving come to, in the caller's transaction, once it has asked whether they may.

    The epoch is held exclusively from before the guard looks until the commit: a worker that is about to raise alerts
    either has committed them, and they are closed, or sees the exception first. `told` goes into the alert's record;
    where that is another team's by now (`on_alert` False), the caller writes the note of the answer where it belongs.
    """
    trees = parse_each_entry(entries)
    if close_matching is not None and close_matching not in Reason.values:
        raise ReasonNeeded
    epoch.bump()
    check_not_there(alert.rule_id, entries)
    guard_note = check_guard(
        rule=alert.rule, trees=trees, team_ids=team_ids, actor=actor, override=override_guard_reason
    )
    group = uuid4()
    item = create_item(
        rule=alert.rule,
        entries=entries,
        reason=reason,
        name=name.strip() or named_after(entries),
        expires_at=expires_at,
        review_at=review_at,
        owner=owner,
        from_alert=alert.pk,
        actor=actor,
        now=now,
        door=door,
        group=group,
    )
    note = " ".join(filter(None, (told, guard_note)))
    if on_alert:
        _record_on_alert(alert, item, note, actor, now, door, group)
    closing = _Closing(item, close_matching, checked_text(close_note, "note"), actor, now, door, group)
    closed, left_open = _close_covered(closing, trees, team_ids) if close_matching else ([], [])
    return Added(item, closed, group, note, left_open)


def check_not_there(rule_id: str, entries: Entries) -> None:
    """Refuse what the rule has already. One query. Raises: AlreadyExcepted."""
    in_force = ExceptionItem.objects.filter(rule_id=rule_id, enabled=True, expired=False, removed_at=None)
    same = in_force.filter(entries=[dict(entry) for entry in entries]).first()
    if same is not None:
        raise AlreadyExcepted(item_id=same.pk, name=same.name)


@dataclass(frozen=True, slots=True)
class _Closing:
    """How the covered alerts are closed."""

    item: ExceptionItem
    reason: str | None
    note: str
    actor: User
    now: datetime
    door: Change.Door
    group: UUID


def _close_covered(closing: _Closing, trees: Sequence[Tree], team_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Close what it covers, but for alerts that stand for more than their own event; returns both."""
    waiting = alerts_of(closing.item.rule, team_ids).exclude(status=Status.CLOSED)
    covered = [one.alert_id for one in judge_alerts(waiting.values_list("pk", "team_id"), trees) if one.covered]
    found = locked(covered, team_ids=team_ids)
    left_open = [alert.pk for alert in found if alert.suppressed and alert.status != Status.CLOSED]
    return [alert.pk for alert in found if not alert.suppressed and _close(alert, closing)], left_open


def _close(alert: Alert, closing: _Closing) -> bool:
    """Close one alert, unless a person closed it while this act waited for its row."""
    if alert.status == Status.CLOSED:
        return False
    new = Workflow.of(alert).with_status(
        Status.CLOSED, reason=closing.reason or "", now=closing.now, exception_id=closing.item.pk
    )
    return write(
        alert,
        new,
        verb="closed",
        actor=closing.actor,
        now=closing.now,
        door=closing.door,
        note=closing.note or f"Covered by the exception “{closing.item.name}”.",
        group=closing.group,
    )


def _record_on_alert(
    alert: Alert, item: ExceptionItem, note: str, actor: User, now: datetime, door: Change.Door, group: UUID
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="added an exception",
        object_type=OBJECT_TYPE,
        object_id=alert.pk,
        after={"exception": item.pk, "name": item.name},
        team=alert.team,
        note=note or item.reason,
        group=group,
    )


def named_after(entries: Entries) -> str:
    """A name from the conditions, for whoever gives none."""
    told_all = " and ".join(f"{field_of(entry)} {told(entry)}" for entry in entries)
    return told_all if len(told_all) <= MAX_NAME else f"{told_all[: MAX_NAME - 1]}…"
