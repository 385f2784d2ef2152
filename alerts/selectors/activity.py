"""What happened to an alert, newest first: the record and the comments as one list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.mentions import names_in
from accounts.models import Change, Team, User
from accounts.record import UNDO_WINDOW
from accounts.selectors import people_of_teams
from alerts.models import Alert, Comment, closed_as
from alerts.selectors.shapes import Entry
from alerts.selectors.undoable import others_of, taken_back
from alerts.workflow import COMMENTED, ESCALATED, OBJECT_TYPE, UNDID
from soc.web.evidence import plain

SHOWN = 200
STEPPED = {"step": "did the step", "unstep": "took back the step"}
_CASE = re.compile(r"CASE-\d+(?=:|$)")


def activity_of(alert: Alert, *, user: User, now: datetime) -> list[Entry]:
    """The acts and comments on an alert, newest first, with what the person can undo of them.

    Three queries, and up to four while an act can be undone.
    """
    changes = _changes(alert, now)
    undone = set(Change.objects.filter(undoes__in=changes).values_list("undoes_id", flat=True))
    recent = _Recent.of(changes, now)
    written = {change.after["comment"]: change for change in changes if change.verb == COMMENTED}
    acts = [change for change in changes if change.verb != COMMENTED]
    entries = [_of_change(change, recent, alert, change.pk in undone) for change in acts]
    comments = list(alert.comments.select_related("author").order_by("-pk")[:SHOWN])
    called = _called(comments, alert)
    entries += [_of_comment(comment, called, recent, written.get(comment.pk), user) for comment in comments]
    return sorted(_once(entries), key=lambda entry: entry.at, reverse=True)


def _once(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with one undo for one act: at the exception that was added, or at the first of its entries."""
    kept: dict[UUID | None, Entry] = {}
    for entry in entries:
        if entry.undoable and (entry.group not in kept or entry.verb == "added an exception"):
            kept[entry.group] = entry
    return [one if not one.undoable or kept[one.group] is one else replace(one, undoable=False) for one in entries]


def _changes(alert: Alert, now: datetime) -> list[Change]:
    """What was recorded of it; of comments, which tell of themselves, only what can still be undone."""
    found = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(alert.pk))
    told = found.filter(~Q(verb=COMMENTED) | Q(at__gte=now - UNDO_WINDOW))
    return list(told.order_by("-at", "-pk")[:SHOWN])


@dataclass(frozen=True, slots=True)
class _Recent:
    """The acts that are young enough to be undone: their groups, by what became of them."""

    open: frozenset[UUID]
    others: frozenset[UUID]  # half of an act on something else

    @classmethod
    def of(cls, changes: Sequence[Change], now: datetime) -> "_Recent":
        young = frozenset(change.group for change in changes if change.group and now - change.at <= UNDO_WINDOW)
        others = others_of(young)
        return cls(young - others - taken_back(young), others)

    def undoable(self, change: Change, alert: Alert) -> bool:
        """Whether undo would put the alert back: a closing by an exception with it, all else only if it is last."""
        if change.group not in self.open:
            return False
        version = (change.inverse or {}).get("version", alert.version)
        return version == alert.version or bool(change.after.get("closed_by_exception_id"))

    def retractable(self, change: Change | None, user: User) -> bool:
        """Whether a comment is the person's own, and young enough to be taken back."""
        return change is not None and change.actor_id == user.pk and change.group in self.open

    def part_of(self, change: Change) -> str:
        """The case that the act belongs to, as the note begins with it."""
        found = _CASE.match(change.note) if change.group in self.others else None
        return found.group() if found else ""


def _of_change(change: Change, recent: _Recent, alert: Alert, undone: bool) -> Entry:
    return Entry(
        at=change.at,
        who=plain(change.actor_name),
        verb=change.verb,
        text=_told(change) + (" (undone)" if undone else ""),
        note=_note(change),
        group=change.group,
        undoable=recent.undoable(change, alert),
        with_exception=change.verb == "added an exception" or bool(change.after.get("closed_by_exception_id")),
        part_of=recent.part_of(change),
    )


def _told(change: Change) -> str:
    """What was done, as the rest of a sentence that begins with who did it."""
    after = change.after
    if change.verb == "closed":
        by_exception = " by an exception" if after.get("closed_by_exception_id") else ""
        return f"closed it as {closed_as(after.get('reason', ''), after.get('fault', '')) or 'unknown'}{by_exception}"
    if change.verb == "acknowledged" and _took(change):
        return "acknowledged it and took it"
    if change.verb == "assigned":
        return f"assigned it to {change.note}"
    if change.verb == "unassigned":
        return "took the owner off"
    if change.verb == "added an exception":
        return f"added the exception “{after.get('name', '')}”"
    if change.verb == ESCALATED:
        team = Team.objects.filter(pk=after.get("team_id")).first()
        return f"escalated it to {team or 'another team'}"
    if change.verb == UNDID and change.note == COMMENTED:
        return "took back a comment"
    if change.verb == UNDID:
        return f"took back that it was {change.note}"
    if change.verb in STEPPED:
        return f"{STEPPED[change.verb]} “{change.note}”"
    return f"{change.verb} it"


def _took(change: Change) -> bool:
    """Whether who acknowledged the alert became its owner by that."""
    owner = change.after.get("assignee_id")
    return owner is not None and owner == change.actor_id and change.before.get("assignee_id") is None


def _note(change: Change) -> str:
    """The note, where it is the person's own words."""
    return "" if change.verb in ("assigned", "unassigned", UNDID, *STEPPED) else change.note


def _called(comments: list[Comment], alert: Alert) -> frozenset[str]:
    """Whom the comments call, of those who see the alert. One query, none where nobody is called."""
    names = {name for comment in comments for name in names_in(comment.text)}
    if not names:
        return frozenset()
    people = people_of_teams([alert.team_id]).alias(called=Lower("username")).filter(called__in=names)
    return frozenset(person.username.lower() for person in people)


def _of_comment(comment: Comment, called: frozenset[str], recent: _Recent, change: Change | None, user: User) -> Entry:
    return Entry(
        at=comment.at,
        who=str(comment.author),
        verb=COMMENTED,
        text="commented",
        note=comment.text,
        group=change.group if change else None,
        undoable=recent.retractable(change, user),
        is_comment=True,
        called=called.intersection(names_in(comment.text)),
    )
