"""Exceptions that wait for a second pair of eyes: sent for review, approved, returned with a wish, withdrawn.

A draft takes no event out of anything. Approving it asks everything anew that adding an exception asks: whether the
entries can be read, whether the rule has them already, and whether a true positive would have been hidden. A draft may
be of a change of a stored exception (alerts/exceptions/drafted_changes.py); what is done to it here is the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.access import may, need
from accounts.models import Change, User
from accounts.roles import Permission
from alerts.errors import (
    AlertNotFound,
    AlreadyExcepted,
    DraftNotFound,
    NoteNeeded,
    NothingToUndo,
    OwnDraft,
    ScopeRefused,
)
from alerts.exceptions.changing import Edited
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.draft_keeping import (
    State,
    about,
    further_groups,
    locked,
    replace_draft,
    sent,
    settle,
    tell,
)
from alerts.exceptions.drafted_changes import check_none_waits, put_change_in_force
from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import EntryGroups
from alerts.exceptions.saving import (
    Added,
    By,
    Wanted,
    check_closing,
    check_count,
    check_not_there,
    named_after,
    put_in_force,
    rule_for,
)
from alerts.exceptions.scope import Scope, need_to_except_on, scope_of
from alerts.models import Alert, ExceptionDraft
from alerts.retrying import retry_conflicts
from alerts.triage import checked_text
from alerts.workflow import UNDID
from rules import epoch
from rules.exceptions import check_content
from rules.models import ExceptionItem, Rule

WITH_WAY_BACK = ("draft", "return", "withdraw")


@transaction.atomic
def draft(
    *,
    entries: Entries,
    reason: str,
    alert: Alert | None = None,
    rule: Rule | None = None,
    more: EntryGroups = (),
    rule_ids: Sequence[str] = (),
    list_id: str = "",
    name: str = "",
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    close_matching: str | None = None,
    close_note: str = "",
    replaces: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionDraft:
    """Send an exception for review, and tell the team's reviewers; one's own returned draft `replaces` is withdrawn.

    `more`, `rule_ids` and `list_id` as in adding one. A draft hangs on an alert that shows what it is about: one that
    is written on a rule hangs on the rule's latest. `group` is what the undo knows it by.

    Raises: NotAllowed, NotYourTeam, AlertNotFound, AlreadyExcepted, ReasonNeeded, ScopeRefused, ExceptionEntryError,
    ExceptionRefused, TextRefused.
    """
    scope = scope_of(rule_for(alert, rule), rule_ids, list_id)
    need_to_except_on(actor, scope)
    alert = _shown_by(alert, scope.rule, team_ids)
    check_count([entries, *more], scope)
    check_closing(close_matching)
    content = check_content(
        entries=entries,
        reason=reason,
        name=name.strip() or named_after(entries),
        expires_at=expires_at,
        review_at=review_at,
        now=now,
    )
    further = further_groups(more, content, now)
    check_not_there(scope.rules, [content["entries"], *further])
    _check_not_waiting(alert, content["entries"], further, scope)
    if replaces is not None:
        replace_draft(replaces, None, actor, now, door, group)
    made = ExceptionDraft.objects.create(
        alert=alert,
        rule=alert.rule,
        team=alert.team,
        **content,
        more=further,
        rule_ids=scope.rule_ids,
        list_id=scope.list_id,
        close_matching=close_matching or "",
        close_note=checked_text(close_note, "note"),
        author=actor,
        created_at=now,
        updated_at=now,
    )
    return sent(made, actor, now, door, group)


@retry_conflicts
@transaction.atomic
def approve(
    *,
    draft_id: int,
    version: int,
    override_guard_reason: str = "",
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Added | Edited:
    """Put a draft into force under its author's name, closing what it said it would close; the record names both. A
    change of a stored exception leaves it its owner.

    Raises: NotAllowed, NotYourTeam, DraftNotFound, StaleDraft, OutdatedDraft, OwnDraft, GuardRefused, AlreadyExcepted,
    ExceptionEntryError, ExceptionRefused; of a change also RuleFailed.
    """
    epoch.bump()  # before the draft is locked: who saves an exception withdraws his change of it with the epoch held
    waiting = _reviewable(draft_id, version, actor, team_ids)
    told = f"Drafted by {waiting.author}, approved by {actor}: {waiting.reason}"
    by = By(actor, waiting.author, now, team_ids, door, told)
    done, note = _put_in_force(waiting, by, override_guard_reason)
    values: dict[str, Any] = {"state": State.APPROVED, "reviewer": actor, "reviewed_at": now, "item": done.item}
    settle("approve", waiting, actor, now, door, note=note, **values)
    tell(waiting, [waiting.author], f"{actor} approved your {about(waiting)}", actor, now)
    return done


def _put_in_force(waiting: ExceptionDraft, by: By, override: str) -> tuple[Added | Edited, str]:
    """What the draft asks for, done; and what its own entry in the record has to say."""
    if waiting.edits is not None:
        return put_change_in_force(waiting, waiting.edits, by, override), ""
    scope = scope_of(waiting.rule, waiting.rule_ids, waiting.list_id)
    need_to_except_on(by.actor, scope)
    # Once handed over, the alert is another team's, and that team's record is not ours.
    on_alert = waiting.alert is not None and waiting.alert.team_id in by.team_ids
    wanted = Wanted(
        groups=[waiting.entries, *waiting.more],
        scope=scope,
        reason=waiting.reason,
        name=waiting.name if waiting.name != named_after(waiting.entries) else "",
        expires_at=waiting.expires_at,
        review_at=waiting.review_at,
        close_matching=waiting.close_matching or None,
        close_note=waiting.close_note,
        override=override,
    )
    added = put_in_force(wanted, replace(by, on_alert=on_alert), waiting.alert)
    return added, "" if on_alert else added.note


@transaction.atomic
def send_back(
    *,
    draft_id: int,
    version: int,
    note: str,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionDraft:
    """Ask the author for a change, and say which.

    Raises: NotAllowed, DraftNotFound, StaleDraft, OwnDraft, NoteNeeded, TextRefused.
    """
    note = checked_text(note, "note")
    if not note:
        raise NoteNeeded("Say what should be changed.")
    waiting = _reviewable(draft_id, version, actor, team_ids)
    values: dict[str, Any] = {"state": State.RETURNED, "reviewer": actor, "reviewed_at": now, "review_note": note}
    settle("return", waiting, actor, now, door, note=note, group=group, **values)
    asked = f"{actor} sent back your" if waiting.edits else f"{actor} asks for a change of your"
    said = f"{asked} {about(waiting)}: {' '.join(note.split())}"
    tell(waiting, [waiting.author], said, actor, now)
    return waiting


@transaction.atomic
def withdraw(
    *,
    draft_id: int,
    version: int,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionDraft:
    """Take one's own draft back, whether it waits or was returned.

    Raises: NotAllowed, DraftNotFound (also for a draft of somebody else), StaleDraft.
    """
    need(actor, Permission.EXCEPT)
    mine = locked(draft_id, version, team_ids, (State.WAITING, State.RETURNED))
    if mine.author_id != actor.pk:
        raise DraftNotFound(draft_id)
    settle("withdraw", mine, actor, now, door, group=group, state=State.WITHDRAWN)
    return mine


@retry_conflicts
@transaction.atomic
def put_drafts_back(
    *, changes: Sequence[Change], actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door
) -> int:
    """Take back that drafts were sent, returned or withdrawn, whole or not at all; returns how many stand as before.

    One that was withdrawn for another waits for a change again once the other is gone. Raises: NotAllowed, OwnDraft,
    DraftNotFound (also for a draft of somebody else), StaleDraft, AlreadyExcepted, ChangeWaits, ScopeRefused.
    """
    for change in reversed(changes):
        row = locked(int(change.object_id), change.after["version"], team_ids, tuple(State))
        _need_to_put_back(change, row, actor)
        values = _stood(change)
        if values["state"] == State.WAITING:
            _check_may_wait(row)
        settle(UNDID, row, actor, now, door, undoes=change, **values)
        if change.verb == "return":
            said = f"{actor} no longer asks for a change of your {about(row)}"
            tell(row, [row.author], said, actor, now)
    return len(changes)


def _check_may_wait(row: ExceptionDraft) -> None:
    """Refuse what waits already by another draft. Raises: AlreadyExcepted, ChangeWaits, ScopeRefused."""
    if row.edits is not None:
        check_none_waits(ExceptionItem.objects.select_for_update(no_key=True).get(pk=row.edits.pk), row.author)
    elif row.alert is not None:
        scope = scope_of(row.rule, row.rule_ids, row.list_id)
        _check_not_waiting(row.alert, row.entries, row.more, scope)


def _need_to_put_back(change: Change, row: ExceptionDraft, actor: User) -> None:
    """Refuse who could not have done it. Raises: NotAllowed, DraftNotFound, OwnDraft, NothingToUndo."""
    if change.verb not in WITH_WAY_BACK:
        raise NothingToUndo
    need(actor, Permission.REVIEW_EXCEPTIONS if change.verb == "return" else Permission.EXCEPT)
    if change.verb != "return" and row.author_id != actor.pk:
        raise DraftNotFound(row.pk)
    if change.verb == "return" and row.author_id == actor.pk:
        raise OwnDraft


def _stood(change: Change) -> dict[str, Any]:
    """Where the draft stood before; one that was not there before is withdrawn."""
    if change.verb == "draft":
        return {"state": State.WITHDRAWN}
    if change.verb == "withdraw":
        return {"state": State(change.before["state"])}
    return {"state": State.WAITING, "reviewer": None, "reviewed_at": None, "review_note": ""}


def waiting_for(user: User, team_ids: Sequence[int]) -> QuerySet[ExceptionDraft]:
    """The drafts of these teams that wait, the oldest first; the person's own among them, though others review it."""
    found = ExceptionDraft.objects.filter(team_id__in=team_ids, state=State.WAITING)
    if not may(user, Permission.REVIEW_EXCEPTIONS):
        found = found.filter(author=user)
    return found.select_related("rule", "author", "alert", "team", "edits__owner").order_by("pk")


