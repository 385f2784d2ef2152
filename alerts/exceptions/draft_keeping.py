"""What every act on a draft comes to: its row, locked as the person saw it, an entry in the record, and a notice."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.urls import reverse

from accounts.access import may
from accounts.models import Change, Notice, User
from accounts.notices import notify
from accounts.record import record_change
from accounts.roles import Permission
from accounts.selectors import people_of_teams
from alerts.errors import DraftNotFound, StaleDraft
from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import EntryGroups, GroupError
from alerts.models import ExceptionDraft
from alerts.workflow import UNDID
from engine import ExceptionEntryError
from rules.exceptions import check_content
from rules.models import ExceptionItem

State = ExceptionDraft.State
OBJECT_TYPE = "exception_draft"
_PAST = {"draft": "sent", "approve": "approved", "return": "returned", "withdraw": "withdrew"}
_PAST |= {UNDID: "took back a change of"}


def locked(draft_id: int, version: int, team_ids: Sequence[int], states: Sequence[State]) -> ExceptionDraft:
    """The draft as it is now, locked, unless the person has seen an older one. Raises: DraftNotFound, StaleDraft."""
    rows = ExceptionDraft.objects.select_for_update(of=("self",)).select_related(
        "rule", "author", "alert__team", "team", "edits"
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


def further_groups(more: EntryGroups, content: Mapping[str, Any], now: datetime) -> list[list[dict[str, Any]]]:
    """The groups beside the first as they are stored. Raises: GroupError, ExceptionRefused."""
    return [_further(one, content, at, now) for at, one in enumerate(more, start=1)]


def _further(entries: Entries, content: Mapping[str, Any], at: int, now: datetime) -> list[dict[str, Any]]:
    try:
        checked = check_content(entries=entries, **{key: content[key] for key in _SHARED}, now=now)
    except ExceptionEntryError as error:
        raise GroupError(at, error.index, error.key, error.message) from error
    stored: list[dict[str, Any]] = checked["entries"]
    return stored


_SHARED = ("reason", "name", "expires_at", "review_at")


TAKEN_UP_AGAIN = Q(state=State.RETURNED) | Q(state=State.WAITING, edits__isnull=False)
"""The drafts that their author may take up again: what a change changes may have moved on while it waits."""


def replace_draft(
    draft_id: int, edits: ExceptionItem | None, actor: User, now: datetime, door: Change.Door, group: UUID | None
) -> None:
    """Withdraw one's own draft, since it is sent anew: one that was returned, or a change of `edits` that waits."""
    mine = ExceptionDraft.objects.select_for_update(of=("self",)).select_related("team")
    old = mine.filter(TAKEN_UP_AGAIN, pk=draft_id, author=actor, edits=edits).first()
    if old is not None:
        settle("withdraw", old, actor, now, door, note="Sent anew.", group=group, state=State.WITHDRAWN)


def withdraw_outdated(item: ExceptionItem, actor: User, now: datetime, door: Change.Door, group: UUID) -> int:
    """Withdraw the person's own change of an exception that waits, since he saved the exception himself just now:
    nobody could approve it any more. It is part of that act, and waits again when that is taken back. Returns how many
    were. One query."""
    same = Q(edits__list_id=item.list_id, edits__item_id=item.item_id) if item.list_id else Q(edits=item)
    was_seen = Q(edits_version=F("edits__version") - 1, edits__updated_at=now)
    rows = ExceptionDraft.objects.select_for_update(of=("self",)).select_related("team")
    outdated = rows.filter(same, was_seen, author=actor, state=State.WAITING).order_by("pk")
    for row in outdated:
        told = "Its author saved the exception himself."
        settle("withdraw", row, actor, now, door, note=told, group=group, state=State.WITHDRAWN)
    return len(outdated)


def wait_again(changes: Sequence[Change], actor: User, now: datetime, door: Change.Door, group: UUID) -> None:
    """Have the changes wait again that were withdrawn by an act on their exception that was taken back just now, on top
    of the version that stands, which says what their author saw. One that moved on meanwhile is left, and so is one
    whose author sent another. Three queries for each."""
    for change in changes:
        rows = ExceptionDraft.objects.select_for_update(of=("self",)).select_related("team", "edits")
        row = rows.filter(pk=int(change.object_id), version=change.after["version"], state=State.WITHDRAWN).first()
        if row is None or row.edits is None or change_waits(row.edits, row.author):
            continue
        values: dict[str, Any] = {"state": State.WAITING, "edits_version": row.edits.version}
        settle(UNDID, row, actor, now, door, group=group, undoes=change, **values)


def change_waits(item: ExceptionItem, author: User) -> bool:
    """Whether a change of the exception by this person waits."""
    return ExceptionDraft.objects.filter(edits=item, author=author, state=State.WAITING).exists()


def settle(
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
    """Change some values of a draft, and record it under this verb."""
    before = _content(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    row.save(update_fields=[*values, "version", "updated_at"])
    record(verb, row, before, actor, now, door, note, group, undoes)


def record(
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
    """An entry about a draft, with all that it says."""
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
        "edits": row.edits_id,
        "edits_version": row.edits_version,
        "version": row.version,
    }


def sent(made: ExceptionDraft, actor: User, now: datetime, door: Change.Door, group: UUID | None) -> ExceptionDraft:
    """The draft that was just made, recorded, and the team's reviewers told of it."""
    record("draft", made, {}, actor, now, door, group=group)
    article = "a" if made.edits else "an"
    tell(made, reviewers_of(made), f"{actor} asks for a review: {article} {about(made)}", actor, now)
    return made


def about(row: ExceptionDraft) -> str:
    """What the draft is of, in a sentence: "exception on Perl was started", or which exception it changes."""
    return (
        f"change of the exception “{row.edits.name}” on {row.rule.name}"
        if row.edits
        else f"exception on {row.rule.name}"
    )


def reviewers_of(row: ExceptionDraft) -> list[User]:
    """Who may review it."""
    return [person for person in people_of_teams([row.team_id]) if may(person, Permission.REVIEW_EXCEPTIONS)]


def tell(row: ExceptionDraft, people: Sequence[User], text: str, actor: User, now: datetime) -> None:
    """Tell people where a draft stands, each once."""
    notify(
        people=people,
        kind=Notice.Kind.REVIEW,
        text=text,
        path=f"{reverse('alerts:exceptions')}?check={row.pk}#draft-{row.pk}",
        key=f"draft:{row.pk}:{row.state}:{row.version}",
        actor=actor,
        now=now,
    )
