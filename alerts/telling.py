"""Whom an act on alerts concerns, told in the act's own transaction: one notice a person and act, however many alerts.

A thousand alerts handed over are one sentence that leads to where they wait, never a thousand.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from accounts.access import may
from accounts.mentions import people_in
from accounts.models import Change, Notice, Team, User
from accounts.notices import notify
from accounts.roles import Permission
from accounts.selectors import people_of_teams
from alerts.models import Alert, Comment
from alerts.workflow import ESCALATED


def assigned(*, alerts: Sequence[Alert], to: User, group: UUID, actor: User, now: datetime) -> None:
    """Tell who owns these alerts now."""
    if not alerts:
        return
    one = alerts[0]
    single = len(alerts) == 1
    notify(
        people=[to],
        kind=Notice.Kind.ASSIGNED,
        text=f"{actor} assigned {named(alerts)} to you",
        path=path_of(one) if single else f"{reverse('alerts:queue')}?view=mine",
        key=f"alert:{one.pk}:assigned:{one.version}" if single else f"alerts:{group}:assigned",
        actor=actor,
        now=now,
    )


def noted(*, comments: Sequence[Comment], group: UUID, actor: User, now: datetime) -> None:
    """Tell whom a note calls by @name, of those who see the alert; of one on several once, and of the first that each
    sees: further portions tell nobody anew."""
    first: dict[int, Comment] = {}
    for one in comments:
        first.setdefault(one.alert.team_id, one)
    for team_id, one in first.items():
        what = named([one.alert]) if len(comments) == 1 else "several alerts"
        notify(
            people=people_in(one.text, team_ids=[team_id]),
            kind=Notice.Kind.MENTIONED,
            text=f"{actor} mentioned you on {what}: {' '.join(one.text.split())}",
            path=f"{path_of(one.alert)}?side=activity",
            key=_of_note(group),
            actor=actor,
            now=now,
        )


def notes_undone(*, groups: Collection[UUID]) -> None:
    """Forget to tell of notes that were taken back: for those who have not read it, it leads nowhere now."""
    Notice.objects.filter(key__in=[_of_note(group) for group in groups], read_at=None).delete()


def _of_note(group: UUID) -> str:
    return f"alerts:{group}:mention"


def escalated(*, alerts: Sequence[Alert], team: Team, note: str, group: UUID, actor: User, now: datetime) -> None:
    """Tell the triagers of the team in whose queue these alerts are now."""
    if not alerts:
        return
    one = alerts[0]
    single = len(alerts) == 1
    notify(
        people=triagers_of(team),
        kind=Notice.Kind.ESCALATED,
        text=f"{actor} escalated {named(alerts)} to {team}: {' '.join(note.split())}",
        path=path_of(one) if single else reverse("alerts:queue"),
        key=_of_escalated(one.pk, one.version) if single else _of_group(group),
        actor=actor,
        now=now,
    )


def escalation_undone(*, changes: Sequence[Change], group: UUID) -> None:
    """Forget to tell of what was escalated under this group: for those who have not read it, it leads nowhere now."""
    moved = [change for change in changes if change.verb == ESCALATED]
    if moved:
        keys = [_of_group(group), *(_of_escalated(change.object_id, change.after["version"]) for change in moved)]
        Notice.objects.filter(key__in=keys, read_at=None).delete()


def _of_escalated(alert_id: int | str, version: int) -> str:
    return f"alert:{alert_id}:escalated:{version}"


def _of_group(group: UUID) -> str:
    return f"alerts:{group}:escalated"


def triagers_of(team: Team) -> list[User]:
    """The members of a team who work on alerts. Administrators see every team; they are told where they are members."""
    return [person for person in people_of_teams([team.pk]).filter(teams=team) if may(person, Permission.TRIAGE)]


def named(alerts: Sequence[Alert]) -> str:
    """ "AL-17, Perl was started" or "300 alerts", for a sentence."""
    return f"{alerts[0]}, {alerts[0].name}" if len(alerts) == 1 else f"{len(alerts)} alerts"


def path_of(alert: Alert) -> str:
    """Where the alert's page is."""
    return reverse("alerts:detail", args=[alert.pk])
