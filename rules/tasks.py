"""Doors that beat rings for rules."""

from celery import shared_task

from rules.exceptions import expire_due
from soc.web import clock


@shared_task(name="rules.expire_exceptions")
def expire_exceptions() -> None:
    """Let go of exceptions whose time is up."""
    expire_due(clock.now())
