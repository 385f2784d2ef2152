"""What happened to an alert, newest first: the record and the comments as one list."""

from datetime import datetime

from accounts.models import Change
from alerts.models import Alert, Comment, Reason
from alerts.selectors.shapes import Entry
from alerts.workflow import COMMENTED, OBJECT_TYPE, UNDID, UNDO_WINDOW

SHOWN = 200
_REASONS = dict(Reason.choices)


def activity_of(alert: Alert, *, now: datetime) -> list[Entry]:
    """The acts and comments on an alert, newest first. Three queries."""
    changes = list(_changes(alert))
    undone = set(Change.objects.filter(undoes__in=changes).values_list("undoes_id", flat=True))
    entries = [_of_change(change, now, change.pk in undone) for change in changes]
    entries += [_of_comment(comment) for comment in alert.comments.select_related("author").order_by("-pk")[:SHOWN]]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _changes(alert: Alert) -> list[Change]:
    found = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(alert.pk)).exclude(verb=COMMENTED)
    return list(found.order_by("-at", "-pk")[:SHOWN])


def _of_change(change: Change, now: datetime, undone: bool) -> Entry:
    undoable = change.group is not None and change.verb != UNDID and not undone and now - change.at <= UNDO_WINDOW
    return Entry(
        at=change.at,
        who=change.actor_name,
        verb=change.verb,
        text=_told(change) + (" (undone)" if undone else ""),
        note=_note(change),
        group=change.group,
        undoable=undoable,
    )


def _told(change: Change) -> str:
    """What was done, as the rest of a sentence that begins with who did it."""
    after = change.after
    if change.verb == "closed":
        by_exception = " by an exception" if after.get("closed_by_exception_id") else ""
        return f"closed it as {_REASONS.get(after.get('reason', ''), 'unknown').lower()}{by_exception}"
    if change.verb == "assigned":
        return f"assigned it to {change.note}"
    if change.verb == "unassigned":
        return "took the owner off"
    if change.verb == "added an exception":
        return f"added the exception “{after.get('name', '')}”"
    if change.verb == UNDID:
        return f"took back that it was {change.note}"
    return f"{change.verb} it"


def _note(change: Change) -> str:
    """The note, where it is the person's own words."""
    return "" if change.verb in ("assigned", "unassigned", UNDID) else change.note


def _of_comment(comment: Comment) -> Entry:
    return Entry(
        at=comment.at, who=str(comment.author), verb=COMMENTED, text="commented", note=comment.text, is_comment=True
    )
