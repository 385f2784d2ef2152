"""Within which time alerts are to be closed, by severity, and who is told when one is not.

An alert is past its target while it is not closed and older than the target of its severity. A crossing is told once:
the claim, ToldPastTarget, is written in the transaction that writes the notices, so two workers cannot both tell, and a
worker that dies has told nobody.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.urls import reverse

from accounts.access import may, need
from accounts.models import Change, Notice, Team, User
from accounts.notices import notify
from accounts.record import record_change
from accounts.roles import Permission
from accounts.selectors import people_to_assign
from alerts.errors import StaleTarget, TargetRefused
from alerts.models import Alert, Severity, Status, Target
from alerts.retrying import retry_conflicts
from alerts.telling import named, path_of, triagers_of

OBJECT_TYPE = "target"
LEAST, MOST = timedelta(minutes=5), timedelta(days=365)
SINGLY = 5  # more crossings than this at once are told a person as one
AT_ONCE = 5_000
_CLAIM = """
INSERT INTO alerts_toldpasttarget AS told (alert_id, due_at)
SELECT id, due_at FROM (
    SELECT alert.id, alert.created_at + target.within AS due_at
    FROM alerts_target target
    JOIN alerts_alert alert ON alert.severity = target.severity AND alert.created_at < %(now)s - target.within
    LEFT JOIN alerts_toldpasttarget earlier ON earlier.alert_id = alert.id
    WHERE alert.status <> 'closed' AND NOT alert.building_block
      AND (earlier.alert_id IS NULL OR earlier.due_at < alert.created_at + target.within)
    ORDER BY alert.created_at, alert.id LIMIT %(most)s
) crossed ORDER BY id
ON CONFLICT (alert_id) DO UPDATE SET due_at = excluded.due_at WHERE told.due_at < excluded.due_at
RETURNING alert_id, due_at
"""


def targets() -> dict[int, timedelta]:
    """Within which time an alert of each severity is to be closed. One query."""
    return dict(Target.objects.values_list("severity", "within"))


@dataclass(frozen=True, slots=True)
class Due:
    """By when an alert is to be closed, and within which time that is."""

    at: datetime
    within: timedelta


def due_of(alert: Alert, times: Mapping[int, timedelta]) -> Due | None:
    """By when the alert is to be closed by the targets `times`; None for one that is closed or has no target."""
    within = times.get(alert.severity)
    if within is None or alert.status == Status.CLOSED or alert.building_block:
        return None
    return Due(alert.created_at + within, within)


@transaction.atomic
def set_targets(
    *,
    values: Mapping[int, timedelta],
    versions: Mapping[int, int],
    actor: User,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> list[int]:
    """Set the targets of these severities, all or none; returns those that changed. Each change is recorded.

    `versions` are those the person saw. A shorter target tells nobody anew about what was past the longer one.

    Raises: NotAllowed, TargetRefused, StaleTarget.
    """
    need(actor, Permission.SET_TARGETS)
    for severity, within in values.items():
        _check(severity, within)
    rows = Target.objects.select_for_update().filter(severity__in=list(values)).order_by("severity")
    group = uuid4()
    changed = []
    for row in rows:
        if versions.get(row.severity, row.version) != row.version:
            raise _stale(row.severity)
        before, row.within = row.within, values[row.severity]
        if before == row.within:
            continue
        row.version += 1
        row.save(update_fields=["within", "version"])
        record_change(
            at=now,
            actor=actor,
            door=door,
            verb="change",
            object_type=OBJECT_TYPE,
            object_id=row.severity,
            before=_content(before),
            after=_content(row.within),
            group=group,
        )
        changed.append(row.severity)
    return changed


def last_change(severity: int | None = None) -> Change | None:
    """Who changed a target last, or any of them. One query."""
    changes = Change.objects.filter(object_type=OBJECT_TYPE)
    if severity is not None:
        changes = changes.filter(object_id=str(severity))
    return changes.order_by("-at", "-pk").first()


@dataclass(frozen=True, slots=True)
class _Crossing:
    """An alert that is past its target since `due_at`, told to nobody yet."""

    alert: Alert
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Working:
    """Who may own alerts of a team, and who is told of those that none of them owns."""

    owners: frozenset[User]
    others: list[User]

    def concerned_with(self, alert: Alert) -> list[User]:
        """The owner, unless he has left the team: then its alerts are no longer for his eyes."""
        return [alert.assignee] if alert.assignee in self.owners else self.others


def _working_for(team: Team) -> _Working:
    """Two queries."""
    owners = frozenset(people_to_assign([team.pk]))
    administrators = [person for person in owners if may(person, Permission.MANAGE_USERS)]
    return _Working(owners, triagers_of(team) or administrators)


@retry_conflicts
@transaction.atomic
def past_target(*, now: datetime) -> int:
    """Tell who owns what has gone past its target, as long as he works for its team; else the team's triagers, managers
    among them, and for a team without any the administrators.

    Returns how many crossings were told, at most 5,000 a call. Costs one query while there are none.
    """
    claimed = _claim(now)
    if not claimed:
        return 0
    alerts = Alert.objects.filter(pk__in=claimed).select_related("assignee", "team").order_by("-severity", "pk")
    concerned: dict[User, list[_Crossing]] = defaultdict(list)
    of_team: dict[int, _Working] = {}
    for alert in alerts:
        if alert.team_id not in of_team:
            of_team[alert.team_id] = _working_for(alert.team)
        for person in of_team[alert.team_id].concerned_with(alert):
            concerned[person].append(_Crossing(alert, claimed[alert.pk]))
    for person, crossings in concerned.items():
        _tell(person, crossings, now)
    return len(claimed)


def _claim(now: datetime) -> dict[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "most": AT_ONCE})
        return dict(cursor.fetchall())


def _tell(person: User, crossings: list[_Crossing], now: datetime) -> None:
    """One by one, or in a storm as one."""
    if len(crossings) > SINGLY:
        alerts = [crossing.alert for crossing in crossings]
        _notify(person, _digest(alerts), _path_of(person, alerts), f"alerts:{uuid4()}:past_target", now)
        return
    for crossing in crossings:
        alert = crossing.alert
        text = f"{named([alert])}, is past its target for {Severity(alert.severity).label} alerts"
        _notify(person, text, path_of(alert), f"alert:{alert.pk}:past_target:{crossing.due_at:%Y%m%d%H%M%S}", now)


def _notify(person: User, text: str, path: str, key: str, now: datetime) -> None:
    notify(people=[person], kind=Notice.Kind.PAST_TARGET, text=text, path=path, key=key, actor=None, now=now)


def _digest(alerts: list[Alert]) -> str:
    """ "37 alerts are past their target, 3 of them critical": those of the gravest severity are counted."""
    worst = max(alert.severity for alert in alerts)
    gravest = sum(alert.severity == worst for alert in alerts)
    share = "all of them" if gravest == len(alerts) else f"{gravest} of them"
    return f"{len(alerts):,} alerts are past their target, {share} {Severity(worst).label}"


def _path_of(person: User, alerts: list[Alert]) -> str:
    mine = all(alert.assignee_id == person.pk for alert in alerts)
    return f"{reverse('alerts:queue')}?past_target=1" + ("&assignee=me" if mine else "")


def _check(severity: int, within: timedelta) -> None:
    if severity not in Severity.values:
        raise TargetRefused(severity, "There is no such severity.")
    if not LEAST <= within <= MOST:
        raise TargetRefused(severity, "Give a time between five minutes and a year.")


def _stale(severity: int) -> StaleTarget:
    last = last_change(severity)
    return StaleTarget(severity=severity, who=last.actor_name if last else "Somebody", when=last.at if last else None)


def _content(within: timedelta) -> dict[str, int]:
    return {"within_seconds": int(within.total_seconds())}
