"""Taking the demo out again: everything of the demo's team goes, nothing else is touched."""

from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import ApiKey, Team
from alerts.models import Alert, SignalCount
from events.models import ArrivalHour, ArrivalMinute, ArrivalNote, Batch, DeadLetter, Event, Sender
from rules.models import ExceptionItem, HeldBack, RuleRun, SeenTerm
from soc.demo.team import TEAM_SLUG


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was taken out, and what stays because it is not the demo's alone."""

    events: int = 0
    alerts: int = 0
    runs_left: int = 0  # rows of rules' runs: a pass judges demo and other events together
    counters_left: int = 0  # alerts per rule and interval, of all teams together
    exceptions_left: tuple[str, ...] = ()  # in force, written on demo alerts; rules are everybody's


@transaction.atomic
def purge() -> Purged:
    """Delete the demo team's alerts, events and history, and revoke nothing else. The record of changes stays.

    The team itself stays too (the record points at it), without members.
    """
    team = Team.objects.filter(slug=TEAM_SLUG).first()
    if team is None:
        return Purged()
    exceptions = _exceptions_on(team)
    _, deleted = Alert.objects.filter(team=team).delete()
    events, _ = Event.objects.filter(team_id=team.pk).delete()
    _delete_blocks(team.pk)
    for rows in (HeldBack.objects.filter(team_id=team.pk), SeenTerm.objects.filter(team_id=team.pk)):
        rows.delete()
    DeadLetter.objects.filter(team=team).delete()
    for told in (ArrivalNote, ArrivalHour, ArrivalMinute, Sender):
        told.objects.filter(team_id=team.pk).delete()
    Batch.objects.filter(team=team).delete()
    ApiKey.objects.filter(team=team, demo=True).delete()
    team.members.clear()
    alerts = deleted.get("alerts.Alert", 0)
    return Purged(events, alerts, RuleRun.objects.count(), SignalCount.objects.count(), exceptions)


def _exceptions_on(team: Team) -> tuple[str, ...]:
    """The exceptions in force that somebody wrote on the team's alerts, as "rule: exception"."""
    numbers = Alert.objects.filter(team=team).values("id")
    written = ExceptionItem.objects.filter(from_alert__in=numbers, removed_at=None).select_related("rule")
    return tuple(f"{item.rule.name}: {item.name}" for item in written.order_by("rule__name", "id"))


def _delete_blocks(team_id: int) -> None:
    """Blocks know their batch only, and batches their team."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM event_block b USING events_batch t WHERE b.batch_id = t.id AND t.team_id = %s",
            [team_id],
        )
