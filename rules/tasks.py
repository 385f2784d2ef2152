"""Doors that beat rings for rules."""

from celery import shared_task

from rules import retention
from rules.exceptions import expire_due
from soc.web import clock


@shared_task(name="rules.expire_exceptions")  # type: ignore[untyped-decorator, unused-ignore]
def expire_exceptions() -> None:
    """Let go of exceptions whose time is up."""
    expire_due(clock.now())


@shared_task(name="rules.forget_old")  # type: ignore[untyped-decorator, unused-ignore]
def forget_old() -> None:
    """Let go of what no rule needs any more."""
    retention.forget_old(clock.now())
