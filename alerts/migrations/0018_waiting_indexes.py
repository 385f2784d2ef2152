"""Indexes of what waits: in the queue's order on a host, of whose it is, and of a fold with its times.

They are made while alerts are raised and worked on, so nothing stands still for them; where making one was broken off,
the migration may be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

WAITS = models.Q(("status", "closed"), _negated=True)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("alerts", "0017_waiting_on_host")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS alert_waiting_owned", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(
                models.F("assignee"),
                models.F("id").desc(),
                models.F("team"),
                models.F("status"),
                models.F("building_block"),
                models.F("snoozed_until"),
                name="alert_waiting_owned",
                condition=models.Q(("assignee__isnull", False), WAITS),
            ),
        ),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS alert_waiting_at_host", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(
                models.F("host_name"),
                models.F("severity").desc(),
                models.F("risk_score").desc(),
                models.F("id").desc(),
                models.F("team"),
                models.F("created_at"),
                models.F("status"),
                models.F("building_block"),
                models.F("assignee"),
                models.F("snoozed_until"),
                models.F("rule"),
                models.F("fold"),
                models.F("odd"),
                name="alert_waiting_at_host",
                condition=WAITS,
            ),
        ),
        RemoveIndexConcurrently(model_name="alert", name="alert_waiting_on_host"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS alert_in_fold", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(
                models.F("fold"),
                models.F("id").desc(),
                models.F("team"),
                models.F("created_at"),
                models.F("status"),
                models.F("building_block"),
                models.F("assignee"),
                models.F("snoozed_until"),
                models.F("severity"),
                models.F("event_time"),
                name="alert_in_fold",
                condition=models.Q(("fold__isnull", False), WAITS),
            ),
        ),
        RemoveIndexConcurrently(model_name="alert", name="alert_folded"),
    ]
