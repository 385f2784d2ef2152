"""Celery doors of the events app."""

from time import monotonic
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from events import folding, lag, partitions, prevalence_notes, pulse, replay, training
from soc.web import clock

# A round is begun only this long after the start, so that the last one ends before the soft time limit of 110 s.
_DRAIN_SECONDS = 45
# Of the thirty until the next time: what joins events waits for the same few processes. Some 200,000 events.
_NOTING_SECONDS = 4
_hearts: list[pulse.Heart] = []


@shared_task(name="events.keep_partitions", ignore_result=True)
def keep_partitions() -> None:
    """Make the coming days, drop those past retention, forget what is past, train a dictionary when one is due."""
    now = clock.now()
    partitions.keep(now)
    folding.forget_old(now)
    training.train_if_due(now)
    prevalence_notes.forget_old(now)


@shared_task(name="events.fold_arrivals", ignore_result=True)
def fold_arrivals() -> None:
    """Fold what requests noted; keep the last minutes' lag."""
    started = monotonic()
    pulse.beat(name=pulse.CLOCK, kind=pulse.CLOCK, now=clock.now())
    while folding.fold() == folding.NOTES_AT_ONCE and monotonic() - started < _DRAIN_SECONDS:
        pass
    lag.keep_minutes(clock.now())


@shared_task(name="events.send_again", ignore_result=True)
def send_again() -> None:
    """Go on with what is being sent again."""
    started = monotonic()
    while replay.go_on(now=clock.now()) and monotonic() - started < _DRAIN_SECONDS:
        pass


@shared_task(name="events.note_values", ignore_result=True)
def note_values() -> None:
    """Note which values the new events had, for "how common is this here"."""
    started = monotonic()
    while prevalence_notes.note(now=clock.now()) and monotonic() - started < _NOTING_SECONDS:
        pass


@worker_ready.connect  # type: ignore[untyped-decorator, unused-ignore]
def _begin_to_live(sender: Any = None, **_: Any) -> None:
    """In the main process of a worker, once it takes tasks."""
    pool = getattr(sender, "pool", None)
    heart = pulse.Heart(int(getattr(pool, "num_processes", 1) or 1))
    _hearts.append(heart)
    heart.start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator, unused-ignore]
def _stop_living(**_: Any) -> None:
    while _hearts:
        _hearts.pop().stop()
