"""The index of an original's duplicates, made while alerts are raised and worked on; where making it was broken off,
the migration may be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("alerts", "0019_duplicates")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS alert_duplicates", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(
                fields=["duplicate_of", "id"],
                name="alert_duplicates",
                condition=models.Q(("duplicate_of__isnull", False)),
            ),
        ),
    ]
