"""Indexes for the queue's orders that hold what its filters look at, so that pages and numbers need few rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0012_alert_address")]

    operations = [
        migrations.RemoveIndex(model_name="alert", name="alert_urgent"),
        migrations.RemoveIndex(model_name="alert", name="alert_waiting"),
        migrations.RemoveIndex(model_name="alert", name="alert_newest"),
        migrations.RemoveIndex(model_name="alert", name="alert_folded"),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
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
                name="alert_waiting",
                condition=~models.Q(status="closed"),
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("severity").desc(),
                models.F("risk_score").desc(),
                models.F("id").desc(),
                models.F("team"),
                name="alert_gravest",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("created_at").desc(),
                models.F("id").desc(),
                models.F("team"),
                models.F("severity"),
                models.F("status"),
                models.F("building_block"),
                name="alert_latest",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("closed_at").desc(),
                models.F("id").desc(),
                models.F("team"),
                models.F("building_block"),
                models.F("reason"),
                name="alert_closed",
                condition=models.Q(status="closed"),
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("fold"),
                models.F("id").desc(),
                models.F("team"),
                models.F("status"),
                models.F("building_block"),
                models.F("assignee"),
                models.F("snoozed_until"),
                name="alert_folded",
                condition=models.Q(fold__isnull=False) & ~models.Q(status="closed"),
            ),
        ),
    ]
