"""Errors of settling are counted apart from workers that never came back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0010_marks_by_alert")]

    operations = [
        migrations.AddField("settling", "failures", models.SmallIntegerField(default=0, db_default=0)),
    ]