def returned_to(user: User, team_ids: Sequence[int]) -> QuerySet[ExceptionDraft]:
    """The person's drafts that a reviewer wants changed, newest first."""
    mine = ExceptionDraft.objects.filter(team_id__in=team_ids, state=State.RETURNED, author=user)
    return mine.select_related("rule", "author", "alert", "reviewer", "edits").order_by("-pk")


def draft_of(user: User, draft_id: int, team_ids: Sequence[int]) -> ExceptionDraft:
    """A draft of the person's teams: a reviewer sees any, everybody else his own.

    Raises: DraftNotFound.
    """
    found = ExceptionDraft.objects.filter(pk=draft_id, team_id__in=team_ids).select_related("rule", "author", "alert")
    seen = found.first() if 0 < draft_id < 2**63 else None
    if seen is None or (seen.author_id != user.pk and not may(user, Permission.REVIEW_EXCEPTIONS)):
        raise DraftNotFound(draft_id)
    return seen


def _reviewable(draft_id: int, version: int, actor: User, team_ids: Sequence[int]) -> ExceptionDraft:
    need(actor, Permission.REVIEW_EXCEPTIONS)
    waiting = locked(draft_id, version, team_ids, (State.WAITING,))
    if waiting.author_id == actor.pk:
        raise OwnDraft
    return waiting


def _shown_by(alert: Alert | None, rule: Rule, team_ids: Sequence[int]) -> Alert:
    """The alert at hand, which the person has to see, or else the rule's latest that he sees."""
    if alert is not None and alert.team_id not in team_ids:
        raise AlertNotFound(alert.pk)
    found = alert or alerts_of(rule, team_ids).select_related("rule", "team").order_by("-pk").first()
    if found is None:
        raise ScopeRefused(
            "This rule has no alert by which the exception could be reviewed. Ask a detection engineer to add it."
        )
    return found


def _check_not_waiting(alert: Alert, entries: Entries, more: EntryGroups, scope: Scope) -> None:
    same = ExceptionDraft.objects.filter(
        rule_id=alert.rule_id,
        team_id=alert.team_id,
        state=State.WAITING,
        entries=list(entries),
        more=list(more),
        rule_ids=scope.rule_ids,
        list_id=scope.list_id,
    ).first()
    if same is not None:
        raise AlreadyExcepted(item_id=None, name=same.name, waiting=True)
