"""Taking the demo out again: everything of the demo's team goes, and demo alerts and cases wherever they were moved.

A case of another team that holds real alerts too, or none, is that team's work: it stays, and only loses the demo
alerts in it. A case of demo alerts alone is demo, whoever opened it: even its title speaks of the demo's hosts.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import ApiKey, Notice, Team
from alerts.models import Alert, SignalCount
from cases.models import Case
from cases.telling import path_of
from events.models import ArrivalHour, ArrivalMinute, ArrivalNote, Batch, DeadLetter, Event, Sender
from rules.models import CandidateBlock, ExceptionItem, GroupMark, HeldBack, RuleRun, SeenTerm, TeamHistory
from soc.demo.team import TEAM_SLUG


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was taken out, and what stays because it is not the demo's alone."""

    events: int = 0
    alerts: int = 0
    cases: int = 0
    runs_left: int = 0  # rows of rules' runs: a pass judges demo and other events together
    counters_left: int = 0  # alerts per rule and interval, of all teams together
    exceptions_left: tuple[str, ...] = ()  # in force, written on demo alerts; rules are everybody's


@transaction.atomic
def purge() -> Purged:
    """Delete the demo's alerts, cases, events and history, and revoke nothing else. The record of changes stays.

    The team itself stays too (the record points at it), without members.
    """
    team = Team.objects.filter(slug=TEAM_SLUG).first()
    if team is None:
        return Purged()
    exceptions = _exceptions_on(team)
    cases = _delete_cases(team)
    _, deleted = Alert.objects.filter(_of_demo(team)).delete()
    events, _ = Event.objects.filter(team_id=team.pk).delete()
    _delete_blocks(team.pk)
    for remembered in (HeldBack, SeenTerm, CandidateBlock, GroupMark, TeamHistory):
        remembered.objects.filter(team_id=team.pk).delete()
    DeadLetter.objects.filter(team=team).delete()
    for told in (ArrivalNote, ArrivalHour, ArrivalMinute, Sender):
        told.objects.filter(team_id=team.pk).delete()
    Batch.objects.filter(team=team).delete()
    ApiKey.objects.filter(team=team, demo=True).delete()
    team.members.clear()
    alerts = deleted.get("alerts.Alert", 0)
    return Purged(events, alerts, cases, RuleRun.objects.count(), SignalCount.objects.count(), exceptions)


def _of_demo(team: Team) -> Q:
    return Q(team=team) | Q(demo=True)


def _delete_cases(team: Team) -> int:
    """The demo's cases, with the notices that lead to them."""
    cases = Case.objects.filter(_of_demo(team))
    Notice.objects.filter(path__in=[path_of(number) for number in cases.values_list("pk", flat=True)]).delete()
    _, deleted = cases.delete()
    return deleted.get("cases.Case", 0)


def _exceptions_on(team: Team) -> tuple[str, ...]:
    """The exceptions in force that somebody wrote on the team's alerts, as "rule: exception"."""
    numbers = Alert.objects.filter(_of_demo(team)).values("id")
    written = ExceptionItem.objects.filter(from_alert__in=numbers, removed_at=None).select_related("rule")
    return tuple(f"{item.rule.name}: {item.name}" for item in written.order_by("rule__name", "id"))


def _delete_blocks(team_id: int) -> None:
    """Blocks know their batch only, and batches their team."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM event_block b USING events_batch t WHERE b.batch_id = t.id AND t.team_id = %s",
            [team_id],
        )
