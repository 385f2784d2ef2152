"""Celery doors of the events app."""

from celery import shared_task

from events import partitions, training
from soc.web import clock


@shared_task(name="events.keep_partitions", ignore_result=True)
def keep_partitions() -> None:
    """Make the coming days, drop those past retention, and train a dictionary when one is due."""
    now = clock.now()
    partitions.keep(now)
    training.train_if_due(now)
