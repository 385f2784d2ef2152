"""Taking the demo out again: everything of the demo's team goes, nothing else is touched."""

from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import ApiKey, Team
from alerts.models import Alert
from events.models import Batch, DeadLetter, Event
from rules.models import HeldBack, SeenTerm
from soc.demo.team import TEAM_SLUG


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was taken out."""

    events: int
    alerts: int


@transaction.atomic
def purge() -> Purged:
    """Delete the demo team's alerts, events and history, and revoke nothing else. The record of changes stays.

    The team itself stays too (the record points at it), without members.
    """
    team = Team.objects.filter(slug=TEAM_SLUG).first()
    if team is None:
        return Purged(0, 0)
    alerts, _ = Alert.objects.filter(team=team).delete()
    events, _ = Event.objects.filter(team_id=team.pk).delete()
    _delete_blocks(team.pk)
    for rows in (HeldBack.objects.filter(team_id=team.pk), SeenTerm.objects.filter(team_id=team.pk)):
        rows.delete()
    DeadLetter.objects.filter(team=team).delete()
    Batch.objects.filter(team=team).delete()
    ApiKey.objects.filter(team=team, demo=True).delete()
    team.members.clear()
    return Purged(events, alerts)


def _delete_blocks(team_id: int) -> None:
    """Blocks know their batch only, and batches their team."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM event_block b USING events_batch t WHERE b.batch_id = t.id AND t.team_id = %s",
            [team_id],
        )
