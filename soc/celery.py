"""Celery is the doorbell and the hands: tasks say "there is work" and carry at most an id.

Due times, leases and everything that must survive live in PostgreSQL; losing or doubling a task costs latency only.
Beat rings every second with an expiry, so bells do not pile up while no worker listens.
"""

import os
from typing import Any

from celery import Celery
from django.conf import settings

from soc.checks import refuse_unsafe_production

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")

refuse_unsafe_production()
app = Celery("watchbill")
app.conf.update(
    broker_url=settings.BROKER_URL,
    # Celery's command line takes the variable BROKER_URL for its --broker, which has not the password of our file.
    broker_read_url=settings.BROKER_URL,
    broker_write_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 3600},
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=110,
    task_time_limit=120,
    # Once, at once: that is how beat's one connection is made anew after RabbitMQ was away. The next bell is near.
    task_publish_retry=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    worker_hijack_root_logger=False,
    timezone="UTC",
)


def _rung(task: str, seconds: float, *, expires: float | None = None) -> dict[str, Any]:
    """A bell every so many seconds; one that nobody has heard before the next is lost."""
    return {"task": task, "schedule": seconds, "options": {"expires": expires or seconds}}


app.conf.beat_schedule = {
    "evaluate pending batches": _rung("alerts.evaluate_pending", 1.0),
    "tell of alerts past their target": _rung("alerts.notice_past_target", 30.0),
    "try exceptions": _rung("alerts.work_trials", 1.0),
    "settle rules": _rung("alerts.settle_due", 1.0),
    "act on all that match": _rung("alerts.work_bulk", 1.0),
    "release what lists let go": _rung("alerts.release_held", 2.0),
    "wake what recurred": _rung("alerts.wake_recurring", 10.0),
    "judge look-backs": _rung("alerts.judge_lookbacks", 1.0),
    "tell overdue cases and tasks": _rung("cases.notice_overdue", 60.0),
    "expire exceptions": _rung("rules.expire_exceptions", 5.0),
    "forget old sightings and runs": _rung("rules.forget_old", 3600.0),
    "forget counted hits": _rung("alerts.forget_old", 3600.0),
    "send mail": _rung("accounts.send_mail", 5.0),
    "forget sessions that ran out": _rung("accounts.forget_sessions", 3600.0, expires=600.0),
    "look at exceptions again": _rung("alerts.check_exceptions", 60.0),
    "fold arrivals": _rung("events.fold_arrivals", 60.0),
    "note the values of events": _rung("events.note_values", 30.0),
    "send dead letters again": _rung("events.send_again", 2.0),
    "keep partitions": _rung("events.keep_partitions", 600.0),
}
app.autodiscover_tasks(lambda: [name.split(".")[0] for name in settings.INSTALLED_APPS if ".apps." in name])
