"""The door that beat rings for people."""

from celery import shared_task

from accounts import mailing, sessions
from soc.web import clock

_ROUNDS = 20  # a storm of notices is mailed over several rings


@shared_task(name="accounts.send_mail")  # type: ignore[untyped-decorator, unused-ignore]
def send_mail() -> None:
    """Mail the notices that are due."""
    for _ in range(_ROUNDS):
        if not mailing.send_due(now=clock.now()):
            return


@shared_task(name="accounts.forget_sessions")  # type: ignore[untyped-decorator, unused-ignore]
def forget_sessions() -> None:
    """Clear sessions that ran out."""
    sessions.forget_over(now=clock.now())
