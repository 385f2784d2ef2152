"""The public address that an alert is about, for alerts about the same one; alerts of before have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0011_folds_and_verdicts")]

    operations = [
        migrations.AddField(model_name="alert", name="address", field=models.TextField(null=True)),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["address", "-id"],
                name="alert_of_address",
                condition=models.Q(("address__isnull", False)),
            ),
        ),
    ]
