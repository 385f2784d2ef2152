"""Exceptions that wait for a second pair of eyes: sent for review, approved, returned with a wish, withdrawn.

A draft takes no event out of anything. Approving it asks everything anew that adding an exception asks: whether the
entries can be read, whether the rule has them already, and whether a true positive would have been hidden.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.access import may, need
from accounts.models import Change, Notice, User
from accounts.notices import notify
from accounts.record import record_change
from accounts.roles import Permission
from accounts.selectors import people_of_teams
from alerts.errors import (
    AlertNotFound,
    AlreadyExcepted,
    DraftNotFound,
    NoteNeeded,
    NothingToUndo,
    OwnDraft,
    ReasonNeeded,
    ScopeRefused,
    StaleDraft,
)
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import EntryGroups, GroupError
from alerts.exceptions.saving import (
    Added,
    By,
    Wanted,
    check_count,
    check_not_there,
    named_after,
    put_in_force,
    rule_for,
)
from alerts.exceptions.scope import Scope, need_to_except_on, scope_of
from alerts.models import Alert, ExceptionDraft, Reason
from alerts.retrying import retry_conflicts
from alerts.triage import checked_text
from alerts.workflow import UNDID
from engine import ExceptionEntryError
from rules.exceptions import check_content
from rules.models import Rule

State = ExceptionDraft.State
OBJECT_TYPE = "exception_draft"
_PAST = {"draft": "sent", "approve": "approved", "return": "returned", "withdraw": "withdrew"}
_PAST |= {UNDID: "took back a change of"}
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
    if close_matching is not None and close_matching not in Reason.values:
        raise ReasonNeeded
    content = check_content(
        entries=entries,
        reason=reason,
        name=name.strip() or named_after(entries),
        expires_at=expires_at,
        review_at=review_at,
        now=now,
    )
    further = [_further(one, content, at, now) for at, one in enumerate(more, start=1)]
    check_not_there(scope.rules, [content["entries"], *further])
    _check_not_waiting(alert, content["entries"], further, scope)
    if replaces is not None:
        _replace(replaces, actor, now, door, group)
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
    _record("draft", made, {}, actor, now, door, group=group)
    _tell(made, _reviewers(made), f"{actor} asks for a review: an exception on {made.rule.name}", actor, now)
    return made


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
) -> Added:
    """Put a draft into force under its author's name, closing what it said it would close; the record names both.

    Raises: NotAllowed, NotYourTeam, DraftNotFound, StaleDraft, OwnDraft, GuardRefused, AlreadyExcepted,
    ExceptionEntryError, ExceptionRefused.
    """
    waiting = _reviewable(draft_id, version, actor, team_ids)
    scope = scope_of(waiting.rule, waiting.rule_ids, waiting.list_id)
    need_to_except_on(actor, scope)
    on_alert = waiting.alert.team_id in team_ids  # else it was handed over since: that team's record is not ours
    wanted = Wanted(
        groups=[waiting.entries, *waiting.more],
        scope=scope,
        reason=waiting.reason,
        name=waiting.name if waiting.name != named_after(waiting.entries) else "",
        expires_at=waiting.expires_at,
        review_at=waiting.review_at,
        close_matching=waiting.close_matching or None,
        close_note=waiting.close_note,
        override=override_guard_reason,
    )
    told = f"Drafted by {waiting.author}, approved by {actor}: {waiting.reason}"
    added = put_in_force(wanted, By(actor, waiting.author, now, team_ids, door, told, on_alert), waiting.alert)
    values: dict[str, Any] = {"state": State.APPROVED, "reviewer": actor, "reviewed_at": now, "item": added.item}
    _settle("approve", waiting, actor, now, door, note="" if on_alert else added.note, **values)
    _tell(waiting, [waiting.author], f"{actor} approved your exception on {waiting.rule.name}", actor, now)
    return added


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
    _settle("return", waiting, actor, now, door, note=note, group=group, **values)
    said = f"{actor} asks for a change of your exception on {waiting.rule.name}: {' '.join(note.split())}"
    _tell(waiting, [waiting.author], said, actor, now)
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
    mine = _locked(draft_id, version, team_ids, (State.WAITING, State.RETURNED))
    if mine.author_id != actor.pk:
        raise DraftNotFound(draft_id)
    _settle("withdraw", mine, actor, now, door, group=group, state=State.WITHDRAWN)
    return mine


@transaction.atomic
def put_drafts_back(
    *, changes: Sequence[Change], actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door
) -> int:
    """Take back that drafts were sent, returned or withdrawn, whole or not at all; returns how many stand as before.

    One that was withdrawn for another waits for a change again once the other is gone. Raises: NotAllowed, OwnDraft,
    DraftNotFound (also for a draft of somebody else), StaleDraft, AlreadyExcepted, ScopeRefused.
    """
    for change in reversed(changes):
        row = _locked(int(change.object_id), change.after["version"], team_ids, tuple(State))
        _need_to_put_back(change, row, actor)
        values = _stood(change)
        if values["state"] == State.WAITING:
            scope = scope_of(row.rule, row.rule_ids, row.list_id)
            _check_not_waiting(row.alert, row.entries, row.more, scope)
        _settle(UNDID, row, actor, now, door, undoes=change, **values)
        if change.verb == "return":
            said = f"{actor} no longer asks for a change of your exception on {row.rule.name}"
            _tell(row, [row.author], said, actor, now)
    return len(changes)


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
    return found.select_related("rule", "author", "alert", "team").order_by("pk")


def returned_to(user: User, team_ids: Sequence[int]) -> QuerySet[ExceptionDraft]:
    """The person's drafts that a reviewer wants changed, newest first."""
    mine = ExceptionDraft.objects.filter(team_id__in=team_ids, state=State.RETURNED, author=user)
    return mine.select_related("rule", "author", "alert", "reviewer").order_by("-pk")


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
    waiting = _locked(draft_id, version, team_ids, (State.WAITING,))
    if waiting.author_id == actor.pk:
        raise OwnDraft
    return waiting


