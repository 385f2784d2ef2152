"""The hands of Celery: a task says "look" and nothing more. Losing one costs latency, never a notice."""

from celery import shared_task

from cases import overdue
from soc.web import clock


@shared_task(name="cases.notice_overdue")  # type: ignore[untyped-decorator, unused-ignore]
def notice_overdue() -> None:
    """Tell whose dates have passed."""
    overdue.notice_overdue(now=clock.now())
