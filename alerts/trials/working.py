"""Trials worked off: one at a time, under a lease, so that a killed worker's trial is taken up by another."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q, QuerySet

from alerts.models import Trial
from alerts.retrying import is_lost_connection
from alerts.trials.asking import KEPT
from alerts.trials.trying import try_out
from engine import EngineError
from rules.ruleset import current

log = structlog.get_logger(__name__)
State = Trial.State
LEASE = timedelta(seconds=130)  # longer than a task may take
MOST_ATTEMPTS = 3
NOT_IN_FORCE = "The rule is not in force, so there is nothing to try it on. Switch it on first."
TOO_LONG = "It took longer than a trial may. Choose a shorter time."
NEVER_CAME_BACK = "Workers that tried it did not come back. Choose a shorter time."
FAILED = "The trial failed. What the preview says of alerts is not touched by that."
Clock = Callable[[], datetime]


class _Ended(Exception):  # noqa: N818 - it is no error of anybody
    """The person stopped the trial, or another worker took it over."""


def work(*, clock: Clock) -> bool:
    """Work off the trial that waits longest; False when none does. Up to 110 s.

    `clock` is the door's: how far a trial has come is told while it runs.
    """
    trial = _claim(clock())
    if trial is None:
        return False
    try:
        _try(trial, clock)
    except _Ended:
        pass
    except SoftTimeLimitExceeded:
        _end(trial, clock(), state=State.FAILED, error=TOO_LONG)
        raise
    except EngineError as error:
        _end(trial, clock(), state=State.FAILED, error=str(error)[:500])
    except Exception as error:
        # The boundary of the task: one trial must not keep the others waiting.
        if is_lost_connection(error):
            raise
        log.exception("a trial failed", trial=str(trial.pk))
        _end(trial, clock(), state=State.FAILED, error=FAILED)
    return True


@transaction.atomic
def _claim(now: datetime) -> Trial | None:
    Trial.objects.filter(created_at__lt=now - KEPT).delete()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, lease_until__lt=now)
    trial = Trial.objects.select_for_update(skip_locked=True).filter(free).order_by("created_at").first()
    if trial is None:
        return None
    if trial.attempts >= MOST_ATTEMPTS:
        _end(trial, now, state=State.FAILED, error=NEVER_CAME_BACK)
        return None
    trial.state, trial.attempts, trial.lease_until = State.RUNNING, trial.attempts + 1, now + LEASE
    trial.share, trial.examined = 0, 0
    trial.save(update_fields=["state", "attempts", "lease_until", "share", "examined"])
    return trial


def _try(trial: Trial, clock: Clock) -> None:
    rule = current().rules.get(trial.rule_id)
    if rule is None:
        _end(trial, clock(), state=State.FAILED, error=NOT_IN_FORCE)
        return

    def progress(share: float, examined: int) -> None:
        if not _mine(trial).update(share=share, examined=examined, lease_until=clock() + LEASE):
            raise _Ended

    result = try_out(trial, rule, progress)
    _end(trial, clock(), state=State.DONE, result=result, share=1.0, examined=result["examined"])


def _mine(trial: Trial) -> QuerySet[Trial]:
    """The trial, while it runs and no other worker has taken it over."""
    return Trial.objects.filter(pk=trial.pk, state=State.RUNNING, attempts=trial.attempts)


def _end(trial: Trial, now: datetime, **values: object) -> None:
    _mine(trial).update(done_at=now, lease_until=None, **values)
