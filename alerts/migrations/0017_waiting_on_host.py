"""An index of what waits on a host: a saved view of one host is counted with every queue that its owner opens."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0016_odd_alerts")]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["host_name", "-id"],
                name="alert_waiting_on_host",
                condition=models.Q(("status", "closed"), _negated=True),
            ),
        ),
    ]
