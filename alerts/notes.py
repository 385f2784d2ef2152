"""One note on several alerts, as one act: a comment on each, taken back together by its group in the record.

A note changes no state: it is never stale, and who was faster does not matter. Whom it calls is told once.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import entry_of, record_all
from accounts.roles import Permission
from alerts import telling
from alerts.errors import AlertNotFound, NothingToUndo, TextRefused, UndoNotWhole
from alerts.models import Alert, Comment
from alerts.triage import Outcome, checked_text
from alerts.workflow import COMMENTED, OBJECT_TYPE, UNDID


def checked_note(text: str) -> str:
    """The note as it is kept. Raises: TextRefused."""
    text = checked_text(text, "note")
    if not text:
        raise TextRefused("Write something first.")
    return text


def note_all(
    *,
    alert_ids: Sequence[int],
    text: str,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Outcome:
    """Write the note on each of the alerts. Raises: NotAllowed, AlertNotFound, TextRefused."""
    need(actor, Permission.TRIAGE)
    text, group = checked_note(text), group or uuid4()
    alerts = _of_teams(alert_ids, team_ids)
    with transaction.atomic():
        written = Comment.objects.bulk_create(
            [Comment(alert=alert, author=actor, at=now, text=text) for alert in alerts], batch_size=500
        )
        record_all(
            [
                entry_of(
                    at=now,
                    actor=actor,
                    door=door,
                    verb=COMMENTED,
                    object_type=OBJECT_TYPE,
                    object_id=one.alert_id,
                    after={"comment": one.pk},
                    inverse={"comment": one.pk},
                    team=one.alert.team,
                    group=group,
                )
                for one in written
            ]
        )
        telling.noted(comments=written, group=group, actor=actor, now=now)
    return Outcome([alert.pk for alert in alerts], group if alerts else None)


def take_notes_back(
    changes: Sequence[Change],
    *,
    actor: User | None,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    group: UUID,
    in_part: bool,
) -> list[int]:
    """Take the notes of these changes off their alerts; part of the caller's transaction. Returns the alerts' numbers.

    With `in_part` those that are gone, or on alerts of teams that the person is not in, are left as they are.

    Raises: UndoNotWhole, NothingToUndo.
    """
    by_note = {change.inverse["comment"]: change for change in changes if change.inverse and _is_note(change)}
    if not by_note:
        return []
    found = Comment.objects.select_for_update(of=("self",)).filter(pk__in=by_note).select_related("alert__team")
    notes = [one for one in found.order_by("pk") if one.alert.team_id in team_ids]
    if not in_part and len(notes) < len(by_note):
        raise UndoNotWhole(len(by_note) - len(notes)) if notes else NothingToUndo
    record_all([_taken(one, by_note[one.pk], actor, now, door, group) for one in notes])
    Comment.objects.filter(pk__in=[one.pk for one in notes]).delete()
    telling.notes_undone(groups={change.group for change in by_note.values() if change.group})
    return [one.alert_id for one in notes]


def _taken(one: Comment, change: Change, actor: User | None, now: datetime, door: Change.Door, group: UUID) -> Change:
    return entry_of(
        at=now,
        actor=actor,
        door=door,
        verb=UNDID,
        object_type=OBJECT_TYPE,
        object_id=one.alert_id,
        before={"comment": one.pk, "author_id": one.author_id, "at": one.at.isoformat(), "text": one.text},
        team=one.alert.team,
        note=change.verb,
        group=group,
        undoes=change,
    )


def _is_note(change: Change) -> bool:
    return change.object_type == OBJECT_TYPE and change.verb == COMMENTED and "comment" in (change.inverse or {})


def _of_teams(alert_ids: Sequence[int], team_ids: Sequence[int]) -> list[Alert]:
    wanted = set(alert_ids)
    alerts = list(Alert.objects.filter(pk__in=wanted, team_id__in=team_ids).select_related("team").order_by("pk"))
    missing = wanted - {alert.pk for alert in alerts}
    if missing:
        raise AlertNotFound(min(missing))
    return alerts