def _locked(draft_id: int, version: int, team_ids: Sequence[int], states: Sequence[State]) -> ExceptionDraft:
    rows = ExceptionDraft.objects.select_for_update(of=("self",)).select_related(
        "rule", "author", "alert__team", "team"
    )
    row = rows.filter(pk=draft_id, team_id__in=team_ids).first() if 0 < draft_id < 2**63 else None
    if row is None:
        raise DraftNotFound(draft_id)
    if row.version != version or row.state not in states:
        raise _stale(row)
    return row


def _stale(row: ExceptionDraft) -> StaleDraft:
    last = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(row.pk)).order_by("-at", "-pk").first()
    if last is None:
        return StaleDraft(draft_id=row.pk, who="Somebody", what="changed", when=None)
    return StaleDraft(draft_id=row.pk, who=last.actor_name, what=_PAST.get(last.verb, "changed"), when=last.at)


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


def _further(entries: Entries, content: Mapping[str, Any], at: int, now: datetime) -> list[dict[str, Any]]:
    """A further group as it is stored. Raises: GroupError, ExceptionRefused."""
    try:
        checked = check_content(entries=entries, **{key: content[key] for key in _SHARED}, now=now)
    except ExceptionEntryError as error:
        raise GroupError(at, error.index, error.key, error.message) from error
    stored: list[dict[str, Any]] = checked["entries"]
    return stored


_SHARED = ("reason", "name", "expires_at", "review_at")


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


def _replace(draft_id: int, actor: User, now: datetime, door: Change.Door, group: UUID | None) -> None:
    mine = ExceptionDraft.objects.select_for_update(of=("self",)).select_related("team")
    old = mine.filter(pk=draft_id, author=actor, state=State.RETURNED).first()
    if old is not None:
        _settle("withdraw", old, actor, now, door, note="Sent anew.", group=group, state=State.WITHDRAWN)


def _settle(
    verb: str,
    row: ExceptionDraft,
    actor: User,
    now: datetime,
    door: Change.Door,
    note: str = "",
    group: UUID | None = None,
    undoes: Change | None = None,
    **values: Any,
) -> None:
    before = _content(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    row.save(update_fields=[*values, "version", "updated_at"])
    _record(verb, row, before, actor, now, door, note, group, undoes)


def _record(
    verb: str,
    row: ExceptionDraft,
    before: dict[str, Any],
    actor: User,
    now: datetime,
    door: Change.Door,
    note: str = "",
    group: UUID | None = None,
    undoes: Change | None = None,
) -> None:
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=row.pk,
        before=before,
        after=_content(row),
        team=row.team,
        note=note or row.reason,
        group=group,
        undoes=undoes,
    )


def _content(row: ExceptionDraft) -> dict[str, Any]:
    """What the draft says and where it stands, as the record keeps it."""
    told: Callable[[datetime | None], str | None] = lambda at: at.isoformat() if at else None  # noqa: E731
    return {
        "rule": row.rule_id,
        "alert": row.alert_id,
        "name": row.name,
        "entries": row.entries,
        "more": row.more,
        "rules": row.rule_ids,
        "list": row.list_id,
        "reason": row.reason,
        "expires_at": told(row.expires_at),
        "review_at": told(row.review_at),
        "close_matching": row.close_matching,
        "author": row.author_id,
        "state": str(row.state),
        "reviewer": row.reviewer_id,
        "review_note": row.review_note,
        "exception": row.item_id,
        "version": row.version,
    }


def _reviewers(row: ExceptionDraft) -> list[User]:
    return [person for person in people_of_teams([row.team_id]) if may(person, Permission.REVIEW_EXCEPTIONS)]


def _tell(row: ExceptionDraft, people: Sequence[User], text: str, actor: User, now: datetime) -> None:
    notify(
        people=people,
        kind=Notice.Kind.REVIEW,
        text=text,
        path=f"{reverse('alerts:exceptions')}#draft-{row.pk}",
        key=f"draft:{row.pk}:{row.state}:{row.version}",
        actor=actor,
        now=now,
    )
