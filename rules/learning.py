"""Until when a new-terms rule learns what is usual: while a team's history is shorter than the rule's.

What is new in that time is folded into one alert for each rule and team, instead of a storm at the first run.
A team's history begins when its first events arrived. Older events that are sent later make it longer once a day has
ENOUGH of them: one event with a wrong clock is no history.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

from rules.models import TeamHistory

ENOUGH = 100
"""So many events of a day before the first arrival make that day part of the history, from its end on."""
_DAY = timedelta(days=1)
_FIRST = "SELECT ingested FROM event WHERE team_id = %s ORDER BY ingested LIMIT 1"


@dataclass(frozen=True, slots=True)
class Began:
    """Since when a team's events are judged, and how far back its history goes."""

    since: datetime
    oldest_at: datetime


@dataclass(slots=True)
class _Met:
    """A team's events of one pass: when the first arrived, and how many are of days before they came."""

    first: datetime
    early: Counter[date] = field(default_factory=Counter)


def note(events: Iterable[tuple[int, datetime, datetime]]) -> None:
    """Note a pass's events, each as team, time and arrival. One query; more for a new team or for earlier days."""
    met = _met(events)
    known = dict(TeamHistory.objects.filter(pk__in=list(met)).values_list("pk", "oldest_at"))
    for team_id in sorted(met):
        oldest_at = known.get(team_id)
        if oldest_at is None:
            TeamHistory.objects.bulk_create([_begun(team_id, met[team_id].first)], ignore_conflicts=True)
        before = oldest_at or met[team_id].first
        early = Counter({day: number for day, number in met[team_id].early.items() if _end(day) < before})
        if early:
            _lengthen(team_id, early)


def began(team_id: int) -> Began | None:
    """Since when the team has events; None while it has none. One query; the first time for a team it is looked up."""
    row = TeamHistory.objects.filter(pk=team_id).first()
    if row is not None:
        return Began(row.since, row.oldest_at)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [team_id])
        found = cursor.fetchone()
    if found is None:
        return None
    TeamHistory.objects.bulk_create([_begun(team_id, found[0])], ignore_conflicts=True)
    return Began(found[0], found[0])


def _met(events: Iterable[tuple[int, datetime, datetime]]) -> dict[int, _Met]:
    met: dict[int, _Met] = {}
    for team_id, at, arrived in events:
        of_team = met.get(team_id)
        if of_team is None:
            of_team = met[team_id] = _Met(arrived)
        elif arrived < of_team.first:
            of_team.first = arrived
        if arrived - at > _DAY:
            of_team.early[at.astimezone(UTC).date()] += 1
    return met


def _begun(team_id: int, at: datetime) -> TeamHistory:
    return TeamHistory(team_id=team_id, since=at, oldest_at=at)


@transaction.atomic
def _lengthen(team_id: int, early: Mapping[date, int]) -> None:
    """Count events of days before the history; the earliest day that has enough of them begins it."""
    row = TeamHistory.objects.select_for_update(no_key=True).get(pk=team_id)
    counts = Counter({date.fromisoformat(day): number for day, number in row.early.items()}) + Counter(early)
    enough = [_end(day) for day, number in counts.items() if number >= ENOUGH]
    row.oldest_at = min([row.oldest_at, *enough])
    row.early = {day.isoformat(): number for day, number in sorted(counts.items()) if _end(day) < row.oldest_at}
    row.save(update_fields=["oldest_at", "early"])


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + _DAY
