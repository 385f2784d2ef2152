"""Which alert a duplicate was closed for. Those that were closed before name it in their note alone, and stay so."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0018_waiting_indexes")]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="duplicate_of",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="duplicates",
                to="alerts.alert",
            ),
        ),
    ]
