"""Three labelled demo cases over the demo's alerts: one past its date, one waiting, one closed with its outcome.

Laid once, through the services that people use, with the time handed in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Change, Team, User
from alerts.models import Alert, Reason, Status
from cases.changing import change
from cases.closing import close
from cases.models import Case
from cases.opening import open_case
from cases.selectors import offered_steps
from cases.todo import add_task, change_task, take_steps
from cases.writing import write

_MINUTE = timedelta(minutes=1)
_SETTLED = timedelta(hours=4)  # alerts at least this old: what people did since has to fit in
_LATELY = timedelta(days=6)
_MOST_ALERTS = 6


@transaction.atomic
def lay_cases(*, team: Team, analyst: User, now: datetime) -> int:
    """Open the demo's cases unless the team has had one. Returns how many; fewer where there are too few alerts."""
    if Case.objects.filter(team=team).exists():
        return 0
    old_enough = Alert.objects.filter(team=team, demo=True, created_at__lte=now - _SETTLED, building_block=False)
    waiting = _by_host(list(old_enough.exclude(status=Status.CLOSED).order_by("-severity", "-created_at", "name")))
    attacks = old_enough.filter(
        reason=Reason.TRUE_POSITIVE, closed_at__gte=now - _LATELY, closed_at__lte=now - _SETTLED
    )
    settled = _by_host(list(attacks.order_by("-severity", "-created_at", "name")))
    laid = 0
    for lay, stories in ((_late, waiting[:1]), (_held, waiting[1:2]), (_closed, settled[:1])):
        for alerts in stories:
            lay(alerts, team, analyst, now)
            laid += 1
    return laid


def _by_host(alerts: Sequence[Alert]) -> list[list[Alert]]:
    """The alerts of each host together, the worst host first, a few of each."""
    hosts: dict[str | None, list[Alert]] = {}
    for alert in alerts:
        hosts.setdefault(alert.host_name, []).append(alert)
    return [found[:_MOST_ALERTS] for found in hosts.values()]


def _late(alerts: Sequence[Alert], team: Team, analyst: User, now: datetime) -> None:
    opened = _opened_at(alerts)
    summary = "A demo case: who owns the host has been asked, and the answer is late."
    case = _open(alerts, team, analyst, opened, summary=summary, due_at=now - 45 * _MINUTE, tags=["demo"])
    who = _who(team, analyst, opened + 20 * _MINUTE)
    found = "Demo note: no other host of the team shows this command line."
    write(case_id=case.pk, text=found, kind="note", **who)
    steps = take_steps(case_id=case.pk, keys=[step.key for step in offered_steps(case)[:4]], owner=analyst, **who)
    first = steps[0] if steps else add_task(case_id=case.pk, text="Isolate the host", owner=analyst, **who)
    later = _who(team, analyst, opened + 40 * _MINUTE)
    change_task(task_id=first.pk, version=first.version, changes={"state": "done"}, **later)
    moved = {"phase": "investigate", "next_step": "Ask the host's owner whether this was him"}
    change(case_id=case.pk, version=None, changes=moved, **later)


def _held(alerts: Sequence[Alert], team: Team, analyst: User, now: datetime) -> None:
    opened = _opened_at(alerts)
    case = _open(alerts, team, analyst, opened, summary="A demo case that waits for somebody else.", tags=["demo"])
    waits = {
        "status": "on_hold",
        "hold_reason": "the disk image from the data centre",
        "wake_at": now + timedelta(days=2),
    }
    moved = {"phase": "investigate", "next_step": "Search the image for the dropped file"}
    change(case_id=case.pk, version=None, changes=waits | moved, **_who(team, analyst, opened + 30 * _MINUTE))


def _closed(alerts: Sequence[Alert], team: Team, analyst: User, _now: datetime) -> None:
    settled = max(alert.closed_at for alert in alerts if alert.closed_at)
    case = _open(
        alerts, team, analyst, _opened_at(alerts), summary="A demo case that has come to its end.", tags=["demo"]
    )
    write(
        case_id=case.pk,
        text="Demo note: the account's keys were replaced, and the host was set up anew.",
        kind="note",
        **_who(team, analyst, max(settled, case.opened_at) + 20 * _MINUTE),
    )
    close(
        case_id=case.pk,
        version=None,
        outcome=Reason.TRUE_POSITIVE,
        note="Demo outcome: a real intrusion, ended before data left.",
        **_who(team, analyst, max(settled, case.opened_at) + 60 * _MINUTE),
    )


def _open(alerts: Sequence[Alert], team: Team, analyst: User, at: datetime, **given: Any) -> Case:
    numbers = [alert.pk for alert in alerts]
    return open_case(team=team, alert_ids=numbers, owner=analyst, **given, **_who(team, analyst, at))


def _opened_at(alerts: Sequence[Alert]) -> datetime:
    return max(alert.created_at for alert in alerts) + 5 * _MINUTE


def _who(team: Team, analyst: User, at: datetime) -> dict[str, Any]:
    return {"actor": analyst, "now": at, "team_ids": [team.pk], "door": Change.Door.COMMAND}
