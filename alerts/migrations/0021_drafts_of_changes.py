"""A draft may be of a change of a stored exception: it names it, and hangs on no alert."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("rules", "0015_removed_lists"), ("alerts", "0020_duplicates_index")]

    operations = [
        migrations.AddField(
            model_name="exceptiondraft",
            name="edits",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="drafts",
                to="rules.exceptionitem",
            ),
        ),
        migrations.AddField(
            model_name="exceptiondraft",
            name="edits_version",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="exceptiondraft",
            name="alert",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="drafts",
                to="alerts.alert",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptiondraft",
            constraint=models.CheckConstraint(
                condition=Q(alert__isnull=False, edits__isnull=True, edits_version__isnull=True)
                | Q(alert__isnull=True, edits__isnull=False, edits_version__isnull=False),
                name="draft_on_alert_or_exception",
            ),
        ),
    ]
