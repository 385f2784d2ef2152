"""Snoozing: an alert that can wait does not stand in the queue until its time has come, or until it recurs.

It stays open. That it sleeps is a matter of the clock alone (`snoozed_until`), so nothing has to run for it to wake;
what wakes earlier, because its fold has so many new alerts, is woken by a chore (`wake_recurring`). New alerts of the
fold are never hidden by it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Max

from accounts.access import need
from accounts.models import Change, User
from accounts.roles import Permission
from accounts.time_zones import zone_of
from alerts.errors import SnoozeRefused
from alerts.models import Alert, Status
from alerts.triage import Outcome, locked
from alerts.workflow import Workflow, write

SNOOZED = "snoozed"
WOKE = "woke"
LONGEST = timedelta(days=30)
MOST_RECURRENCES = 1_000
WAKE_AT_ONCE = 500
MORNING = 9
# Whether a fold has as many later alerts that are not closed as were asked for: asked once for all that went to sleep
# together, and counted no further than that. An alert that lost its fold to an upgrade wakes too: nothing would tell.
_RECURRED = """
WITH asleep AS MATERIALIZED (
    SELECT id, fold, snoozed_after, snooze_recurs FROM alerts_alert
    WHERE snooze_recurs IS NOT NULL AND snoozed_until > %(now)s AND status <> 'closed'
), recurred AS MATERIALIZED (
    SELECT fold, snoozed_after, snooze_recurs
    FROM (SELECT DISTINCT fold, snoozed_after, snooze_recurs FROM asleep WHERE fold IS NOT NULL) AS asked
    WHERE snooze_recurs <= (
        SELECT count(*) FROM (
            SELECT 1 FROM alerts_alert AS later
            WHERE later.fold = asked.fold AND later.fold IS NOT NULL AND later.status <> 'closed'
                AND later.id > coalesce(asked.snoozed_after, 0)
            LIMIT asked.snooze_recurs
        ) AS counted
    )
)
SELECT id FROM asleep
WHERE fold IS NULL OR EXISTS (
    SELECT FROM recurred
    WHERE recurred.fold = asleep.fold AND recurred.snooze_recurs = asleep.snooze_recurs
        AND recurred.snoozed_after IS NOT DISTINCT FROM asleep.snoozed_after
)
ORDER BY id LIMIT %(most)s
"""
_SPANS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "7d": timedelta(days=7)}


def until_of(choice: str, *, now: datetime, time_zone: str) -> datetime:
    """The moment a choice means: so long from now, or nine o'clock tomorrow where the person is.

    Raises: SnoozeRefused for what is no choice.
    """
    if choice in _SPANS:
        return now + _SPANS[choice]
    if choice != "tomorrow":
        raise SnoozeRefused("Choose until when.")
    here = now.astimezone(zone_of(time_zone))
    morning = (here + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return morning.astimezone(now.tzinfo)


def snooze(
    *,
    alert_ids: Sequence[int],
    until: datetime,
    recurs: int | None = None,
    versions: Mapping[int, int] | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Outcome:
    """Let alerts sleep until a moment, or until their fold has `recurs` more; closed ones stay as they are.

    Raises: NotAllowed, AlertNotFound, StaleAlert, SnoozeRefused.
    """
    need(actor, Permission.TRIAGE)
    _check(until, recurs, now)
    with transaction.atomic():
        alerts, group = locked(alert_ids, versions=versions, team_ids=team_ids), group or uuid4()
        newest = Alert.objects.aggregate(newest=Max("pk"))["newest"] or 0
        changed = []
        for alert in alerts:
            new = Workflow.of(alert).asleep(until, recurs=recurs if alert.fold else None, after=newest)
            if alert.status == Status.CLOSED:
                continue
            if write(alert, new, verb=SNOOZED, actor=actor, now=now, door=door, note=_told(until, recurs), group=group):
                changed.append(alert.pk)
    return Outcome(changed, group if changed else None)


def wake(
    *,
    alert_ids: Sequence[int],
    versions: Mapping[int, int] | None = None,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
    group: UUID | None = None,
) -> Outcome:
    """Let snoozed alerts wait in the queue again. Raises: NotAllowed, AlertNotFound, StaleAlert."""
    need(actor, Permission.TRIAGE)
    with transaction.atomic():
        alerts, group = locked(alert_ids, versions=versions, team_ids=team_ids), group or uuid4()
        by: dict[str, Any] = {"verb": WOKE, "actor": actor, "now": now, "door": door, "group": group}
        changed = [alert.pk for alert in alerts if write(alert, Workflow.of(alert).awake(), **by)]
    return Outcome(changed, group if changed else None)


def wake_recurring(now: datetime) -> list[int]:
    """Wake what sleeps until it recurs, and has; returns the numbers. One query while nothing is to be done.

    All that sleep so are asked about each time, together: those that have not recurred keep nobody behind them waiting.
    Costs some microseconds for each number that a fold is to recur. So many are woken at once; the next time the rest.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECURRED, {"now": now, "most": WAKE_AT_ONCE})
        due = [number for (number,) in cursor.fetchall()]
    return _wake(due, now) if due else []


def is_asleep(alert: Alert, now: datetime) -> bool:
    """Whether the alert is snoozed."""
    return alert.snoozed_until is not None and alert.snoozed_until > now and alert.status != Status.CLOSED


def _wake(alert_ids: Sequence[int], now: datetime) -> list[int]:
    with transaction.atomic():
        rows = Alert.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=alert_ids)
        asleep = [alert for alert in rows.select_related("team").order_by("pk") if alert.snooze_recurs]
        group = uuid4()
        for alert in asleep:
            note = (
                f"It recurred {alert.snooze_recurs} times." if alert.fold else "Whether it recurs cannot be told now."
            )
            new = Workflow.of(alert).awake()
            write(alert, new, verb=WOKE, actor=None, now=now, door=Change.Door.SYSTEM, note=note, group=group)
    return [alert.pk for alert in asleep]


def _check(until: datetime, recurs: int | None, now: datetime) -> None:
    if not now < until <= now + LONGEST:
        raise SnoozeRefused("Choose a time within the next 30 days.")
    if recurs is not None and not 1 <= recurs <= MOST_RECURRENCES:
        raise SnoozeRefused(f"It may recur between 1 and {MOST_RECURRENCES:,} times.")


def _told(until: datetime, recurs: int | None) -> str:
    told = f"until {until:%Y-%m-%d %H:%M} UTC"
    return f"{told}, or until it recurs {recurs} times" if recurs else told
