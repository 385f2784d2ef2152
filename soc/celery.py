"""Celery is the doorbell and the hands: tasks say "there is work" and carry at most an id.

Due times, leases and everything that must survive live in PostgreSQL; losing or doubling a task costs latency only.
Beat rings every second with an expiry, so bells do not pile up while no worker listens.
"""

import os

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
app.conf.beat_schedule = {
    "evaluate pending batches": {
        "task": "alerts.evaluate_pending",
        "schedule": 1.0,
        "options": {"expires": 1.0},
    },
    "tell of alerts past their target": {
        "task": "alerts.notice_past_target",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "try exceptions": {"task": "alerts.work_trials", "schedule": 1.0, "options": {"expires": 1.0}},
    "settle rules": {"task": "alerts.settle_due", "schedule": 1.0, "options": {"expires": 1.0}},
    "act on all that match": {"task": "alerts.work_bulk", "schedule": 1.0, "options": {"expires": 1.0}},
    "release what lists let go": {"task": "alerts.release_held", "schedule": 2.0, "options": {"expires": 2.0}},
    "wake what recurred": {"task": "alerts.wake_recurring", "schedule": 10.0, "options": {"expires": 10.0}},
    "judge look-backs": {"task": "alerts.judge_lookbacks", "schedule": 1.0, "options": {"expires": 1.0}},
    "tell overdue cases and tasks": {
        "task": "cases.notice_overdue",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "expire exceptions": {"task": "rules.expire_exceptions", "schedule": 5.0, "options": {"expires": 5.0}},
    "forget old sightings and runs": {
        "task": "rules.forget_old",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "forget counted hits": {"task": "alerts.forget_old", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "send mail": {"task": "accounts.send_mail", "schedule": 5.0, "options": {"expires": 5.0}},
    "forget sessions that ran out": {
        "task": "accounts.forget_sessions",
        "schedule": 3600.0,
        "options": {"expires": 600.0},
    },
    "look at exceptions again": {"task": "alerts.check_exceptions", "schedule": 60.0, "options": {"expires": 60.0}},
    "fold arrivals": {"task": "events.fold_arrivals", "schedule": 60.0, "options": {"expires": 60.0}},
    "note the values of events": {
        "task": "events.note_values",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "send dead letters again": {"task": "events.send_again", "schedule": 2.0, "options": {"expires": 2.0}},
    "keep partitions": {"task": "events.keep_partitions", "schedule": 600.0, "options": {"expires": 600.0}},
}
app.autodiscover_tasks(lambda: [name.split(".")[0] for name in settings.INSTALLED_APPS if ".apps." in name])
