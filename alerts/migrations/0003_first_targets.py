"""The targets that hold until a manager sets others: an hour, four hours, a day and three days by severity."""

from datetime import timedelta

from django.db import migrations

FIRST = {4: timedelta(hours=1), 3: timedelta(hours=4), 2: timedelta(days=1), 1: timedelta(days=3)}


def lay(apps, _schema_editor):
    target = apps.get_model("alerts", "Target")
    target.objects.bulk_create([target(severity=severity, within=within) for severity, within in FIRST.items()])


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_targets_and_drafts")]

    operations = [migrations.RunPython(lay, migrations.RunPython.noop)]
