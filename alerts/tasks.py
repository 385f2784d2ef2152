"""The hands of Celery: a task says "there is work" and nothing more. Losing one costs latency, never an alert."""

from collections.abc import Callable
from time import monotonic
from uuid import uuid4

from celery import shared_task

from alerts import retention, snoozing, targets, trials
from alerts.bulk_work import work_portion
from alerts.evaluation import evaluate_pending as evaluate_claim
from alerts.evaluation import judge_lookbacks
from alerts.listed.releasing import work_portion as release_portion
from alerts.reviewing.checks import check_due
from alerts.settling import settle_due as settle_claim
from events import queue
from rules.only_worker import Chore, only_worker
from soc.web import clock

# A claim is begun only this long after the start, so that the last one ends before the soft time limit of 110 s.
DRAIN_SECONDS = 45
# There is nearly always some rule to settle; new events must not wait behind them for a worker.
SETTLE_SECONDS = 3
# So does looking back, which may take minutes; when new events have waited for long, after a moment.
LOOK_BACK_SECONDS = 20
LEAST_LOOK_BACK_SECONDS = 2
LONGEST_WAIT_SECONDS = 3


@shared_task(name="alerts.evaluate_pending")  # type: ignore[untyped-decorator, unused-ignore]
def evaluate_pending() -> None:
    """Judge what waits, claim by claim, until nothing is left."""
    started, worker = monotonic(), uuid4()
    while monotonic() - started < DRAIN_SECONDS:
        if not evaluate_claim(now=clock.now(), worker=worker).batches:
            return


@shared_task(name="alerts.settle_due")  # type: ignore[untyped-decorator, unused-ignore]
def settle_due() -> None:
    """Join what rules that look at several events have found, rule by rule, in one process, until none is due."""
    started, worker = monotonic(), uuid4()
    with only_worker(Chore.SETTLING) as mine:
        while mine and monotonic() - started < SETTLE_SECONDS:
            if not settle_claim(now=clock.now(), worker=worker).rules:
                return


@shared_task(name="alerts.judge_lookbacks")  # type: ignore[untyped-decorator, unused-ignore]
def judge_due_lookbacks() -> None:
    """Judge stored events by rules that were switched on or changed, in one process, for some seconds at a time."""
    with only_worker(Chore.LOOKING_BACK) as mine:
        if mine:
            judge_lookbacks(now=clock.now(), worker=uuid4(), stop=_turn())


def _turn() -> Callable[[], bool]:
    """Whether looking back has had its turn: when new events wait it is short."""
    started = monotonic()

    def is_over() -> bool:
        spent = monotonic() - started
        if spent < LEAST_LOOK_BACK_SECONDS:
            return False
        return spent > LOOK_BACK_SECONDS or queue.backlog(clock.now()).oldest_seconds > LONGEST_WAIT_SECONDS

    return is_over


@shared_task(name="alerts.work_bulk")  # type: ignore[untyped-decorator, unused-ignore]
def work_bulk() -> None:
    """Do acts on all that match, portion by portion, until none is left or the turn is over."""
    started, worker = monotonic(), uuid4()
    while monotonic() - started < DRAIN_SECONDS:
        if not work_portion(now=clock.now(), worker=worker):
            return


@shared_task(name="alerts.release_held")  # type: ignore[untyped-decorator, unused-ignore]
def release_held() -> None:
    """Look again at what exceptions held back whose value list changed, portion by portion."""
    started = monotonic()
    while monotonic() - started < SETTLE_SECONDS:
        if not release_portion(now=clock.now()):
            return


@shared_task(name="alerts.work_trials")  # type: ignore[untyped-decorator, unused-ignore]
def work_trials() -> None:
    """Try an exception on stored events, one trial at a time in one process; the next bell takes the next."""
    with only_worker(Chore.TRYING) as mine:
        if mine:
            trials.work(clock=clock.now)


@shared_task(name="alerts.wake_recurring")  # type: ignore[untyped-decorator, unused-ignore]
def wake_recurring() -> None:
    """Let snoozed alerts that have recurred wait again."""
    snoozing.wake_recurring(clock.now())


@shared_task(name="alerts.notice_past_target")  # type: ignore[untyped-decorator, unused-ignore]
def notice_past_target() -> None:
    """Tell of alerts that are open longer than they should be."""
    targets.past_target(now=clock.now())


@shared_task(name="alerts.forget_old")  # type: ignore[untyped-decorator, unused-ignore]
def forget_old() -> None:
    """Let go of what raising needs no more."""
    retention.forget_old(clock.now())


@shared_task(name="alerts.check_exceptions")  # type: ignore[untyped-decorator, unused-ignore]
def check_exceptions() -> None:
    """Look at exceptions again, in one process, for some seconds at a time."""
    with only_worker(Chore.REVIEWING) as mine:
        if mine:
            check_due(clock.now())
