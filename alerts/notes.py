"""What people write on alerts: one note is a comment on each, as one act that is taken back by its group in the record.

A note changes no state: it is never stale, and who was faster does not matter. Whom it calls is told once. Only who
wrote it takes it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import TOGETHER, entry_of, record_all
from accounts.roles import Permission
from alerts import telling
from alerts.errors import AlertNotFound, NothingToUndo, SomebodyElsesNote, TextRefused, UndoNotWhole
from alerts.models import Alert, Comment
from alerts.triage import Outcome, checked_text
from alerts.workflow import COMMENTED, OBJECT_TYPE, UNDID


def checked_note(text: str) -> str:
    """The note as it is kept. Raises: TextRefused."""
    text = checked_text(text, "note")
    if not text:
        raise TextRefused("Write something first.")
    return text


@dataclass(frozen=True, slots=True)
class Noted:
    """A comment on one alert, and the group to take it back by."""

    comment: Comment
    group: UUID


def comment(
    *,
    alert_id: int,
    text: str,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Noted:
    """Write a note on one alert. Raises: NotAllowed, AlertNotFound, TextRefused."""
    group = uuid4()
    [written] = _write([alert_id], text, actor, now, team_ids, door, group)
    return Noted(written, group)


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
    group = group or uuid4()
    written = _write(alert_ids, text, actor, now, team_ids, door, group)
    return Outcome([one.alert_id for one in written], group if written else None)


def _write(
    alert_ids: Sequence[int],
    text: str,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door,
    group: UUID,
) -> list[Comment]:
    need(actor, Permission.TRIAGE)
    text, alerts = checked_note(text), _of_teams(alert_ids, team_ids)
    with transaction.atomic():
        notes = [Comment(alert=alert, author=actor, at=now, text=text) for alert in alerts]
        written = Comment.objects.bulk_create(notes, batch_size=TOGETHER)
        record_all([_written(one, actor, now, door, group) for one in written])
        telling.noted(comments=written, group=group, actor=actor, now=now)
    return written


def _written(one: Comment, actor: User, now: datetime, door: Change.Door, group: UUID) -> Change:
    return entry_of(
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

    Raises: SomebodyElsesNote, UndoNotWhole, NothingToUndo.
    """
    by_note = {change.inverse["comment"]: change for change in changes if change.inverse and _is_note(change)}
    if not by_note:
        return []
    check_own(by_note.values(), actor)
    rows = Comment.objects.select_for_update(of=("self",)).filter(pk__in=by_note)
    found = list(rows.select_related("alert__team").order_by("pk"))
    notes = [one for one in found if one.alert.team_id in team_ids]
    if not in_part and len(notes) < len(found):
        raise UndoNotWhole(len(found) - len(notes), "note") if notes else NothingToUndo
    if not in_part and not notes:
        raise NothingToUndo
    told = _texts(notes)
    record_all(
        [_taken(one, by_note[one.pk], text, actor, now, door, group) for one, text in zip(notes, told, strict=True)]
    )
    Comment.objects.filter(pk__in=[one.pk for one in notes]).delete()
    telling.notes_undone(groups={change.group for change in by_note.values() if change.group})
    return [one.alert_id for one in notes]


def check_own(changes: Iterable[Change], actor: User | None) -> None:
    """Nobody takes back what another has written. Raises: SomebodyElsesNote."""
    wrote = next((one.actor_name for one in changes if _is_note(one) and one.actor_id != (actor and actor.pk)), None)
    if wrote is not None:
        raise SomebodyElsesNote(wrote)


def _texts(notes: Sequence[Comment]) -> list[dict[str, Any]]:
    """What each said, for the record: a text once for each team that may read it, then by the comment that tells it."""
    first: dict[tuple[int, str], int] = {}
    tellers = [first.setdefault((one.alert.team_id, one.text), one.pk) for one in notes]
    return [
        {"text": one.text} if teller == one.pk else {"text_of": teller}
        for one, teller in zip(notes, tellers, strict=True)
    ]


def _taken(
    one: Comment,
    change: Change,
    text: Mapping[str, Any],
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
) -> Change:
    return entry_of(
        at=now,
        actor=actor,
        door=door,
        verb=UNDID,
        object_type=OBJECT_TYPE,
        object_id=one.alert_id,
        before={"comment": one.pk, "author_id": one.author_id, "at": one.at.isoformat(), **text},
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
