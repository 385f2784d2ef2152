"""Changes of stored exceptions that wait for a second pair of eyes.

Such a draft names the exception, and the version of it that its author saw. Approving it edits the exception as an
engineer would (alerts/exceptions/changing.py). Where the exception was changed or removed meanwhile the draft is
refused: it would take that back unseen. Its author takes it up again on top of what stands then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Change, Team, User
from alerts.errors import ChangeWaits, ScopeRefused
from alerts.exceptions import allowed
from alerts.exceptions.changing import Edited, Rewritten, rewrite
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.draft_keeping import (
    change_waits,
    further_groups,
    replace_draft,
    sent,
)
from alerts.exceptions.entries import Entries
from alerts.exceptions.groups import EntryGroups
from alerts.exceptions.outdated import is_outdated, outdated
from alerts.exceptions.saving import By, check_closing, check_count
from alerts.exceptions.scope import need_to_except_on, scope_of_item
from alerts.models import ExceptionDraft
from alerts.retrying import retry_conflicts
from rules.errors import ExceptionGone, ExceptionRefused, StaleException
from rules.exceptions import check_content
from rules.models import ExceptionItem

_COMPARED = ("reason", "name", "expires_at", "review_at")


@retry_conflicts
@transaction.atomic
def draft_change(
    *,
    item: ExceptionItem,
    version: int,
    entries: Entries,
    reason: str,
    name: str,
    more: EntryGroups = (),
    expires_at: datetime | None = None,
    review_at: datetime | None = None,
    close_matching: str | None = None,
    replaces: int | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> ExceptionDraft:
    """Send a change of a stored exception for review, and tell the team's reviewers. What it says is what editing
    takes; one's own draft that it `replaces` is withdrawn. `group` is what the undo knows it by.

    Raises: NotAllowed, NotYourTeam, StaleException, ExceptionGone, ChangeWaits, ReasonNeeded, ScopeRefused,
    ExceptionEntryError, ExceptionRefused.
    """
    scope = scope_of_item(item)
    need_to_except_on(actor, scope)
    stored = _as_seen(item, version)
    check_count([entries, *more])
    check_closing(close_matching)
    said: dict[str, Any] = {"reason": reason, "name": name, "expires_at": expires_at, "review_at": review_at}
    content = check_content(entries=entries, **said, now=now)
    further = further_groups(more, content, now)
    _check_differs(stored, content, further)
    if replaces is not None:
        replace_draft(replaces, stored, actor, now, door, group)
    check_none_waits(stored, actor)
    made = ExceptionDraft.objects.create(
        edits=stored,
        edits_version=version,
        rule=stored.rule,
        team=_team_for(stored, team_ids),
        **content,
        more=further,
        list_id=scope.list_id,
        close_matching=close_matching or "",
        author=actor,
        created_at=now,
        updated_at=now,
    )
    return sent(made, actor, now, door, group)


def _as_seen(item: ExceptionItem, version: int) -> ExceptionItem:
    """The exception, locked, so that what is recorded of it from now on came after the draft.

    Raises: StaleException, ExceptionGone.
    """
    rows = ExceptionItem.objects.select_for_update(no_key=True, of=("self",)).select_related("rule__team", "owner")
    row = rows.get(pk=item.pk)
    if row.removed_at is not None:
        raise ExceptionGone(row.pk)
    if row.version != version:
        raise StaleException(row.pk, version, row.version, row.updated_at)
    return row


def _check_differs(stored: ExceptionItem, content: Mapping[str, Any], further: EntryGroups) -> None:
    """Refuse a change that changes nothing; in which order the conditions stand means nothing. Raises:
    ExceptionRefused."""
    was, said = stored.entries, content["entries"]
    same = all(one in said for one in was) and all(one in was for one in said)
    if same and not further and all(getattr(stored, key) == content[key] for key in _COMPARED):
        raise ExceptionRefused(
            "entries", "The exception says all of this already. Change something before you send it."
        )


def check_none_waits(item: ExceptionItem, author: User) -> None:
    """Refuse a second change by the same person, with the exception locked: none is sent meanwhile. One query. Raises:
    ChangeWaits."""
    if change_waits(item, author):
        raise ChangeWaits(str(author))


def _team_for(item: ExceptionItem, team_ids: Sequence[int]) -> Team:
    """Whose reviewers look at it: the rule's team; where the rule serves everybody, the author's team that has the
    alert it was written on, else the rule's latest alert. Up to three queries. Raises: ScopeRefused."""
    if item.rule.team is not None:
        return item.rule.team
    mine = alerts_of(item.rule, team_ids).select_related("team")
    shown = mine.filter(pk=item.from_alert or 0).first() or mine.order_by("-pk").first()
    team = shown.team if shown else Team.objects.filter(pk__in=team_ids).order_by("-is_default", "pk").first()
    if team is None:
        raise ScopeRefused("You are in no team whose reviewers could look at it.")
    return team


def put_change_in_force(waiting: ExceptionDraft, item: ExceptionItem, by: By, override: str) -> Edited:
    """What approving such a draft comes to, in the caller's transaction, which holds the epoch: the edit, as an
    engineer's.

    Nobody changes an exception while the epoch is held, so it is as the author saw it until the commit, or refused;
    what was done to it is told only to who sees its rule. Raises: OutdatedDraft, and as editing.
    """
    stored = ExceptionItem.objects.select_related("rule__team", "owner").get(pk=item.pk)
    allowed.need_to_except(by.actor, stored.rule)
    if is_outdated(waiting, stored):
        raise outdated(waiting, stored)
    wanted = Rewritten(
        item=stored,
        version=stored.version,
        groups=[waiting.entries, *waiting.more],
        reason=waiting.reason,
        name=waiting.name,
        expires_at=waiting.expires_at,
        review_at=waiting.review_at,
        close_matching=waiting.close_matching or None,
        override=override,
    )
    return rewrite(wanted, by, allowed.need_to_except_on)
